"""Two events by kafka-python, one in each content mode.

python kafka_python.py BOOTSTRAP
"""

import json
import sys

from kafka import KafkaProducer

TOPIC = "tuntas.partner.pijar-mahir"
ATTRIBUTES = {
    "specversion": "1.0",
    "source": "/partners/pijar-mahir",
    "type": "id.tuntas.class.completed.v1",
    "time": "2020-06-30T09:15:00+07:00",
}
DATA = {"participant_id": "PRK-000000042", "class_code": "C-0107"}

producer = KafkaProducer(
    bootstrap_servers=sys.argv[1], acks="all", enable_idempotence=True, linger_ms=50
)

# Structured: the value is the whole event.
event = {**ATTRIBUTES, "id": "sample-kafka-python-1", "data": DATA}
producer.send(
    TOPIC,
    key=DATA["participant_id"].encode(),
    value=json.dumps(event).encode(),
    headers=[("content-type", b"application/cloudevents+json")],
)

# Binary: the value is the data, each attribute is a header.
attributes = {**ATTRIBUTES, "id": "sample-kafka-python-2"}
producer.send(
    TOPIC,
    key=DATA["participant_id"].encode(),
    value=json.dumps(DATA).encode(),
    headers=[
        ("content-type", b"application/json"),
        *((f"ce_{name}", text.encode()) for name, text in attributes.items()),
    ],
)
producer.flush()
producer.close()
