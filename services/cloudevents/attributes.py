"""What is wrong with the attributes of an event: the reason not_cloudevents."""

from collections.abc import Mapping
from typing import Final

from domain.telling import tell
from domain.vocabulary import TYPE_PREFIX
from services.cloudevents import time
from services.cloudevents.faults import INVISIBLE
from services.cloudevents.identifiers import has_control_characters, has_invisible_characters
from services.cloudevents.mode import ATTRIBUTES, is_json
from services.cloudevents.wire import MAX_ID_LENGTH

_REQUIRED: Final = {
    "specversion": tell('send "1.0" (CloudEvents 1.0)'),
    "id": tell("send an id that you give to no other event"),
    "source": tell("send /partners/ and your partner code"),
    "type": tell(
        "send one that docs/events.md names, such as %(type)s",
        type=TYPE_PREFIX + "class.completed.v1",
    ),
    "time": tell("send when it happened, as in 2020-06-30T09:15:00+07:00"),
}
"""The attributes that must be there, and what to do where one is not."""


def attribute_fault(attributes: Mapping[str, object], prefix: str) -> str:
    """A sentence that says what to correct, "" where nothing is wrong.

    ``attributes`` holds what the sender gave and is not null; ``prefix`` spells a name as the sender did.
    """
    for name, remedy in _REQUIRED.items():
        if name not in attributes:
            return tell("`%(name)s` is missing: %(remedy)s.", name=prefix + name, remedy=remedy)
    if attributes["specversion"] != "1.0":
        return tell('`%(name)s` must be "1.0", as a text.', name=prefix + "specversion")
    for name in ATTRIBUTES:
        if name in attributes:
            fault = _text_fault(name, attributes[name])
            if fault:
                return tell("`%(name)s` %(fault)s.", name=prefix + name, fault=fault)
    content_type = attributes.get("datacontenttype", "application/json")
    if not prefix and not (isinstance(content_type, str) and is_json(content_type)):
        return tell("`datacontenttype` must be application/json, or absent.")
    return ""


def _text_fault(name: str, text: object) -> str:
    if not isinstance(text, str):
        return tell("must be a text")
    if has_control_characters(text):
        return tell("holds a control character or half of a surrogate pair: leave it out")
    if has_invisible_characters(text):
        return tell("%(fault)s: leave it out", fault=INVISIBLE)
    if name in {"id", "subject", "sequence"} and not 0 < len(text) <= MAX_ID_LENGTH:
        return tell("must be a text of 1 to %(most)s characters", most=MAX_ID_LENGTH)
    if name in {"time", "recordedtime"} and time.microseconds(text) is None:
        return time.fault(text)
    return ""
