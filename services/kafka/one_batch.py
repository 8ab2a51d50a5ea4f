"""The records of one batch, decompressed: the hot path of all reading.

A record is: length, attributes, time delta, offset delta, key, value, headers; lengths and deltas
are varints in zigzag. https://kafka.apache.org/documentation/#record
"""

from collections.abc import Callable, Iterator, Sequence
from struct import Struct
from typing import Final, NamedTuple

from services.kafka.records import CorruptRecord, Record

KEPT_BYTES: Final = 64 * 1024
"""Of what cannot be read (contract, section 2)."""
_SMALLEST_LENGTH: Final = 6

_seen_headers: Final[dict[bytes, Sequence[tuple[str, bytes]]]] = {b"\x00": ()}
"""Encoded to decoded headers: those of structured events are always the same few."""
_seen_names: Final[dict[bytes, str]] = {}
_FEW: Final = 2
"""Headers of binary events are more, and different each time."""
_MOST_SEEN: Final = 256
_LONGEST_SEEN_BYTES: Final = 128
_MOST_VARINT_BYTES: Final = 10


def records_of(  # noqa: C901, PLR0912, PLR0915 - a call costs as much as the rest: it stays whole
    body: bytes, count: int, base: int, last: int, expected: int
) -> Iterator[Record | CorruptRecord]:
    """The records at offsets ``expected`` to ``last`` in order, read while they are iterated.

    A record that cannot be read is one CorruptRecord and its neighbours are read. From where the
    start of the next record is unknown, all to ``last`` are corrupt.
    """
    # Varints of one byte, or two, which nearly all are, are decoded where they stand. A record is
    # taken from here only when everything met at its end.
    seen = _seen_headers.get
    size = len(body)
    position = 0
    previous = base - 1
    for _ in range(count):
        try:
            byte = body[position]
            if byte < 0x80:
                length = (byte >> 1) ^ -(byte & 1)
                position += 1
            elif (high := body[position + 1]) < 0x80:
                length = (((byte & 0x7F) | (high << 7)) >> 1) ^ -(byte & 1)
                position += 2
            else:
                length, position = _varint(body, position)
            start = position
            end = start + length
            if length < _SMALLEST_LENGTH or end > size:
                break
            position += 1  # attributes: none are defined
            while body[position] > 0x7F:  # the time of sending: not needed
                position += 1
            position += 1
            byte = body[position]
            if byte < 0x80:
                offset = base + ((byte >> 1) ^ -(byte & 1))
                position += 1
            elif (high := body[position + 1]) < 0x80:
                offset = base + ((((byte & 0x7F) | (high << 7)) >> 1) ^ -(byte & 1))
                position += 2
            else:
                delta, position = _varint(body, position)
                offset = base + delta
        except (IndexError, ValueError):
            break
        if not previous < offset <= last:
            break
        previous = offset
        if offset >= expected:
            byte = body[position] if position < end else 0x80
            if byte < 0x80 and not byte & 1:
                position += 1
                key = body[position : position + (byte >> 1)]
                position += byte >> 1
                number = body[position] if position < end else 0
                high = body[position + 1] if number > 0x7F and position + 1 < end else 0x80
                if high < 0x80 and not number & 1:
                    value_end = position + 2 + (((number & 0x7F) | (high << 7)) >> 1)
                    headers = seen(body[value_end:end])
                    if headers is None:
                        headers = _usual_headers(body, value_end, end)
                    if headers is not None:
                        yield Record(offset, key, headers, body[position + 2 : value_end])
                        position = end
                        continue
            yield _any_record(body[start:end], offset)
        position = end
    else:
        return
    detail = "The batch's records do not have the lengths and offsets that are said."
    content = body[position : position + KEPT_BYTES]
    for offset in range(max(previous + 1, expected), last + 1):
        yield CorruptRecord(offset, detail, content)
        content = b""


class _Layout(NamedTuple):
    """Headers of the same names with values of the same lengths: where each value is, and all that is between them."""

    unpack_from: Callable[[bytes, int], tuple[bytes, ...]]
    """Every second of what it unpacks is a value."""
    between: tuple[bytes, ...]
    names: tuple[str, ...]


_layouts: Final[dict[int, list[_Layout]]] = {}
"""By the size of the encoded headers. Events of one type by one sender are laid out alike."""
_MOST_LAYOUTS: Final = 1_024
_MOST_OF_A_SIZE: Final = 4


