"""The records of one batch, decompressed: the hot path of all reading.

A record is: length, attributes, time delta, offset delta, key, value, headers; lengths and deltas
are varints in zigzag. https://kafka.apache.org/documentation/#record
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from struct import Struct
from typing import Final, NamedTuple

from services.kafka.records import (
    KEPT_BYTES,
    AnyRecord,
    CorruptRecord,
    OversizedRecord,
    Record,
)

MAX_VALUE_BYTES: Final = 256 * 1024
"""A larger value is refused (contract, section 2): no more of it is kept than a rejection keeps."""
MAX_OTHER_BYTES: Final = 64 * 1024
"""The same for a record's key and headers together."""

_SMALLEST_LENGTH: Final = 6

_seen_headers: Final[dict[bytes, Sequence[tuple[str, bytes]]]] = {b"\x00": ()}
"""Encoded to decoded headers: those of structured events are always the same few."""
_seen_names: Final[dict[bytes, str]] = {}
_FEW: Final = 2
"""Headers of binary events are more, and different each time."""
_MOST_SEEN: Final = 256
_LONGEST_SEEN_BYTES: Final = 128
_MOST_VARINT_BYTES: Final = 10

NAME_IS_NO_TEXT: Final = "A header's name is not UTF-8."
_MISPLACED: Final = (
    "The record's offset is not within its batch, or is another record's:"
    " number the records of a batch 0, 1, 2 and so on."
)
_NO_LENGTH: Final = "The batch's records do not have the lengths and offsets that are said."


class Range(NamedTuple):
    """What a batch's header says of its records: the first and the last offset, and when they were sent.

    ``sent_ms`` is what the records' own time deltas add to; where ``append_time``, it is the time of all.
    """

    records: int
    base: int
    last: int
    sent_ms: int = -1
    append_time: bool = True


def records_of(  # noqa: C901, PLR0912, PLR0915 - a call costs as much as the rest: it stays whole
    body: bytes, of: Range, expected: int
) -> Iterator[AnyRecord]:
    """The records at offsets ``expected`` to the batch's last in order, read while they are iterated.

    A record that cannot be read is one CorruptRecord and its neighbours are read. From where the
    start of the next record is unknown, all to the last are corrupt. Records that do not stand in the order of
    their offsets, as senders write them and brokers keep them uncompressed, are put in order.
    """
    # Varints of one byte, or two, which nearly all are, are decoded where they stand. A record is
    # taken from here only when everything met at its end.
    seen = _seen_headers.get
    size = len(body)
    position = 0
    count, base, last, first_sent, append_time = of
    following = base
    for read in range(count):
        record_starts = position
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
            byte = body[position]
            if byte < 0x80:
                sent = first_sent + ((byte >> 1) ^ -(byte & 1))
                position += 1
            elif (high := body[position + 1]) < 0x80:
                sent = first_sent + ((((byte & 0x7F) | (high << 7)) >> 1) ^ -(byte & 1))
                position += 2
            else:
                delta, position = _varint(body, position)
                sent = first_sent + delta
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
        if offset != following:
            rest = Range(count - read, base, last, first_sent, append_time)
            yield from _put_in_order(body, record_starts, rest, following, expected)
            return
        following += 1
        if offset >= expected:
            if append_time:
                sent = first_sent
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
                        value = body[position + 2 : value_end]
                        yield Record(offset, key, headers, value, sent, length)
                        position = end
                        continue
            yield _any_record(body, start, end, offset, sent)
        position = end
    else:
        return
    yield from _unread(range(max(following, expected), last + 1), body, position)


def _unread(offsets: Iterable[int], body: bytes, position: int) -> Iterator[CorruptRecord]:
    """Offsets whose records cannot be told apart, from ``position`` on."""
    content = body[position : position + KEPT_BYTES]
    size = len(body) - position
    for offset in offsets:
        yield CorruptRecord(offset, _NO_LENGTH, content, size)
        content, size = b"", 0


