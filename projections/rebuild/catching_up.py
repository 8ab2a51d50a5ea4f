"""What was recorded while a rebuild was folding: whole participants are folded again, and the catalogue."""

from collections.abc import Iterable, Mapping
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

from msgspec import Struct, field

from domain.history import state_of
from projections import catalogue
from projections.rebuild.loading import load_rows
from projections.rebuild.shares import count
from projections.sequences import ranges as sequences
from projections.status.record import Changes, Rules
from projections.status.rows import all_rows
from projections.storage import facts
from projections.storage.columns import PARTS
from projections.storage.cursor import Cursor
from projections.storage.schema import LIVE, NEXT
from projections.storage.sql import load
from projections.sums import rollup
from projections.sums.deltas import Deltas, counted_columns

SQL: Final = load("projections.rebuild", "run.sql", PARTS)

CHUNK_ROWS: Final = 5_000
MOST_DELTAS: Final = 200_000
"""So many counts are kept in memory before they are added to the sums."""


class Later(Struct):
    """Folds in what came later, time after time. ``rules`` by partner id; they follow what is published."""

    rules: Mapping[int, Rules]
    events: int = 0
    participants: int = 0
    deltas: Deltas = field(default_factory=Deltas)

    def catch_up(self, cursor: Cursor, positions: dict[int, int]) -> int:
        """Folds in what was recorded behind ``positions``, and moves them; returns how many events that were."""
        cursor.execute(SQL["positions"])
        reached = dict(cursor.fetchall())
        cursor.execute(
            SQL["changed_participants"],
            {"lane_ids": list(positions), "positions": list(positions.values())},
        )
        by_partner: dict[int, list[int]] = {}
        for partner_id, person in cursor.fetchall():
            by_partner.setdefault(partner_id, []).append(person)
        for partner_id, head in catalogue.heads(cursor, self.rules).items():
            self.events += rebuild_catalogue(
                cursor, cursor, partner_id, self.rules[partner_id], head
            )
        for partner_id, persons in by_partner.items():
            self._replace(cursor, partner_id, persons)
        self._add_deltas(cursor)
        sequences.look(cursor, sequences.EVERYTHING, NEXT)
        behind = sum(reached.values()) - sum(positions.values())
        positions.update(reached)
        return behind

    def _replace(self, cursor: Cursor, partner_id: int, persons: list[int]) -> None:
        values = {"partner_id": partner_id, "persons": persons}
        cursor.execute(SQL["remove_classes"].replace(f"{LIVE}.", f"{NEXT}."), values)
        for class_code, packages, *columns in cursor.fetchall():
            of = counted_columns(columns)
            self.deltas.class_row(partner_id, class_code, packages, of, -1)
        cursor.execute(SQL["remove_purchases"].replace(f"{LIVE}.", f"{NEXT}."), values)
        for package_code, complete, unresolved, after_sales_end, unallocated in cursor.fetchall():
            before = (package_code, complete, unresolved, after_sales_end, unallocated)
            self.deltas.purchase_row(partner_id, before, -1)
        cursor.execute(SQL["some_participant_events"], values)
        self._fold(cursor, partner_id, cursor.fetchall())

    def _fold(self, cursor: Cursor, partner_id: int, rows: Iterable[Any]) -> None:
        """Adds the rows of participants that have none; ``rows`` come participant by participant."""
        into = Changes()
        for person, events in groupby(rows, key=itemgetter(0)):
            history = [
                (happened, event_id.encode(), facts.decode(topic, state))
                for _, topic, happened, event_id, state in events
            ]
            self.events += len(history)
            self.participants += 1
            all_rows(person, state_of(history), self.rules[partner_id], into)
            if len(into.classes) >= CHUNK_ROWS:
                self._append(cursor, partner_id, into)
                into = Changes()
        self._append(cursor, partner_id, into)

    def _append(self, cursor: Cursor, partner_id: int, into: Changes) -> None:
        """Adds rows of participants that have none yet, and counts them."""
        load_rows(cursor, NEXT, partner_id, into.classes, into.purchases)
        count(self.deltas, partner_id, into)
        if len(self.deltas) > MOST_DELTAS:
            self._add_deltas(cursor)

    def _add_deltas(self, cursor: Cursor) -> None:
        rollup.follow_institutions(cursor, NEXT)
        rollup.add(cursor, self.deltas.counts(), NEXT)
        self.deltas = Deltas()


def rebuild_catalogue(
    reading: Cursor, writing: Cursor, partner_id: int, rules: Rules, head: tuple[int, int]
) -> int:
    """Brings a partner's catalogue up to its head: revision and package sales end.

    Returns how many events that took.
    """
    revision = rules.revision
    events = catalogue.follow(reading, partner_id, rules, *head)
    if rules.revision != revision:
        catalogue.write_all(writing, NEXT, partner_id, rules)
    return events
