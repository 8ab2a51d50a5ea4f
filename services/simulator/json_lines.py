"""The season as JSON Lines: what `tuntas simulate` prints and `tuntas publish` sends."""

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from services.simulator.record import SimulatedRecord

_ATTRIBUTE: Final = "ce_"


def as_json_lines(records: Iterable[SimulatedRecord]) -> Iterator[bytes]:
    """One line a record, without its newline: the value the record has in structured mode.

    A record that was spoilt so that it is no JSON is a line as it stands; no value holds a
    newline. Published to the partner's topic, each line has the outcome that its record has.
    """
    for record in records:
        yield _line(record)


def _line(record: SimulatedRecord) -> bytes:
    attributes = {
        name.removeprefix(_ATTRIBUTE): text.decode()
        for name, text in record.headers
        if name.startswith(_ATTRIBUTE)
    }
    if not attributes:
        return record.value
    try:
        msgspec.json.decode(record.value)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return record.value
    content = {
        **attributes,
        "datacontenttype": "application/json",
        "data": msgspec.Raw(record.value),
    }
    return msgspec.json.encode(content)
