"""What is told on ``tuntas.answers.<partner>``: a CloudEvent whenever the answer about a purchased class changed.

The messages about one class of one participant have one key, and the latest stands: the topic is compacted. A class
that is no longer purchased is told by a CloudEvent in binary mode without data, which is what Kafka calls a tombstone
(CloudEvents Kafka binding 1.0.2, section 3.2; https://kafka.apache.org/documentation/#compaction).
"""

import json
from collections.abc import Sequence
from datetime import datetime
from hashlib import blake2b
from importlib.metadata import version
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta, Struct

from domain.vocabulary import TYPE_PREFIX
from projections.reading.purchased_class import PurchasedClass
from services.cloudevents.mode import ATTRIBUTE_PREFIX

SOURCE: Final = "/tuntas"
WITHDRAWN: Final = TYPE_PREFIX + "answer.withdrawn.v1"


class AnswerChanged(
    Struct, frozen=True, kw_only=True, tag_field="type", tag=TYPE_PREFIX + "answer.changed.v1"
):
    """The answer about one purchased class, as `/v1/purchased-classes` gives it, whenever it changed.

    Its ``data`` is the whole answer. It may come more than once, then with the same ``id``. Of the messages with one
    key the latest stands; changes that follow each other quickly may come as one.
    """

    specversion: Literal["1.0"] = "1.0"
    id: str
    source: Literal["/tuntas"] = SOURCE
    subject: Annotated[
        str,
        Meta(description="participant_id/class_code, each percent-encoded: the message's key, too"),
    ]
    time: Annotated[datetime, Meta(description="when it was told", tz=True)]
    datacontenttype: Literal["application/json"] = "application/json"
    data: PurchasedClass


encode: Final = msgspec.json.Encoder().encode


def withdrawn_headers(event_id: str, subject: str, time: datetime) -> Sequence[tuple[str, bytes]]:
    """The headers of a message without a value: the class is no longer purchased."""
    attributes = {
        "specversion": "1.0",
        "id": event_id,
        "source": SOURCE,
        "type": WITHDRAWN,
        "subject": subject,
        "time": time.isoformat().replace("+00:00", "Z"),
    }
    return [(ATTRIBUTE_PREFIX + name, text.encode()) for name, text in attributes.items()]


def shape() -> str:
    """A short text that is another one where messages have other fields, or answers may be judged otherwise."""
    schema = _without_words(msgspec.json.schema(AnswerChanged))
    text = json.dumps([version("tuntas"), schema], sort_keys=True)
    return blake2b(text.encode(), digest_size=6).hexdigest()


def _without_words(tree: Any) -> Any:
    if isinstance(tree, list):
        return [_without_words(item) for item in tree]
    if isinstance(tree, dict):
        return {name: _without_words(of) for name, of in tree.items() if name != "description"}
    return tree
