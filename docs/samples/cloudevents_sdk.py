"""Two events by the CloudEvents SDK and kafka-python, one in each content mode.

python cloudevents_sdk.py BOOTSTRAP
"""

import sys

from cloudevents.http import CloudEvent
from cloudevents.kafka import to_binary, to_structured
from kafka import KafkaProducer

TOPIC = "tuntas.partner.pijar-mahir"
DATA = {
    "participant_id": "PRK-000000042",
    "class_code": "C-0107",
    "kind": "post_test",
    "score": {"raw": 82},
}

producer = KafkaProducer(
    bootstrap_servers=sys.argv[1], acks="all", enable_idempotence=True, linger_ms=50
)
for event_id, encode in (("sample-sdk-1", to_structured), ("sample-sdk-2", to_binary)):
    event = CloudEvent(
        {
            "id": event_id,
            "source": "/partners/pijar-mahir",
            "type": "id.tuntas.class.assessed.v1",
            "time": "2020-06-30T09:40:00+07:00",
            "datacontenttype": "application/json",
        },
        DATA,
    )
    message = encode(event, key_mapper=lambda _: DATA["participant_id"])
    producer.send(
        TOPIC,
        key=message.key.encode(),
        value=message.value if isinstance(message.value, bytes) else message.value.encode(),
        headers=[
            # The SDK says application/json of a structured event, which would mean binary.
            ("content-type", b"application/cloudevents+json")
            if name == "content-type" and encode is to_structured
            else (name, value)
            for name, value in message.headers.items()
        ],
    )
producer.flush()
producer.close()
