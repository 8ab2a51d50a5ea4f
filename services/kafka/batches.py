"""Record batches (message format 2) as a broker sends them → records, without ever raising.

Written for this project because kafka-python's own reader gives up on a partition at the first
thing it cannot read, and decompresses without bound. Every offset is answered for: by a Record, by
a CorruptRecord or, where the log holds nothing for consumers, by the next offset moving past it.

Format: https://kafka.apache.org/documentation/#recordbatch and #controlbatch.
"""

import struct
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Final, NamedTuple, Protocol

from crc32c import crc32c

from domain.telling import tell
from services.kafka.decompress import NotDecompressed, decompress
from services.kafka.one_batch import Range, records_of
from services.kafka.placing import misplaced
from services.kafka.records import KEPT_BYTES, NO_TIMESTAMP, AnyRecord, CorruptRecord

_HEADER: Final = struct.Struct(">qiibIhiqqqhii")
"""Base offset, length, leader epoch, magic, CRC, attributes, last offset delta, two timestamps,
producer id, producer epoch, base sequence, count of records."""
_BEFORE_LENGTH_ENDS: Final = 12
_SMALLEST_LENGTH: Final = 14
"""Of a batch in the oldest format, behind the length itself."""
_MAGIC: Final = 2
_MAGIC_AT: Final = 16
_CRC_COVERS_FROM: Final = 21
_CODEC: Final = 0x07
_APPEND_TIME: Final = 0x08
"""The broker's time stands, not the sender's."""
_TRANSACTIONAL: Final = 0x10
_CONTROL: Final = 0x20
_ABORT: Final = b"\x00\x00"


_WRONGLY_PLACED: Final = tell("The batch's offset is damaged.")
_NOT_SENT: Final = tell(
    "The log goes on, and nothing can be read of it at this offset: the offset of its batch is damaged."
)
_NOT_HELD: Final = tell(
    "The log holds no record at this offset, though it must have: its batch is damaged or was removed."
)

_LATER_RECORDS: Final = 100_000
"""A broker notes how far its log is known, and reads then (Apache Kafka's Partition.readFromLocalLog): what is
appended in between is sent, but lies beyond. So many records do not come in that time; damage may lie anywhere."""


class AbortedTransaction(Protocol):
    """What a fetch response says of a transaction that was aborted."""

    producer_id: int
    first_offset: int


class Batch(NamedTuple):
    """What was at the offsets from the one expected up to (not including) ``next_offset``."""

    records: Iterator[AnyRecord]
    next_offset: int
    leader_epoch: int = -1
    """-1 where it cannot be known."""
    size: int = 0
    """Of its records, decompressed, in bytes."""
    whole: bool = True
    """False: the batch may go on behind ``next_offset``, so fetch again from there."""
    is_damaged: bool = False
    """Nothing of it can be read: what it says of its offsets may be wrong as well."""
    left_out: int = 0
    """So many offsets behind ``next_offset`` were left out of what was sent, in doubt: not all that the log holds."""