def _usual_headers(body: bytes, position: int, end: int) -> Sequence[tuple[str, bytes]] | None:
    """The headers when all lengths are below 64 and all is well; None: look closer."""
    laid_out = _layouts.get(end - position)
    if laid_out is not None:
        for layout in laid_out:
            parts = layout.unpack_from(body, position)
            if parts[::2] == layout.between:
                return tuple(zip(layout.names, parts[1::2], strict=True))
    return _read_headers(body, position, end)


def _read_headers(body: bytes, position: int, end: int) -> Sequence[tuple[str, bytes]] | None:
    """The same, field by field; remembers the layout, and of few headers the whole."""
    if position >= end or (count := body[position]) > 0x7F or count & 1:
        return None
    start = position
    position += 1
    headers: list[tuple[str, bytes]] = []
    sizes: list[int] = []
    value_end = start
    for _ in range(count >> 1):
        if position >= end:
            return None
        length = body[position]
        position += 1
        encoded = body[position : position + (length >> 1)]
        position += length >> 1
        name = _seen_names.get(encoded)
        if position >= end or name is None or length & 0x81:
            return None
        length = body[position]
        if length & 0x81:
            return None
        position += 1
        headers.append((name, body[position : position + (length >> 1)]))
        sizes += (position - value_end, length >> 1)
        position += length >> 1
        value_end = position
    if position != end:
        return None
    if len(headers) > _FEW:
        _remember(sizes, tuple(name for name, _ in headers), body, start, end)
    elif len(_seen_headers) < _MOST_SEEN and end - start <= _LONGEST_SEEN_BYTES:
        _seen_headers[body[start:end]] = tuple(headers)
    return tuple(headers)


def _remember(sizes: list[int], names: tuple[str, ...], body: bytes, start: int, end: int) -> None:
    unpack_from = Struct("".join([f"{size}s" for size in sizes])).unpack_from
    laid_out = _layouts.get(end - start)
    if laid_out is None:
        if len(_layouts) >= _MOST_LAYOUTS:
            return
        laid_out = _layouts[end - start] = []
    laid_out.insert(0, _Layout(unpack_from, unpack_from(body, start)[::2], names))
    del laid_out[_MOST_OF_A_SIZE:]


def _any_record(record: bytes, offset: int) -> Record | CorruptRecord:
    """The record, whatever its shape; ``record`` starts with its attributes."""
    try:
        _, position = _varint(record, 1)
        _, position = _varint(record, position)
        key, position = _nullable(record, position)
        value, position = _nullable(record, position)
        headers, position = _headers(record, position)
    except UnicodeDecodeError:
        return CorruptRecord(offset, "A header's name is not UTF-8.", record)
    except (IndexError, ValueError):
        return CorruptRecord(offset, "The record's parts are longer than the record.", record)
    if position != len(record):
        return CorruptRecord(offset, "The record is longer than its parts.", record)
    for name, _content in headers:
        if len(_seen_names) < _MOST_SEEN and len(name) <= _LONGEST_SEEN_BYTES:
            _seen_names[name.encode()] = name
    return Record(offset, key, tuple(headers), value)


def _headers(record: bytes, position: int) -> tuple[list[tuple[str, bytes]], int]:
    """The headers, and where they end; raises IndexError and ValueError."""
    count, position = _varint(record, position)
    if not 0 <= count <= len(record):
        raise IndexError
    headers: list[tuple[str, bytes]] = []
    for _ in range(count):
        name, position = _nullable(record, position)
        if name is None:
            raise ValueError
        content, position = _nullable(record, position)
        headers.append((name.decode(), content or b""))
    return headers, position


def _nullable(record: bytes, position: int) -> tuple[bytes | None, int]:
    """A byte string with its length before it, or None (length -1), and where it ends."""
    length, position = _varint(record, position)
    end = position + max(length, 0)
    if end > len(record) or length < -1:
        raise IndexError
    return (None if length < 0 else record[position:end]), end


def _varint(data: bytes, position: int) -> tuple[int, int]:
    """The integer at ``position`` and where it ends; raises IndexError and ValueError."""
    found = 0
    for shift in range(0, 7 * _MOST_VARINT_BYTES, 7):
        byte = data[position]
        position += 1
        found |= (byte & 0x7F) << shift
        if byte < 0x80:
            return (found >> 1) ^ -(found & 1), position
    raise ValueError
