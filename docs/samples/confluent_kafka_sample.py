"""Two events by confluent-kafka, one in each content mode.

python confluent_kafka_sample.py BOOTSTRAP
"""

import json
import sys

from confluent_kafka import Producer

TOPIC = "tuntas.partner.pijar-mahir"
ATTRIBUTES = {
    "specversion": "1.0",
    "source": "/partners/pijar-mahir",
    "type": "id.tuntas.class.progressed.v1",
    "time": "2020-06-29T21:30:00+07:00",
}
DATA = {"participant_id": "PRK-000000042", "class_code": "C-0107", "percent": 58.3}

producer = Producer({"bootstrap.servers": sys.argv[1], "enable.idempotence": True, "linger.ms": 50})

# Structured: the value is the whole event.
event = {**ATTRIBUTES, "id": "sample-confluent-kafka-1", "data": DATA}
producer.produce(
    TOPIC,
    key=DATA["participant_id"],
    value=json.dumps(event),
    headers={"content-type": "application/cloudevents+json"},
)

# Binary: the value is the data, each attribute is a header.
attributes = {**ATTRIBUTES, "id": "sample-confluent-kafka-2"}
producer.produce(
    TOPIC,
    key=DATA["participant_id"],
    value=json.dumps(DATA),
    headers={
        "content-type": "application/json",
        **{f"ce_{name}": text for name, text in attributes.items()},
    },
)
producer.flush()
