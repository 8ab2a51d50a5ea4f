"""What one type of event is: the fact that is stored, the shape of ``data``, what makes the one of the other."""

from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import Any

from msgspec import Struct

from domain.events import PARTICIPANT_STREAM, Fact
from domain.vocabulary import TYPE_PREFIX
from services.cloudevents.wire import Data

Built = tuple[str, Fact, int]
"""The stream, the fact, and how many JSON strings (field names and text values) its ``data`` is written
with when every field is named once, known and not null. The decoder compares that with the quotes it sees.
"""


class Example(Struct, frozen=True):
    """An event of the type as the guide shows it."""

    id: str
    time: str
    data: Mapping[str, Any]
    sequence: str | None = None


class EventType(Struct, frozen=True):
    """One type of event: the fact that is stored, the shape of ``data``, what makes the one of the other."""

    fact: type[Fact]
    data: type[Data]
    build: Callable[[Any], Built | str]
    example: Example

    @property
    def name(self) -> str:
        """The CloudEvents ``type``."""
        return TYPE_PREFIX + self.fact.name

    def example_attributes(self, partner: str) -> dict[str, str]:
        """The CloudEvents attributes of the example, as a partner sends them."""
        attributes = {
            "specversion": "1.0",
            "id": self.example.id,
            "source": f"/partners/{partner}",
            "type": self.name,
            "time": self.example.time,
        }
        if self.example.sequence is not None:
            attributes["sequence"] = self.example.sequence
        return attributes


def as_sent(fact: type[Fact]) -> Callable[[Any], Built]:
    """The builder of a fact about a participant whose fields are those of the event's ``data``, by the same names."""
    fields = attrgetter(*fact.__struct_fields__)

    def build(data: Any) -> Built:
        values = fields(data)
        strings = 2
        for value in values:
            if value is not None:
                strings += 2 if type(value) is str else 1
        return PARTICIPANT_STREAM + data.participant_id, fact(*values), strings

    return build


def each_once(codes: tuple[str, ...]) -> tuple[str, ...]:
    """The codes in their order, without repeats."""
    return tuple(dict.fromkeys(codes))
