"""Every type of event that partners send: one table, from which the rest is made.

The decoder and its counts of quotes, the sentences of refusals, `tuntas check`, the JSON Schemas and the guide's
sections all come from here. A new type is a fact (domain/events.py: name, topic and number), the mark that it leaves
(domain/marks.py, domain/participant.py) and a row beside its like (catalogue_types.py, purchase_types.py,
class_types.py, declaration_types.py).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from msgspec import Struct

from services.cloudevents.catalogue_types import CATALOGUE_TYPES
from services.cloudevents.class_types import CLASS_TYPES
from services.cloudevents.declaration_types import DECLARATION_TYPES
from services.cloudevents.event_type import Built, EventType
from services.cloudevents.purchase_types import PURCHASE_TYPES
from services.cloudevents.shape import Fields, fields_of, reader
from services.cloudevents.wire import Data

EVENT_TYPES: Final[Sequence[EventType]] = (
    *CATALOGUE_TYPES,
    *PURCHASE_TYPES,
    *CLASS_TYPES,
    *DECLARATION_TYPES,
)
"""In the order in which the guide tells of them."""


class Reader(Struct, frozen=True):
    """How the ``data`` of a type is read: what makes the fact, and which of its texts have rules of their own.

    ``identifiers_of`` lists those that are no national id and hold nothing unseen; ``lines_of``, where there are any,
    those that are one line.
    """

    build: Callable[[Any], Built | str]
    identifiers_of: Callable[[Any], Sequence[str | None]]
    lines_of: Callable[[Any], Sequence[Any]] | None


def _reader(kind: EventType) -> Reader:
    lines_of = reader(kind.data, frozenset({"name", "line"}))
    has_lines = any(field.kind in {"name", "line"} for field in fields_of(kind.data).values())
    return Reader(
        kind.build,
        reader(kind.data, frozenset({"identifier"})),
        lines_of if has_lines else None,
    )


DATA: Final[Mapping[str, type[Data]]] = {kind.name: kind.data for kind in EVENT_TYPES}
"""CloudEvents ``type`` to the shape of its ``data``."""

READERS: Final[Mapping[type[Data], Reader]] = {kind.data: _reader(kind) for kind in EVENT_TYPES}
"""The shape of ``data`` to how it is read."""

FIELDS: Final[Mapping[str, Fields]] = {kind.name: fields_of(kind.data) for kind in EVENT_TYPES}
"""CloudEvents ``type`` to the fields of its ``data``."""
