"""Rebuilds the read models from the ledger beside the live ones, then switches.

The ledger is read participant by participant in one snapshot, so each record is folded and written once. What was
recorded meanwhile is folded in afterwards, whole participants at a time, the last of it while all lanes are held;
then the two schemas change names in the same transaction. Writers notice the new generation and forget their caches.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from itertools import groupby
from operator import itemgetter
from typing import Any

from msgspec import Struct, field

from domain import catalogue as catalogue_aggregate
from domain.catalogue import State as Catalogue
from domain.events import PARTICIPANT_STREAM, PartnerEvent
from domain.participant import Touched, evolve, key_of
from domain.vocabulary import PARTNER_CODES
from projections import catalogue, facts, rollup, sequences
from projections.copy import copy_rows, timestamp
from projections.record import Changes, Record, Rules, changes
from projections.rejudge import CLAIM_KEY
from projections.rollup import Deltas, counted_columns, counted_values
from projections.schema import LIVE, tables
from projections.sql import load

SQL = load("projections", "rebuild.sql")

NEXT = "projections_next"
PREVIOUS = "projections_previous"
CHUNK_ROWS = 5_000
READ_MODELS = (
    "purchased_class",
    "purchase",
    "class",
    "package",
    "rollup",
    "institution_rollup",
    "sequence_range",
    "sequence_count",
    "sequence_lane",
)
MOST_DELTAS = 200_000
"""So many counts are kept in memory before they are added to the sums."""

Transaction = Callable[[], AbstractContextManager[Any]]


class Rebuilt(Struct):
    """What a rebuild did.

    ``differences`` counts, per table, the rows that only one of the two sides had; None: not asked.
    """

    events: int = 0
    participants: int = 0
    generation: int = 0
    differences: dict[str, int] | None = None


def _no_progress(done: int, total: int) -> None:
    """Shows nothing of how far a rebuild is."""


class Rebuild(Struct):
    """One rebuild. ``write`` and ``read`` open transactions on two connections; ``read`` must be repeatable read.

    ``stream`` opens a server-side cursor within the read transaction.
    """

    write: Transaction
    read: Transaction
    stream: Callable[[], Any]
    progress: Callable[[int, int], None] = _no_progress
    rules: dict[int, Rules] = field(default_factory=dict)
    deltas: Deltas = field(default_factory=Deltas)
    done: Rebuilt = field(default_factory=Rebuilt)

    def run(self, *, compare: bool = False) -> Rebuilt:
        """Rebuilds and switches. ``compare`` also counts how the rebuilt tables differ from the live ones.

        Blocks on PostgreSQL; holds all lanes only for the last few changes (and for the comparison).
        """
        with self.write() as cursor:
            for partner_id in PARTNER_CODES:
                cursor.execute(SQL["claim_partner"], {"key": CLAIM_KEY, "partner_id": partner_id})
            for leftover in (NEXT, PREVIOUS):
                cursor.execute(f"DROP SCHEMA IF EXISTS {leftover} CASCADE")
            cursor.execute(tables(NEXT))
        positions = self._read_snapshot()
        with self.write() as cursor:
            self._catch_up(cursor, positions)
        with self.write() as cursor:
            cursor.execute(SQL["lock_heads"])
            cursor.execute(SQL["lock_lanes"])
            self._catch_up(cursor, positions)
            rollup.add_up_all(cursor)
            if compare:
                sequences.follow_all(cursor)
                self.done.differences = differences(cursor)
            self._switch(cursor)
        with self.write() as cursor:
            cursor.execute(f"DROP SCHEMA {PREVIOUS} CASCADE")
            cursor.execute(SQL["release_all"])
        return self.done

    def _read_snapshot(self) -> dict[int, int]:
        with self.read() as cursor:
            cursor.execute(SQL["positions"])
            positions = dict(cursor.fetchall())
            cursor.execute(SQL["count_events"])
            total = cursor.fetchone()[0]
            cursor.execute(SQL["revisions"])
            for partner_id, revision, sales_end in cursor.fetchall():
                self.rules[partner_id] = Rules(Catalogue(), sales_end, revision)
            with self.write() as writing:
                for partner_id in self.rules:
                    self._rebuild_catalogue(cursor, writing, partner_id)
            for partner_id in self.rules:
                rows = self.stream()
                rows.execute(SQL["participant_events"], {"partner_id": partner_id})
                with self.write() as writing:
                    for into in self._folded(rows, partner_id):
                        self._append(writing, partner_id, into)
                        self.progress(self.done.events, total)
                    self._add_deltas(writing)
                rows.close()
        self.progress(total, total)
        return positions

    def _rebuild_catalogue(self, reading: Any, writing: Any, partner_id: int) -> None:
        rules = self.rules[partner_id]
        rules.catalogue = Catalogue()
        reading.execute(SQL["catalogue_events"], {"partner_id": partner_id})
        for topic, happened, event_id, state in reading.fetchall():
            fact = facts.decode(topic, state)
            catalogue_aggregate.publish(rules.catalogue, happened, key_of(event_id), fact)
            self.done.events += 1
        for name, values, codes in (
            ("class", catalogue.class_values, rules.catalogue.classes),
            ("package", catalogue.package_values, rules.catalogue.packages),
        ):
            statement = catalogue.SQL[f"upsert_{name}"].replace(f"{LIVE}.", f"{NEXT}.")
            for code in sorted(codes):
                writing.execute(statement, values(partner_id, code, rules))

    def _folded(self, rows: Iterable[Any], partner_id: int) -> Iterator[Changes]:
        """The rows of each participant, in chunks; ``rows`` come participant by participant."""
        into = Changes()
        for stream, events in groupby(rows, key=itemgetter(0)):
            record = Record(stream[len(PARTICIPANT_STREAM) :])
            touched: list[Touched] = []
            for _, topic, happened, event_id, state in events:
                fact = facts.decode(topic, state)
                touched.append(
                    evolve(record.state, PartnerEvent("", event_id, happened, stream, fact))
                )
                self.done.events += 1
            changes(record, touched, self.rules[partner_id], into)
            self.done.participants += 1
            if len(into.classes) >= CHUNK_ROWS:
                yield into
                into = Changes()
        yield into

    def _catch_up(self, cursor: Any, positions: dict[int, int]) -> None:
        """Folds in what was recorded behind ``positions``, and moves them."""
        cursor.execute(SQL["positions"])
        reached = dict(cursor.fetchall())
        cursor.execute(
            SQL["changed_streams"],
            {"lane_ids": list(positions), "positions": list(positions.values())},
        )
        by_partner: dict[int, list[str]] = {}
        for partner_id, stream in cursor.fetchall():
            by_partner.setdefault(partner_id, []).append(stream)
        for partner_id, streams in by_partner.items():
            people = [stream for stream in streams if stream.startswith(PARTICIPANT_STREAM)]
            if len(people) < len(streams):
                self._rebuild_catalogue(cursor, cursor, partner_id)
            self._replace(cursor, partner_id, people)
        self._add_deltas(cursor)
        sequences.look(cursor, sequences.EVERYTHING, NEXT)
        positions.update(reached)

    def _replace(self, cursor: Any, partner_id: int, streams: list[str]) -> None:
        ids = [stream[len(PARTICIPANT_STREAM) :] for stream in streams]
        values = {"partner_id": partner_id, "participant_ids": ids}
        cursor.execute(SQL["remove_classes"].replace(f"{LIVE}.", f"{NEXT}."), values)
        for class_code, packages, *columns in cursor.fetchall():
            of = counted_columns(columns)
            self.deltas.class_row(partner_id, class_code, packages, of, -1)
        cursor.execute(SQL["remove_purchases"].replace(f"{LIVE}.", f"{NEXT}."), values)
        for columns in cursor.fetchall():
            self.deltas.purchase_row(partner_id, columns, -1)
        cursor.execute(
            SQL["some_participant_events"], {"partner_id": partner_id, "streams": streams}
        )
        for into in self._folded(cursor.fetchall(), partner_id):
            self._append(cursor, partner_id, into)

    def _append(self, cursor: Any, partner_id: int, into: Changes) -> None:
        """Adds rows of participants that have none yet, and counts them."""
        append(cursor, partner_id, into)
        for row in into.classes:
            self.deltas.class_row(partner_id, row.class_code, row.package_codes, row.counted, 1)
        for bought in into.purchases:
            columns = (
                bought.package_code,
                bought.complete,
                bought.unresolved,
                bought.after_sales_end,
            )
            self.deltas.purchase_row(partner_id, columns, 1)
        if len(self.deltas) > MOST_DELTAS:
            self._add_deltas(cursor)

    def _add_deltas(self, cursor: Any) -> None:
        rollup.follow_institutions(cursor, NEXT)
        rollup.add(cursor, self.deltas.counts(), NEXT)
        self.deltas = Deltas()

    def _switch(self, cursor: Any) -> None:
        cursor.execute(f"ALTER SCHEMA {LIVE} RENAME TO {PREVIOUS}")
        cursor.execute(f"ALTER SCHEMA {NEXT} RENAME TO {LIVE}")
        for partner_id, rules in self.rules.items():
            cursor.execute(
                SQL["judged_with"], {"partner_id": partner_id, "revision": rules.revision}
            )
        cursor.execute(SQL["next_generation"])
        self.done.generation = cursor.fetchone()[0]


def append(cursor: Any, partner_id: int, into: Changes) -> None:
    """Adds rows of participants that have none yet."""
    copy_rows(
        cursor,
        f"COPY {NEXT}.purchased_class (purchased_at, version, partner_id, purchase, completion, assessment, flags, "
        "satisfied, participant_id, class_code, package_codes, evidence, best_scaled, pre_test_scaled, taken_seconds, "
        "rating, drop_off) FROM STDIN",
        [
            (
                timestamp(row.purchased_at),
                row.version,
                partner_id,
                row.purchase,
                row.completion,
                row.assessment,
                row.flags,
                row.satisfied,
                row.participant_id,
                row.class_code,
                row.package_codes,
                row.evidence,
                *counted_values(row.counted),
            )
            for row in into.classes
        ],
    )
    copy_rows(
        cursor,
        f"COPY {NEXT}.purchase (purchased_at, partner_id, unresolved, complete, after_sales_end, purchase_id, "
        "participant_id, package_code, class_codes, missing) FROM STDIN",
        [
            (
                timestamp(row.purchased_at),
                partner_id,
                row.unresolved,
                row.complete,
                row.after_sales_end,
                row.purchase_id,
                row.participant_id,
                row.package_code,
                row.class_codes,
                row.missing,
            )
            for row in into.purchases
        ],
    )


def differences(cursor: Any) -> dict[str, int]:
    """Per table, the number of rows that only the live or only the rebuilt one has."""
    found: dict[str, int] = {}
    for table in READ_MODELS:
        live, rebuilt = f"{LIVE}.{table}", f"{NEXT}.{table}"
        cursor.execute(
            f"SELECT count(*) FROM ((TABLE {live} EXCEPT ALL TABLE {rebuilt})"  # noqa: S608
            f" UNION ALL (TABLE {rebuilt} EXCEPT ALL TABLE {live})) AS difference"
        )
        found[table] = cursor.fetchone()[0]
    return found
