"""Rebuilds the read models from the ledger beside the live ones, then switches.

The participants are dealt out in shares, which any number of processes fold within one snapshot (shares.py). The big
tables get their indices afterwards. What was recorded meanwhile is folded in then, whole participants at a time, the
last of it while all lanes are held; then the two schemas change names in the same transaction. Writers hold nothing of
the read models; readers notice the new generation.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from time import monotonic
from typing import Any, Final, Protocol

from msgspec import Struct, field

from domain.catalogue import State as Catalogue
from domain.median import HUNDREDTHS
from domain.vocabulary import PARTNER_CODES
from projections import catalogue
from projections.days.following import claim_all, follow_all
from projections.rebuild import days, indices
from projections.rebuild.catching_up import Later, rebuild_catalogue
from projections.rebuild.comparing import differences
from projections.rebuild.indices import Index
from projections.rebuild.shares import Folded, Share
from projections.rebuild.snapshots import remove_wrong
from projections.sequences import numbering
from projections.sequences import ranges as sequences
from projections.sequences.numbering import Numbers
from projections.status.record import Rules
from projections.status.rejudge import CLAIM_KEY
from projections.storage.columns import PARTS
from projections.storage.cursor import Cursor
from projections.storage.schema import LIVE, NEXT, PREVIOUS, tables
from projections.storage.sql import load
from projections.sums import rollup

SQL: Final = load("projections.rebuild", "run.sql", PARTS)

BIG = ("purchased_class", "purchase", "watched_class", "rollup", "institution_rollup")
"""The tables that are loaded without indices."""
FEW_EVENTS: Final = 5_000
"""So many events may be left for the time in which the lanes are held."""
ROUNDS: Final = 10
"""So often what came meanwhile is folded in before the lanes are held, however much comes."""

Transaction = Callable[[], AbstractContextManager[Any]]

Job = Sequence[tuple[str, Mapping[str, Any]]]
"""Statements with their values, for one transaction."""


class Rebuilt(Struct):
    """What a rebuild did.

    ``differences`` counts, per table, the rows that only one of the two sides had; ``wrong_snapshots`` the snapshots of
    participants that said something else than the events, and are removed; None: not asked. ``seconds`` tells how long
    each stage took, in their order.
    """

    events: int = 0
    participants: int = 0
    generation: int = 0
    differences: dict[str, int] | None = None
    wrong_snapshots: int | None = None
    seconds: dict[str, float] = field(default_factory=dict)


class Crew(Protocol):
    """Who does what can be done side by side."""

    workers: int

    def fold(self, shares: Sequence[Share], progress: Callable[[int], None]) -> list[Folded]:
        """Folds all shares and blocks until they are written; ``progress`` is told how many events came since.

        Raises what stopped one of them, and does not begin another one then.
        """

    def run(self, jobs: Sequence[Job]) -> None:
        """Runs each job in a transaction of its own, and blocks until all are committed; the first begin first."""


def _no_progress(done: int, total: int) -> None:
    """Shows nothing of how far a rebuild is."""


class Rebuild(Struct):
    """One rebuild. ``write`` and ``read`` open transactions on two connections; ``read`` must be repeatable read."""

    write: Transaction
    read: Transaction
    crew: Crew
    progress: Callable[[int, int], None] = _no_progress
    rules: dict[int, Rules] = field(default_factory=dict)
    judged_with: dict[int, int] = field(default_factory=dict)
    midnights: dict[int, set[int]] = field(default_factory=dict)
    done: Rebuilt = field(default_factory=Rebuilt)

    def run(self, *, compare: bool = False) -> Rebuilt:
        """Rebuilds and switches. ``compare`` also counts how the rebuilt tables differ from the live ones.

        Blocks on PostgreSQL; holds all lanes only for the last few changes (and for the comparison). Whatever is
        raised, the live tables are as they were; what is left beside them is removed by the next run.
        """
        began = monotonic()
        with self.write() as cursor:
            for partner_id in PARTNER_CODES:
                cursor.execute(SQL["claim_partner"], {"key": CLAIM_KEY, "partner_id": partner_id})
            for leftover in (NEXT, PREVIOUS):
                cursor.execute(f"DROP SCHEMA IF EXISTS {leftover} CASCADE")
            cursor.execute(tables(NEXT))
            cursor.execute(SQL["make_counted"])
            cursor.execute(days.SQL["make_counted"])
        positions, dropped = self._read_snapshot()
        began = self._took("folding", began)
        self._finish(dropped)
        with self.write() as cursor, self.read() as reading:
            days.add_up(reading, cursor, self.rules, self.midnights, positions)
        with self.write() as cursor:
            cursor.execute(days.SQL["drop_counted"])
        began = self._took("sums and indices", began)
        later = Later(self.rules)
        for _ in range(ROUNDS):
            with self.write() as cursor:
                behind = later.catch_up(cursor, positions)
            with self.write() as cursor:
                follow_all(cursor, NEXT, positions)  # its rows know of no event behind these
            if compare:
                with self.write() as cursor:
                    follow_all(cursor)
            if behind <= FEW_EVENTS:
                break
        began = self._took("catching up", began)
        with self.write() as cursor:
            # First, as those who follow days may be at it for a while; and they must not write while names change.
            claim_all(cursor)
            sequences.hold(cursor)
            cursor.execute(SQL["lock_heads"])
            cursor.execute(SQL["lock_lanes"])
            later.catch_up(cursor, positions)
            follow_all(cursor, NEXT)
            rollup.add_up_all(cursor)
            if compare:
                follow_all(cursor)
                sequences.follow_all(cursor)
                self.done.differences = differences(cursor)
            self._switch(cursor)
        if compare:
            self.done.wrong_snapshots = remove_wrong(self.read, self.write)
        self.done.events += later.events
        self.done.participants += later.participants
        with self.write() as cursor:
            cursor.execute(f"DROP SCHEMA {PREVIOUS} CASCADE")
            cursor.execute(SQL["release_all"])
        self._took("switching", began)
        return self.done

    def _took(self, stage: str, began: float) -> float:
        """Notes how long a stage took; returns when the next one begins."""
        now = monotonic()
        self.done.seconds[stage] = now - began
        return now

    def _read_snapshot(self) -> tuple[dict[int, int], list[Index]]:
        """Folds all that the snapshot holds; returns how far each lane was in it, and the indices that are missing."""
        with self.read() as cursor:
            cursor.execute(SQL["positions"])
            positions: dict[int, int] = dict(cursor.fetchall())
            total = sum(positions.values())
            heads = catalogue.heads(cursor, PARTNER_CODES)
            numbers = self._other_numbers(cursor)
            with self.write() as writing:
                for partner_id, head in heads.items():
                    rules = self.rules[partner_id] = Rules(Catalogue(), 0)
                    self.done.events += rebuild_catalogue(cursor, writing, partner_id, rules, head)
                    self.judged_with[partner_id] = rules.revision
                rollup.follow_institutions(writing, NEXT)
                dropped = indices.drop(writing, NEXT, BIG)
            cursor.execute(SQL["export_snapshot"])
            (snapshot,) = cursor.fetchone()
            # Shares are even, being dealt out by a hash; more than one a worker would read the ledger once more each.
            of = self.crew.workers
            shares = [Share(number, of, snapshot, NEXT, self.rules) for number in range(of)]
            seen = self.done.events

            def show(events: int) -> None:
                nonlocal seen
                seen += events
                self.progress(seen, total)

            folded = self.crew.fold(shares, show)
        for share in folded:
            self.done.events += share.events
            self.done.participants += share.participants
            for partner_id, beside in share.midnights.items():
                self.midnights.setdefault(partner_id, set()).update(beside)
            for partner_id, of_share in share.numbers.items():
                numbers.setdefault(partner_id, Numbers()).update(of_share)
        with self.write() as writing:
            numbering.write(writing, NEXT, numbers, positions)
        self.progress(total, total)
        return positions, dropped

    def _other_numbers(self, reading: Cursor) -> dict[int, Numbers]:
        """The running numbers of events that are not about participants, by partner id."""
        numbers: dict[int, Numbers] = {}
        reading.execute(SQL["other_numbers"])
        for partner_id, sequence in reading.fetchall():
            encoded = None if sequence is None else sequence.encode()
            numbers.setdefault(partner_id, Numbers()).look([encoded])
        return numbers

    def _finish(self, dropped: Sequence[Index]) -> None:
        """Adds up what the shares counted, and gives the tables their indices back."""
        summed = [index for index in dropped if index.table in {"rollup", "institution_rollup"}]
        adding_up: Job = [
            (SQL[name], {"hundredths": HUNDREDTHS})
            for name in ("sum_scopes", "sum_partners", "sum_institutions", "sum_everywhere")
        ]
        adding_up = [*adding_up, *((index.definition, {}) for index in summed)]
        others: list[Job] = [[(one.definition, {})] for one in dropped if one not in summed]
        self.crew.run([adding_up, *others])
        with self.write() as cursor:
            indices.create(cursor, NEXT, dropped)
            cursor.execute(SQL["drop_counted"])

    def _switch(self, cursor: Cursor) -> None:
        cursor.execute(f"ALTER SCHEMA {LIVE} RENAME TO {PREVIOUS}")
        cursor.execute(f"ALTER SCHEMA {NEXT} RENAME TO {LIVE}")
        for partner_id, revision in self.judged_with.items():
            cursor.execute(SQL["judged_with"], {"partner_id": partner_id, "revision": revision})
        cursor.execute(SQL["next_generation"])
        self.done.generation = cursor.fetchone()[0]
