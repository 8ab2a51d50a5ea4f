"""The AsyncAPI 3 document: ``python -m services.asyncapi.document docs/asyncapi.json``.

It says what Tuntas does: it receives partners' events and statements, and sends what it rejected and what answers
became. Shapes come from the table of event types, as those of docs/schemas; each message is there in both content
modes, with an example.
"""

import json
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from domain.errors import Reason
from domain.vocabulary import (
    ANSWER_TOPIC_PREFIX,
    PARTNERS,
    REJECTION_TOPIC_PREFIX,
    TOPIC_PREFIX,
)
from services.asyncapi.messages import STATEMENT, events, statement
from services.asyncapi.shapes import hoisted
from services.asyncapi.told import ANSWERED, GONE, REJECTED, answered, gone, rejected
from services.kafka.one_batch import MAX_OTHER_BYTES, MAX_VALUE_BYTES

Json = dict[str, Any]

KAFKA_BINDING: Final = "0.5.0"
_EVENTS: Final = "events"
_REJECTIONS: Final = "rejections"
_ANSWERS: Final = "answers"


def document() -> Json:
    """The document as a JSON tree, whole: every reference is within it."""
    received = {**events(), STATEMENT: statement()}
    told = {ANSWERED: answered(), GONE: gone()}
    return {
        "asyncapi": "3.0.0",
        "id": "urn:id:tuntas:partners",
        "info": _info(),
        "defaultContentType": "application/cloudevents+json",
        "servers": _servers(),
        "channels": {
            _EVENTS: _channel(
                TOPIC_PREFIX,
                "What a partner sends: CloudEvents or xAPI statements, one a record. The topic says who is speaking.",
                received,
                partitions=6,
            ),
            _REJECTIONS: _channel(
                REJECTION_TOPIC_PREFIX,
                "What became of records that were not accepted, at least once each; the `id` tells repeats.",
                {REJECTED: rejected()},
                partitions=6,
            ),
            _ANSWERS: _channel(
                ANSWER_TOPIC_PREFIX,
                "The answer about each class that was purchased of the partner, whenever it changed: at least once, and"
                " in order for each key. Who reads the topic from its beginning knows all answers as they stand.",
                told,
                partitions=6,
                kept="compact",
            ),
        },
        "operations": {
            "receiveEvents": _operation("receive", _EVENTS, received, "Partners' events are read."),
            "sendRejections": _operation(
                "send", _REJECTIONS, {REJECTED: {}}, "Rejected records are announced."
            ),
            "sendAnswers": _operation("send", _ANSWERS, told, "Changes of answers are told."),
        },
        "components": {
            "messages": {**received, REJECTED: rejected(), **told},
            "schemas": hoisted(),
            "securitySchemes": _SECURITY,
        },
    }


def _info() -> Json:
    return {
        "title": "Tuntas: what partners send and what they are told",
        "version": version("tuntas"),
        "description": (
            "Events of a training programme, from the platforms that sell its classes. A record's value is at most"
            f" {MAX_VALUE_BYTES // 1024} KiB, its key and headers together {MAX_OTHER_BYTES // 1024} KiB. Every record"
            " ends as accepted, duplicate or rejected; the reasons are "
            + ", ".join(f"`{reason}`" for reason in Reason)
            + ". What the schemas cannot say (that raw lies between min and max, that no field is named twice)"
            " `tuntas check` knows."
        ),
    }


def _servers() -> Json:
    return {
        "secured": {
            "host": "kafka.example:9093",
            "protocol": "kafka-secure",
            "description": "A cluster with TLS: passwords by SASL, or client certificates.",
            "security": [{"$ref": f"#/components/securitySchemes/{name}"} for name in _SECURITY],
        },
        "local": {
            "host": "localhost:9092",
            "protocol": "kafka",
            "description": "`tuntas up` and docker-compose.yml: open, for one machine.",
        },
    }


_SECURITY: Final[Json] = {
    "scram": {
        "type": "scramSha512",
        "description": "SASL_SSL with SCRAM-SHA-512: the partner's code and the password it was given.",
    },
    "plain": {"type": "plain", "description": "SASL_SSL with PLAIN."},
    "certificate": {"type": "X509", "description": "SSL with a client certificate."},
}


def _channel(
    prefix: str, description: str, messages: Json, *, partitions: int, kept: str = "delete"
) -> Json:
    return {
        "address": f"{prefix}{{partner}}",
        "description": description,
        "parameters": {
            "partner": {"description": "the partner's code", "enum": [*PARTNERS]},
        },
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
        "bindings": {
            "kafka": {
                "partitions": partitions,
                "topicConfiguration": {"cleanup.policy": [kept]},
                "bindingVersion": KAFKA_BINDING,
            }
        },
    }


def _operation(action: str, channel: str, messages: Json, summary: str) -> Json:
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel}"},
        "summary": summary,
        "messages": [{"$ref": f"#/channels/{channel}/messages/{name}"} for name in messages],
        "bindings": {"kafka": {"bindingVersion": KAFKA_BINDING}},
    }


def written() -> str:
    """The document as its file has it."""
    return json.dumps(document(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(written(), encoding="utf-8")