def _put_in_order(
    body: bytes, position: int, of: Range, following: int, expected: int
) -> Iterator[AnyRecord]:
    """The records from ``position`` on, by their offsets, which are not one behind the other.

    ``following`` is the first offset that is not taken. Each record has one outcome: of two with one offset the first
    has it; a record whose offset is taken, or not the batch's, is corrupt at an offset that no record has.
    """
    placed: dict[int, AnyRecord] = {}
    misplaced: list[tuple[int, int]] = []
    ordered = True
    highest = following - 1
    whole = True
    for _ in range(of.records):
        try:
            length, start = _varint(body, position)
            end = start + length
            if length < _SMALLEST_LENGTH or end > len(body):
                whole = False
                break
            sent_delta, offset_starts = _varint(body, start + 1)
            delta, _ = _varint(body, offset_starts)
        except (IndexError, ValueError):
            whole = False
            break
        position = end
        offset = of.base + delta
        if following <= offset <= of.last and offset not in placed:
            sent = of.sent_ms if of.append_time else of.sent_ms + sent_delta
            placed[offset] = _any_record(body, start, end, offset, sent)
            ordered = ordered and offset > highest
            highest = max(highest, offset)
        else:
            misplaced.append((start, end))
    free = (offset for offset in range(following, of.last + 1) if offset not in placed)
    for (start, end), offset in zip(misplaced, free, strict=False):
        content = body[start : min(end, start + KEPT_BYTES)]
        placed[offset] = CorruptRecord(offset, _MISPLACED, content, end - start)
    if not whole:
        # Where all stood in order, what could not be read stands behind it.
        behind = highest + 1 if ordered and not misplaced else following
        lost = [offset for offset in range(behind, of.last + 1) if offset not in placed]
        placed.update((record.offset, record) for record in _unread(lost, body, position))
    for offset in sorted(placed):
        if offset >= expected:
            yield placed[offset]


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


def _any_record(body: bytes, start: int, end: int, offset: int, sent_ms: int) -> AnyRecord:
    """The record from ``start`` (its attributes) to ``end``, whatever its shape."""
    try:
        _, position = _varint(body, start + 1)
        _, position = _varint(body, position)
        key_starts, key_ends, position = _span(body, position, end)
        value_starts, value_ends, position = _span(body, position, end)
        others = max(key_ends - key_starts, 0) + end - position
        if value_ends - value_starts > MAX_VALUE_BYTES or others > MAX_OTHER_BYTES:
            headers = _headers(body, position, end) if others <= MAX_OTHER_BYTES else ()
            size = max(value_ends - value_starts, 0)
            kept_key = _cut(body, key_starts, key_ends)
            kept = _cut(body, value_starts, value_ends) or b""
            held_bytes = min(others, MAX_OTHER_BYTES) + len(kept)
            return OversizedRecord(offset, kept_key, headers, kept, size, sent_ms, held_bytes)
        headers = _headers(body, position, end)
    except UnicodeDecodeError:
        return _corrupt(body, start, end, offset, NAME_IS_NO_TEXT)
    except IndexError:
        return _corrupt(body, start, end, offset, "The record's parts are longer than the record.")
    except ValueError:
        return _corrupt(body, start, end, offset, "The record is longer than its parts.")
    for name, _content in headers:
        if len(_seen_names) < _MOST_SEEN and len(name) <= _LONGEST_SEEN_BYTES:
            _seen_names[name.encode()] = name
    key = None if key_ends < 0 else body[key_starts:key_ends]
    value = None if value_ends < 0 else body[value_starts:value_ends]
    return Record(offset, key, headers, value, sent_ms, end - start)


def _corrupt(body: bytes, start: int, end: int, offset: int, detail: str) -> CorruptRecord:
    return CorruptRecord(offset, detail, body[start : min(end, start + KEPT_BYTES)], end - start)


def _cut(body: bytes, start: int, end: int) -> bytes | None:
    """The beginning of a byte string that `_span` found, None where there is none."""
    return None if end < 0 else body[start : min(end, start + KEPT_BYTES)]


def _headers(body: bytes, position: int, end: int) -> tuple[tuple[str, bytes], ...]:
    """The headers, which end where the record does. One whose value is null is as good as absent, and left out.

    Raises IndexError when they are longer, ValueError when they are shorter, UnicodeDecodeError.
    """
    count, position = _varint(body, position)
    if not 0 <= count <= end - position:
        raise IndexError
    headers: list[tuple[str, bytes]] = []
    for _ in range(count):
        name_starts, name_ends, position = _span(body, position, end)
        if name_ends < 0:
            raise IndexError
        starts, ends, position = _span(body, position, end)
        name = body[name_starts:name_ends].decode()
        if ends >= 0:
            headers.append((name, body[starts:ends]))
    if position != end:
        raise ValueError
    return tuple(headers)


def _span(body: bytes, position: int, end: int) -> tuple[int, int, int]:
    """Where a byte string with its length before it starts and ends (-1: there is none), and what follows it starts.

    Raises IndexError when that is beyond ``end``.
    """
    length, start = _varint(body, position)
    ends = start + max(length, 0)
    if ends > end or length < -1:
        raise IndexError
    return start, (ends if length >= 0 else -1), ends


def _varint(data: bytes, position: int) -> tuple[int, int]:
    """The integer at ``position`` and where it ends; raises IndexError."""
    found = 0
    for shift in range(0, 7 * _MOST_VARINT_BYTES, 7):
        byte = data[position]
        position += 1
        found |= (byte & 0x7F) << shift
        if byte < 0x80:
            return (found >> 1) ^ -(found & 1), position
    raise IndexError