def batches(
    data: bytes,
    expected: int,
    high_water: int,
    aborted: Iterable[AbortedTransaction] = (),
    *,
    in_doubt: bool = False,
) -> Iterator[Batch]:
    """The batches of one fetch, in order; records below offset ``expected`` are left out.

    A batch that the end of the fetch cut off is left for the next fetch. Records are read while
    they are iterated, so that memory is bounded by what is taken and by the largest batch.
    ``high_water`` (the log's end) says which offsets can be true: those below it, and a few more. Records of
    ``aborted`` transactions are left out, as ``isolation_level=read_committed`` promises.

    Offsets without a batch are lost. ``in_doubt``, where no damaged batch next to them says why there is none, a last
    batch says how many there are.
    """
    started = deque(sorted(aborted, key=lambda transaction: transaction.first_offset))
    aborting: set[int] = set()
    wrongly = misplaced(data, expected, high_water, _LATER_RECORDS)
    passed = b""
    beside_damage = False
    before = position = 0
    while len(data) - position >= _BEFORE_LENGTH_ENDS:
        (length,) = struct.unpack_from(">i", data, position + 8)
        end = position + _BEFORE_LENGTH_ENDS + length
        if length < _SMALLEST_LENGTH:
            yield _one_corrupt(expected, tell("The batch's length is damaged."), data[position:])
            return
        if end > len(data):
            if position == 0:  # brokers send at least one batch whole
                yield _one_corrupt(
                    expected, tell("The batch is longer than what was sent of it."), data
                )
                return
            break
        base = int.from_bytes(data[position : position + 8], signed=True)
        if position in wrongly:
            passed = data[position : min(end, position + KEPT_BYTES)]
            if _is_abort_of(data, position, aborting):
                aborting.discard(_HEADER.unpack_from(data, position)[9])
            before, position = position, end
            continue
        if base > expected and data[position + _MAGIC_AT] == _MAGIC:
            if in_doubt and not passed and not beside_damage:
                yield Batch(iter(()), expected, whole=False, left_out=base - expected)
                return
            yield _lost(expected, base, passed)
            expected, passed = base, b""
        batch = _batch(data, position, end, expected, high_water, started, aborting)
        yield batch
        if not batch.whole:
            return
        beside_damage = batch.is_damaged
        if batch.next_offset > expected:
            expected, passed = batch.next_offset, b""
        else:
            passed = data[position : min(end, position + KEPT_BYTES)]
        before, position = position, end
    if passed and expected < high_water:
        yield from _lost_at_the_end(
            data, position, expected, high_water, passed, misplaced_last=before in wrongly
        )


def _lost_at_the_end(
    data: bytes,
    position: int,
    expected: int,
    high_water: int,
    passed: bytes,
    *,
    misplaced_last: bool,
) -> Iterator[Batch]:
    """What is known to be lost behind the last whole batch of a fetch, which ends at ``position``."""
    following = _offset_before(data, position, expected - 1) + 1
    if expected < following < min(high_water, expected + _LATER_RECORDS):
        yield _lost(expected, following, passed)
    elif misplaced_last:
        yield _lost(expected, expected + 1, passed)


def _batch(
    data: bytes,
    position: int,
    end: int,
    expected: int,
    high_water: int,
    started: deque[AbortedTransaction],
    aborting: set[int],
) -> Batch:
    """The batch at ``position`` of ``data``, which ends at ``end``."""
    base = int.from_bytes(data[position : position + 8], signed=True)
    kept = data[position : min(end, position + KEPT_BYTES)]
    magic = data[position + _MAGIC_AT]
    if magic != _MAGIC or end - position < _HEADER.size:
        # In formats 0 and 1 the first field is the last offset, when several are compressed.
        last = base if magic < 2 else _offset_before(data, end, expected)
        detail = tell(
            "The batch is in message format %(found)s; format 2 (Kafka 0.11, 2017) is read.",
            found=magic,
        )
        return _all_corrupt(expected, expected, last, high_water, detail, kept)
    header = _HEADER.unpack_from(data, position)
    _, _, epoch, _, crc, attributes, delta, first_sent, last_sent, producer, _, _, count = header
    last = base + delta
    if crc32c(memoryview(data)[position + _CRC_COVERS_FROM : end]) != crc:
        # The last offset is covered by the checksum and may be what is damaged: the first offset
        # of the next batch is better, where one follows.
        last = _offset_before(data, end, last)
        detail = tell("The batch's checksum is wrong.")
        return _all_corrupt(expected, base, last, high_water, detail, kept)
    if not 0 <= delta < high_water + _LATER_RECORDS - base or not 0 <= count <= delta + 1:
        detail = tell("The batch's header contradicts itself.")
        return _all_corrupt(expected, base, last, high_water, detail, kept)
    next_offset = max(last + 1, expected)
    nothing = bool(attributes & _CONTROL)
    if producer >= 0:
        while started and started[0].first_offset <= last:
            aborting.add(started.popleft().producer_id)
        if nothing and _is_abort(data, position + _HEADER.size):
            aborting.discard(producer)
        elif attributes & _TRANSACTIONAL and producer in aborting:
            nothing = True
    if nothing or last < expected:
        return Batch(iter(()), next_offset, epoch)
    body = data[position + _HEADER.size : end]
    if codec := attributes & _CODEC:
        try:
            body = decompress(codec, body)
        except NotDecompressed as error:
            return _all_corrupt(expected, base, last, last + 1, str(error), kept)
    append_time = bool(attributes & _APPEND_TIME)
    sent = last_sent if append_time else first_sent
    of = Range(count, base, last, sent, append_time or sent == NO_TIMESTAMP)
    return Batch(records_of(body, of, expected), next_offset, epoch, size=len(body))


