"""The messages that partners read: what was rejected, and what answers became."""

from typing import Any, Final

from domain.vocabulary import (
    ANSWER_TOPIC_PREFIX,
    REJECTION_TOPIC_PREFIX,
    TOPIC_PREFIX,
    TYPE_PREFIX,
)
from services.asyncapi.messages import SENDER, bound, told
from services.asyncapi.shapes import SCHEMAS
from services.cloudevents.answer import SOURCE, WITHDRAWN, AnswerChanged
from services.cloudevents.mode import ATTRIBUTE_PREFIX, CONTENT_TYPE, STRUCTURED_TYPE
from services.cloudevents.rejection import Rejection

Json = dict[str, Any]

REJECTED: Final = "record.rejected.v1"
ANSWERED: Final = "answer.changed.v1"
GONE: Final = "answer.withdrawn.v1"

_KEY: Final = "PRK-000000042/C-0107"
_KEY_IS: Final = "participant_id/class_code, each percent-encoded"


def rejected() -> Json:
    """What a partner reads of a record of its own that was not accepted."""
    topic = TOPIC_PREFIX + SENDER
    record = '{"specversion": "1.0", "id": "pm-2020-000042-7", …}'
    data = {
        "partner": SENDER,
        "topic": topic,
        "partition": 3,
        "offset": 1042,
        "reason": "invalid_data",
        "detail": "`data.percent` must be a number from 0 to 100, without quotes.",
        "event_id": "pm-2020-000042-7",
        "record_size": len(record.encode()),
        "truncated": False,
        "record": record,
        "headers": [{"name": CONTENT_TYPE, "value": STRUCTURED_TYPE, "encoding": "utf-8"}],
    }
    attributes = {
        "specversion": "1.0",
        "id": f"{topic}/3/1042",
        "source": "/tuntas",
        "type": TYPE_PREFIX + REJECTED,
        "time": "2020-06-29T14:30:02.250000Z",
        "datacontenttype": "application/json",
    }
    return {
        **told(REJECTED, Rejection, "structured mode"),
        "contentType": STRUCTURED_TYPE,
        "description": f"On {REJECTION_TOPIC_PREFIX}<partner>. A corrected event is accepted under the same id.",
        "headers": {
            "type": "object",
            "properties": {CONTENT_TYPE: {"type": "string", "const": STRUCTURED_TYPE}},
        },
        "payload": {"$ref": SCHEMAS + Rejection.__name__},
        "examples": [
            {
                "name": REJECTED,
                "headers": {CONTENT_TYPE: STRUCTURED_TYPE},
                "payload": {**attributes, "data": data},
            }
        ],
    }


def answered() -> Json:
    """What a partner reads when the answer about a purchased class changed."""
    participant_id, class_code = _KEY.split("/")
    answer = {
        "partner": SENDER,
        "participant_id": participant_id,
        "class_code": class_code,
        "title": "Bahasa Inggris untuk Pengemudi",
        "institution": "Balai Latihan Nusantara",
        "purchases": [
            {
                "purchase_id": "INV-1",
                "purchased_at": "2020-05-02T03:15:00Z",
                "package_code": None,
                "refunded_at": None,
            }
        ],
        "purchase": "active",
        "completion": {
            "state": "completed",
            "at": "2020-05-06T14:05:00Z",
            "percent": None,
            "units_done": 1,
        },
        "assessment": {
            "state": "passed",
            "at": "2020-05-07T01:30:00Z",
            "best_scaled": 0.82,
            "attempts": 1,
            "pre_test_scaled": None,
        },
        "review": None,
        "certificate": None,
        "satisfied": True,
        "flags": [],
        "money": {"paid": 350000, "refunded": 0, "net": 350000, "price_is": "stated"},
        "last_reported_at": "2020-05-07T01:30:00Z",
        "attendance": {"sessions": 0, "first_at": None, "last_at": None, "minutes": None},
        "history": f"/v1/participants/{participant_id}/classes/{SENDER}/{class_code}/history",
    }
    attributes = {
        "specversion": "1.0",
        "id": f"{_KEY}/4-9c3f5b1e0a77d214",
        "source": SOURCE,
        "type": TYPE_PREFIX + ANSWERED,
        "subject": _KEY,
        "time": "2020-05-07T01:30:02.250000Z",
        "datacontenttype": "application/json",
    }
    return {
        **told(ANSWERED, AnswerChanged, "structured mode"),
        "contentType": STRUCTURED_TYPE,
        "description": f"On {ANSWER_TOPIC_PREFIX}<partner>, which is compacted.",
        "headers": {
            "type": "object",
            "properties": {CONTENT_TYPE: {"type": "string", "const": STRUCTURED_TYPE}},
        },
        "payload": {"$ref": SCHEMAS + AnswerChanged.__name__},
        "bindings": bound(_KEY_IS),
        "examples": [
            {
                "name": ANSWERED,
                "headers": {CONTENT_TYPE: STRUCTURED_TYPE},
                "payload": {**attributes, "data": answer},
            }
        ],
    }


def gone() -> Json:
    """What a partner reads when a class is no longer purchased: a message without a value."""
    attributes = {
        "specversion": "1.0",
        "id": f"{_KEY}/5-0000000000000000",
        "source": SOURCE,
        "type": WITHDRAWN,
        "subject": _KEY,
        "time": "2020-05-09T01:30:02.250000Z",
    }
    texts: Json = {name: {"type": "string"} for name in attributes}
    texts["specversion"]["const"] = "1.0"
    texts["source"]["const"] = SOURCE
    texts["type"]["const"] = WITHDRAWN
    texts["time"]["format"] = "date-time"
    return {
        "name": GONE,
        "title": f"{GONE} (binary mode, without data)",
        "summary": (
            "A class of which an answer was told is no longer purchased: every payment that named it was withdrawn."
        ),
        "description": (
            f"On {ANSWER_TOPIC_PREFIX}<partner>. The message has no value: Kafka's tombstone, which compaction removes"
            " with all earlier messages of the key."
        ),
        "contentType": "application/json",
        "headers": {
            "type": "object",
            "properties": {ATTRIBUTE_PREFIX + name: shape for name, shape in texts.items()},
            "required": [ATTRIBUTE_PREFIX + name for name in attributes],
        },
        "payload": {"type": "null"},
        "bindings": bound(_KEY_IS),
        "examples": [
            {
                "name": GONE,
                "headers": {ATTRIBUTE_PREFIX + name: text for name, text in attributes.items()},
                "payload": None,
            }
        ],
    }
