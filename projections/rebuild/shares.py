"""One share of a rebuild: some participants of all partners, from events in the ledger to rows beside the live ones.

PostgreSQL hands the events of a share out in the order of the participants' numbers, so each participant's come
together. Shares have no participant in common: any process may take any of them, all within one snapshot.
"""

from collections import defaultdict
from collections.abc import Callable, Generator, Mapping
from contextlib import AbstractContextManager
from functools import partial
from struct import Struct as Packing
from typing import Any, Final

import msgspec
from msgspec import Struct, field

from domain.events import FACTS, Fact
from domain.history import ReportedFact, state_of
from projections.days.changed import Changed
from projections.days.looking import beside_midnight, look_at_all
from projections.rebuild.days import MOST_ENTRIES, send_counted
from projections.rebuild.loading import count_parts, send
from projections.sequences.numbering import Numbers
from projections.status.packing import class_parts, purchase_parts
from projections.status.record import Changes, Rules
from projections.status.rows import all_rows
from projections.storage import binary_copy, facts
from projections.storage.cursor import Cursor
from projections.storage.sql import load
from projections.sums.deltas import Deltas

SQL: Final = load("projections.rebuild", "shares.sql")

CHUNK_ROWS: Final = 2_000
"""So many class rows of a share are sent at once: few enough for the processor's cache."""

Transaction = Callable[[], AbstractContextManager[Any]]


class Share(Struct, frozen=True):
    """Which participants, as they are in an exported snapshot; ``rules`` by partner id.

    Of ``of`` shares this is the one with this ``number``, from 0. ``schema`` has the tables that the rows go to.
    """

    number: int
    of: int
    snapshot: str
    schema: str
    rules: dict[int, Rules]


class Folded(Struct):
    """What became of a share. ``numbers``, and what happened beside midnights (projections/days), by partner id."""

    events: int = 0
    participants: int = 0
    numbers: dict[int, Numbers] = field(default_factory=dict)
    midnights: dict[int, set[int]] = field(default_factory=dict)


def fold(
    share: Share, read: Transaction, write: Transaction, progress: Callable[[int], None]
) -> Folded:
    """Folds a share and writes its rows and counts in one transaction.

    ``read`` and ``write`` open transactions on two connections; ``read`` must be repeatable read, and begins where the
    snapshot stands. ``progress`` is told how many events came since it was last told.
    """
    with read() as reading, write() as writing:
        reading.execute(SQL["take_snapshot"], {"snapshot": share.snapshot})
        reading.execute(SQL["sort_in_memory"])
        writing.execute(SQL["commit_later"])
        reading.execute(SQL["topics"])
        into = _Fold(share, dict(reading.fetchall()), writing, progress)
        reading.copy_expert(
            reading.mogrify(SQL["events"], {"of": share.of, "number": share.number}), into
        )
        into.finish()
        return into.folded


_EPOCH: Final = binary_copy.POSTGRES_EPOCH
_HEADER: Final = len(binary_copy.HEADER)
_numbers: Final = Packing(">6xq4xi4xi4xh4xq").unpack_from
"""When it happened, how long event id and sequence are, numbers of topic and participant; each behind its length."""
_ID: Final = 52
"""Where the event id begins: behind the numbers and its length."""
_length: Final = Packing(">i").unpack_from
_END: Final = Packing(">4xq4xh")
"""What a row ends with: participant and partner, each behind its length."""
_NOT_YET: Final = bytes(32)
"""No row ends like this."""


def count(deltas: Deltas, partner_id: int, new: Changes) -> None:
    """Counts new rows."""
    for row in new.classes:
        deltas.class_row(partner_id, row.class_code, row.package_codes, row.counted, 1)
    for paid in new.purchases:
        columns = (
            paid.package_code,
            paid.complete,
            paid.unresolved,
            paid.after_sales_end,
            paid.unallocated,
        )
        deltas.purchase_row(partner_id, columns, 1)


def _reader(topic: str) -> Callable[[bytes], Fact]:
    """What decodes the states of a topic; of today's topics, without looking for it in `facts.decode` each time."""
    fact = FACTS.get(topic)
    return partial(facts.decode, topic) if fact is None else msgspec.msgpack.Decoder(fact).decode


