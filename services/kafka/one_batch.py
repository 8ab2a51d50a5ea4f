"""The records of one batch, decompressed: the hot path of all reading.

A record is: length, attributes, time delta, offset delta, key, value, headers; lengths and deltas
are varints in zigzag. https://kafka.apache.org/documentation/#record
"""

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from domain.telling import tell
from services.kafka.record_headers import SEEN, all_headers, usual_headers
from services.kafka.records import (
    KEPT_BYTES,
    AnyRecord,
    CorruptRecord,
    OversizedRecord,
    Record,
)
from services.kafka.varints import span, varint

MAX_VALUE_BYTES: Final = 256 * 1024
"""A larger value is refused (contract, section 2): no more of it is kept than a rejection keeps."""
MAX_OTHER_BYTES: Final = 64 * 1024
"""The same for a record's key and headers together."""

_SMALLEST_LENGTH: Final = 6


NAME_IS_NO_TEXT: Final = tell("A header's name is not UTF-8.")
_MISPLACED: Final = tell(
    "The record's offset is not within its batch, or is another record's:"
    " number the records of a batch 0, 1, 2 and so on."
)
_NO_LENGTH: Final = tell("The batch's records do not have the lengths and offsets that are said.")


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
    seen = SEEN.get
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
                length, position = varint(body, position)
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
                delta, position = varint(body, position)
                sent = first_sent + delta
            byte = body[position]
            if byte < 0x80:
                offset = base + ((byte >> 1) ^ -(byte & 1))
                position += 1
            elif (high := body[position + 1]) < 0x80:
                offset = base + ((((byte & 0x7F) | (high << 7)) >> 1) ^ -(byte & 1))
                position += 2
            else:
                delta, position = varint(body, position)
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
                        headers = usual_headers(body, value_end, end)
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
            length, start = varint(body, position)
            end = start + length
            if length < _SMALLEST_LENGTH or end > len(body):
                whole = False
                break
            sent_delta, offset_starts = varint(body, start + 1)
            delta, _ = varint(body, offset_starts)
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


def _any_record(body: bytes, start: int, end: int, offset: int, sent_ms: int) -> AnyRecord:
    """The record from ``start`` (its attributes) to ``end``, whatever its shape."""
    try:
        _, position = varint(body, start + 1)
        _, position = varint(body, position)
        key_starts, key_ends, position = span(body, position, end)
        value_starts, value_ends, position = span(body, position, end)
        others = max(key_ends - key_starts, 0) + end - position
        if value_ends - value_starts > MAX_VALUE_BYTES or others > MAX_OTHER_BYTES:
            headers = all_headers(body, position, end) if others <= MAX_OTHER_BYTES else ()
            size = max(value_ends - value_starts, 0)
            kept_key = _cut(body, key_starts, key_ends)
            kept = _cut(body, value_starts, value_ends) or b""
            held_bytes = min(others, MAX_OTHER_BYTES) + len(kept)
            return OversizedRecord(offset, kept_key, headers, kept, size, sent_ms, held_bytes)
        headers = all_headers(body, position, end)
    except UnicodeDecodeError:
        return _corrupt(body, start, end, offset, NAME_IS_NO_TEXT)
    except IndexError:
        return _corrupt(
            body, start, end, offset, tell("The record's parts are longer than the record.")
        )
    except ValueError:
        return _corrupt(body, start, end, offset, tell("The record is longer than its parts."))
    key = None if key_ends < 0 else body[key_starts:key_ends]
    value = None if value_ends < 0 else body[value_starts:value_ends]
    return Record(offset, key, headers, value, sent_ms, end - start)


def _corrupt(body: bytes, start: int, end: int, offset: int, detail: str) -> CorruptRecord:
    return CorruptRecord(offset, detail, body[start : min(end, start + KEPT_BYTES)], end - start)


def _cut(body: bytes, start: int, end: int) -> bytes | None:
    """The beginning of a byte string that `span` found, None where there is none."""
    return None if end < 0 else body[start : min(end, start + KEPT_BYTES)]
