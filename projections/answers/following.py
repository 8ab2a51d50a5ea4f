"""Finds whose answers may have changed, and remembers how far it looked: by lane, and by catalogue.

It follows the ledger behind the intake, which does nothing for it. Every step may be done again: what was told already
is not told twice (told.py). What a change of the catalogue touches is looked at when the status rows follow it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Final

from msgspec import Struct

from domain.catalogue import State as Catalogue
from projections import catalogue
from projections.aggregates import load_records
from projections.answers.told import (
    NOTHING_TOLD,
    About,
    Change,
    after,
    changes,
    decode_told,
    encode_told,
    under_way,
)
from projections.status import rejudge
from projections.status.record import Rules
from projections.storage import people
from projections.storage.copy import bigint_array
from projections.storage.cursor import Cursor
from projections.storage.sql import load

SQL: Final = load("projections.answers", "following.sql")

EVENTS_OF_LANE: Final = 5_000
LANES: Final = 12
"""So many events of so many lanes are looked at in one step; what they come to is read participant by participant."""

PARTICIPANTS: Final = 250
"""So many participants are looked at in one transaction."""

PAGE: Final = 1_000

Transaction = Callable[[], AbstractContextManager[Any]]


class Behind(Struct, frozen=True):
    """A partner whose answers may differ from what was told. ``told_in`` None: nothing was told yet."""

    partner_id: int
    told_in: str | None
    told_revision: int | None
    revision: int
    has_events: bool


def claim(cursor: Cursor) -> bool:
    """Whether this session now is the one that tells."""
    cursor.execute(SQL["claim"])
    return bool(cursor.fetchone()[0])


def behind(cursor: Cursor, told_in: dict[int, str]) -> list[Behind]:
    """The partners among ``told_in`` (partner id to where answers are told now) that there is something to do for."""
    cursor.execute(SQL["behind"], {"partner_ids": list(told_in)})
    found = [Behind(*row) for row in cursor.fetchall()]
    return [
        one
        for one in found
        if one.has_events
        or one.told_in != told_in[one.partner_id]
        or one.told_revision != one.revision
    ]


def begin(cursor: Cursor, of: Behind, told_in: str) -> None:
    """Everything of a partner is to be looked at again: nothing was told in this topic, or in this shape."""
    names = {"partner_id": of.partner_id, "revision": of.revision, "told_in": told_in}
    cursor.execute(SQL["begin"], names)


class Step(Struct, frozen=True):
    """Events to look at: lanes with the positions from and up to which; and whom they are about."""

    lane_ids: list[int]
    upto: list[int]
    persons: list[int]


def step(cursor: Cursor, partner_id: int) -> Step:
    """The next events of a partner that were not looked at."""
    names: dict[str, Any] = {"partner_id": partner_id, "limit": EVENTS_OF_LANE, "lanes": LANES}
    cursor.execute(SQL["steps"], names)
    rows = cursor.fetchall()
    if not rows:
        return Step([], [], [])
    lane_ids, seen, upto = (list(column) for column in zip(*rows, strict=True))
    names |= {"lane_ids": lane_ids, "seen": seen, "upto": upto}
    cursor.execute(SQL["participants"], names)
    return Step(lane_ids, upto, sorted(who for (who,) in cursor.fetchall()))


def looked_at(cursor: Cursor, partner_id: int, done: Step) -> None:
    """Notes that everything of the step was told."""
    names = {"partner_id": partner_id, "lane_ids": done.lane_ids, "upto": done.upto}
    cursor.execute(SQL["looked_at"], names)


def touched_by_catalogue(transaction: Transaction, of: Behind) -> Iterator[Sequence[int]]:
    """Participants, some at a time, whose answers may differ since the revision that was told."""
    names: dict[str, Any] = {"partner_id": of.partner_id}
    with transaction() as cursor:
        cursor.execute(SQL["changed"], names | {"behind": of.told_revision, "upto": of.revision})
        changed = cursor.fetchall()
    codes: dict[str, set[str]] = {}
    for kind, code in changed:
        codes.setdefault(kind, set()).add(code)
    if "sales_end" in codes:
        yield from rejudge.buyers_of_packages(transaction, of.partner_id, None)
    elif "package" in codes:
        yield from rejudge.buyers_of_packages(transaction, of.partner_id, codes["package"])
    for class_code in sorted(codes.get("class", ())):
        last = 0
        while True:
            with transaction() as cursor:
                bounds = {"class_code": class_code, "after": last, "limit": PAGE}
                cursor.execute(SQL["participants_of_class"], names | bounds)
                page = [who for (who,) in cursor.fetchall()]
            yield page
            if len(page) < PAGE:
                break
            last = page[-1]


def followed(cursor: Cursor, of: Behind) -> None:
    """Notes that what the catalogue changed was told."""
    cursor.execute(SQL["followed"], {"partner_id": of.partner_id, "revision": of.revision})


def note(cursor: Cursor, partner_id: int, noted: Mapping[int, bytes]) -> None:
    """Notes of participants what is told, or under way."""
    if noted:
        values = {"persons": bigint_array(noted), "answers": list(noted.values())}
        cursor.execute(SQL["note"], {"partner_id": partner_id} | values)


class Looked(Struct, frozen=True):
    """What is to be told of some participants; what is to be noted of whom before that, and afterwards."""

    changes: list[Change]
    under_way: dict[int, bytes]
    told: dict[int, bytes]


class Looking(Struct):
    """Looks at participants; keeps the catalogues between one look and the next."""

    rules: dict[int, Rules]

    def changes(
        self, cursor: Cursor, partner_id: int, persons: Sequence[int], topic: str
    ) -> Looked:
        """What is to be told of some participants."""
        rules = self.rules.setdefault(partner_id, Rules(Catalogue(), 0))
        catalogue.follow(
            cursor, partner_id, rules, *catalogue.heads(cursor, [partner_id])[partner_id]
        )
        names: dict[str, Any] = {"partner_id": partner_id, "persons": bigint_array(persons)}
        cursor.execute(SQL["told"], names)
        told = {who: decode_told(bytes(answers)) for who, answers in cursor.fetchall()}
        records = load_records(cursor, {partner_id: persons})[partner_id]
        who_is = people.names(cursor, persons)
        looked = Looked([], {}, {})
        for person, record in records.items():
            before = told.get(person, NOTHING_TOLD)
            of = About(partner_id, who_is[person], rules)
            changed = changes(of, record.state, before, topic)
            if changed:
                looked.changes.extend(changed)
                looked.under_way[person] = encode_told(under_way(before, changed))
                looked.told[person] = encode_told(after(before, changed))
        return looked