def _all_corrupt(
    expected: int, base: int, last: int, high_water: int, detail: str, content: bytes
) -> Batch:
    """Offsets ``base`` to ``last`` as corrupt; when these cannot be true, the one expected."""
    first = max(expected, base)
    if not first <= last < high_water:
        return _one_corrupt(expected, detail, content)
    others = (CorruptRecord(offset, detail) for offset in range(first + 1, last + 1))
    corrupt = CorruptRecord(first, detail, content, len(content))
    return Batch(chain([corrupt], others), last + 1, is_damaged=True)


def _lost(expected: int, base: int, content: bytes) -> Batch:
    """Offsets ``expected`` up to ``base``, where a broker has no batch; ``content``: one that says it lies elsewhere.

    Only compaction removes batches from the midst of a log, and partners' topics are not compacted.
    """
    detail = _WRONGLY_PLACED if content else _NOT_HELD
    others = (CorruptRecord(offset, detail) for offset in range(expected + 1, base))
    corrupt = CorruptRecord(expected, detail, content, len(content))
    return Batch(chain([corrupt], others), base)


def not_sent(expected: int, end: int) -> Batch:
    """Offsets up to ``end`` that a log goes beyond, and of which its broker sends nothing."""
    found = (CorruptRecord(offset, _NOT_SENT) for offset in range(expected, end))
    return Batch(found, end)


def offsets_of_last(data: bytes) -> int:
    """How many offsets the last whole batch in ``data`` says it holds, at least one."""
    position = count = 0
    while len(data) - position >= _HEADER.size:
        end = position + _BEFORE_LENGTH_ENDS + int.from_bytes(data[position + 8 : position + 12])
        if end > len(data) or end < position + _HEADER.size:
            break
        count = int.from_bytes(data[position + 23 : position + 27], signed=True) + 1
        position = end
    return max(count, 1)


def _one_corrupt(offset: int, detail: str, content: bytes) -> Batch:
    record = CorruptRecord(offset, detail, content[:KEPT_BYTES], len(content))
    return Batch(iter([record]), offset + 1, whole=False)


def _offset_before(data: bytes, end: int, otherwise: int) -> int:
    """The offset before the batch that starts at ``end``; ``otherwise`` when none starts there."""
    if len(data) - end < _BEFORE_LENGTH_ENDS:
        return otherwise
    return int.from_bytes(data[end : end + 8], signed=True) - 1


def _is_abort_of(data: bytes, position: int, aborting: set[int]) -> bool:
    """Whether the batch ends an aborted transaction, wherever it lies."""
    header = _HEADER.unpack_from(data, position)
    is_control = header[3] == _MAGIC and bool(header[5] & _CONTROL)
    return is_control and header[9] in aborting and _is_abort(data, position + _HEADER.size)


def _is_abort(data: bytes, position: int) -> bool:
    """Whether a control batch aborts: the key of its one record is version 0, type 0.

    The record starts with its length, attributes, two deltas and the key's length, each one byte.
    """
    return data[position + 7 : position + 9] == _ABORT