class _Fold:
    """The file that PostgreSQL's rows are written to: each call of ``write`` is one row."""

    def __init__(
        self,
        share: Share,
        topics: Mapping[int, str],
        writing: Cursor,
        progress: Callable[[int], None],
    ) -> None:
        self.folded = Folded()
        self._readers = {topic_id: _reader(topic) for topic_id, topic in topics.items()}
        self._share = share
        self._writing = writing
        self._progress = progress
        self._of_person: dict[bytes, list[ReportedFact]] = {}
        self._changes: dict[int, Changes] = {}
        self._rows = 0
        self._sequences: dict[int, list[bytes | None]] = defaultdict(list)
        self._deltas = Deltas()
        self._days = {
            partner_id: Changed(partner_id, rules.catalogue)
            for partner_id, rules in share.rules.items()
        }
        reader = self._read()
        next(reader)
        self.write = reader.send

    def finish(self) -> None:
        """Folds and sends what is left, and the counts."""
        self._fold()
        self._flush()
        send_counted(self._writing, self._days.values())
        counts = count_parts(self._deltas.counts())
        send(self._writing, self._share.schema, "load_counts", counts)

    def _read(self) -> Generator[None, bytes, None]:
        """Takes rows, and folds a participant at all partners as soon as the next one begins."""
        # The loop runs for each event of the ledger.
        readers, sequences_of = self._readers, self._sequences
        sequences: list[bytes | None] = []
        history: list[ReportedFact] = []
        end = _NOT_YET  # what the rows of a participant end with
        end_size = 0
        of_person: int | None = None
        row = (yield)[_HEADER:]
        while row != binary_copy.TRAILER:
            happened, id_size, sequence_size, topic_id, person = _numbers(row)
            id_end = _ID + id_size
            if sequence_size < 0:
                sequence = None
                state_at = id_end + 8
            else:
                state_at = id_end + 8 + sequence_size
                sequence = row[id_end + 4 : state_at - 4]
            if not row.endswith(end):
                (state_size,) = _length(row, state_at - 4)
                end = row[state_at + state_size :]
                end_size = len(end)
                _, partner_id = _END.unpack(end)
                sequences = sequences_of[partner_id]
                if person != of_person:
                    self._fold()
                    of_person = person
                history = self._of_person.setdefault(end, [])
            sequences.append(sequence)
            fact = readers[topic_id](row[state_at:-end_size])
            history.append((happened + _EPOCH, row[_ID:id_end], fact))
            row = yield
        yield

    def _fold(self) -> None:
        rules = self._share.rules
        for end, history in self._of_person.items():
            person, partner_id = _END.unpack(end)
            into = self._changes.get(partner_id)
            if into is None:
                into = self._changes[partner_id] = Changes()
            self._rows -= len(into.classes)
            state = state_of(history)
            all_rows(person, state, rules[partner_id], into)
            days = self._days[partner_id]
            look_at_all(person, state, rules[partner_id], days)
            beside = beside_midnight(happened for happened, _, _ in history)
            if beside:
                self.folded.midnights.setdefault(partner_id, set()).update(beside)
            if days.entries > MOST_ENTRIES:
                send_counted(self._writing, [days])
                self._days[partner_id] = Changed(partner_id, rules[partner_id].catalogue)
            self._rows += len(into.classes)
            self.folded.participants += 1
        self._of_person.clear()
        if self._rows >= CHUNK_ROWS:
            self._flush()

    def _flush(self) -> None:
        classes: list[bytes] = []
        purchases: list[bytes] = []
        for partner_id, into in self._changes.items():
            classes += class_parts(partner_id, into.classes)
            purchases += purchase_parts(partner_id, into.purchases)
            count(self._deltas, partner_id, into)
        events = 0
        for partner_id, sequences in self._sequences.items():
            self.folded.numbers.setdefault(partner_id, Numbers()).look(sequences)
            events += len(sequences)
            sequences.clear()
        send(self._writing, self._share.schema, "load_class", classes)
        send(self._writing, self._share.schema, "load_purchase", purchases)
        self._changes = {}
        self._rows = 0
        self.folded.events += events
        self._progress(events)
