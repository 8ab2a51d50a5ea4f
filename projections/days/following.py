"""Keeps the sums over time: follows each partner's events, lane by lane, and its catalogue.

What an event changes depends on what else is known of its participant, so each participant is held as its events until
there make it, and looked at as it was and as it is (domain/steps.py). All is summed by one revision of the partner's
catalogue. When the catalogue has moved on, whoever it matters to is looked at by the old and by the new one, in one
transaction, before more events are followed. Nothing depends on the other read models but where to look for these
people; and everything is a function of the set of events, so a rebuild comes to the same.

Everything runs inside the caller's transaction. Of one partner one process does this at a time; several may share the
partners among them.
"""

from collections import OrderedDict, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from msgspec import Struct, field

from domain.catalogue import State as Catalogue
from domain.catalogue import copied
from domain.days import day_of
from domain.marks import key_of
from domain.participant import State, evolve
from domain.vocabulary import PARTNER_CODES
from projections import catalogue
from projections.days.changed import Changed
from projections.days.looking import (
    ALWAYS,
    Told,
    beside_midnight,
    judges_otherwise,
    look,
    look_again,
)
from projections.days.moving import move_classes
from projections.days.writing import add, within
from projections.status.record import Rules
from projections.storage import facts
from projections.storage.copy import text_array
from projections.storage.cursor import Cursor
from projections.storage.schema import LIVE
from projections.storage.sql import load

SQL: Final = load("projections.days", "following.sql")

EVENTS_AT_ONCE: Final = 20_000
"""So many events of a partner are followed in one transaction."""
KEPT_PARTICIPANTS: Final = 50_000
"""So many participants of all partners are held in memory."""
PEOPLE_AT_ONCE: Final = 500


class Held(Struct):
    """What a process holds of a partner between two turns: of use while the lanes are ``followed`` just as far."""

    rules: Rules
    followed: dict[int, int] = field(default_factory=dict)
    states: OrderedDict[int, State] = field(default_factory=OrderedDict)


class Follower:
    """Follows partners; holds participants between its turns."""

    def __init__(self, schema: str = LIVE, kept_participants: int = KEPT_PARTICIPANTS) -> None:
        """``schema``: where the read models are."""
        self._schema = schema
        self._kept = kept_participants
        self._held: dict[int, Held] = {}

    def behind(self, cursor: Cursor) -> list[int]:
        """The partners of whom something is not followed yet."""
        cursor.execute(self._sql("behind"))
        return [partner_id for (partner_id,) in cursor.fetchall()]

    def follow(self, cursor: Cursor, partner_id: int, ends: Mapping[int, int] | None = None) -> int:
        """Follows a partner a step further; returns how many events and catalogue changes that were.

        ``ends``: lane id to the last position that is followed; None: as far as each goes. Whom the catalogue matters
        to is found by rows, so they must know of every event that is followed. 0: nothing is left, or another process
        does it. After an error the caller rolls back and calls `forget`.
        """
        cursor.execute(SQL["claim"], {"partner_id": partner_id})
        if not cursor.fetchone()[0]:
            return 0
        cursor.execute(self._sql("lanes"), {"partner_id": partner_id})
        lanes = cursor.fetchall()
        if ends is not None:
            lanes = [
                (lane_id, seen, max(seen, min(at, ends.get(lane_id, 0))))
                for lane_id, seen, at in lanes
            ]
        held = self._take(cursor, partner_id, {lane_id: seen for lane_id, seen, _ in lanes})
        head = catalogue.heads(cursor, [partner_id]).get(partner_id)
        if head is not None and head != (held.rules.revision, held.rules.package_sales_end):
            return self._follow_catalogue(cursor, partner_id, held, head)
        upto = _steps(lanes)
        if not upto:
            return 0
        return self._follow_events(cursor, partner_id, held, upto)

    def forget(self, partner_id: int | None = None) -> None:
        """Forgets what is held of a partner, or of all."""
        if partner_id is None:
            self._held.clear()
        else:
            self._held.pop(partner_id, None)

    def _sql(self, name: str) -> str:
        return within(self._schema, SQL[name])

    def _take(self, cursor: Cursor, partner_id: int, followed: dict[int, int]) -> Held:
        """What is held of the partner, as it is summed now."""
        cursor.execute(self._sql("rules"), {"partner_id": partner_id})
        revision, sales_end = cursor.fetchone() or (0, 0)
        held = self._held.get(partner_id)
        known = (revision, sales_end)
        if held is None or (held.rules.revision, held.rules.package_sales_end) != known:
            rules = Rules(Catalogue(), sales_end)
            catalogue.follow(cursor, partner_id, rules, revision, sales_end)
            held = self._held[partner_id] = Held(rules)
        if held.followed != followed:
            held.followed = followed
            held.states.clear()
        return held

    def _follow_events(
        self, cursor: Cursor, partner_id: int, held: Held, upto: Mapping[int, int]
    ) -> int:
        seen = [held.followed[lane_id] for lane_id in upto]
        names = {"lane_ids": list(upto), "seen": seen, "upto": list(upto.values())}
        cursor.execute(SQL["events"], names)
        by_person: defaultdict[int, list[Told]] = defaultdict(list)
        for told in cursor.fetchall():
            by_person[told[0]].append(told)
        states = self._states(cursor, partner_id, held, by_person)
        changed = Changed(partner_id, held.rules.catalogue)
        times: set[int] = set()
        places: set[tuple[int, int]] = set()
        for person, events in by_person.items():
            look(person, states[person], events, held.rules, changed)
            for _, _, happened, _, _, block in events:
                times.add(happened)
                places.add((day_of(happened), block))
        midnights = beside_midnight(times)
        add(cursor, changed, self._schema)
        self._add_places(cursor, partner_id, places)
        self.add_midnights(cursor, partner_id, midnights)
        cursor.execute(
            self._sql("followed_to"),
            {"partner_id": partner_id, "lane_ids": list(upto), "upto": list(upto.values())},
        )
        held.followed = held.followed | dict(upto)
        for person, state in states.items():
            held.states[person] = state
            held.states.move_to_end(person)
        while len(held.states) > self._kept:
            held.states.popitem(last=False)
        return sum(upto.values()) - sum(seen)

    def add_midnights(self, cursor: Cursor, partner_id: int, midnights: Iterable[int]) -> None:
        """Notes days of which something happened beside the midnight at their end."""
        if noted := sorted(midnights):
            names = {"partner_id": partner_id, "days": noted}
            cursor.execute(self._sql("add_midnights"), names)

    def _add_places(
        self, cursor: Cursor, partner_id: int, places: Iterable[tuple[int, int]]
    ) -> None:
        """Notes days, each with a block of the ledger that has an event of it."""
        if noted := sorted(places):
            days, blocks = zip(*noted, strict=True)
            names = {"partner_id": partner_id, "days": list(days), "blocks": list(blocks)}
            cursor.execute(self._sql("add_places"), names)

    def put_rules(self, cursor: Cursor, partner_id: int, revision: int, sales_end: int) -> None:
        """Notes by which revision of its catalogue, and which package sales end, a partner is summed."""
        names = {"partner_id": partner_id, "revision": revision, "package_sales_end": sales_end}
        cursor.execute(self._sql("put_rules"), names)

    def _states(
        self, cursor: Cursor, partner_id: int, held: Held, persons: Iterable[int]
    ) -> dict[int, State]:
        """Participants as they are followed until now: those that are held, and the others from the ledger."""
        found = {
            person: state for person in persons if (state := held.states.get(person)) is not None
        }
        missing = [person for person in persons if person not in found]
        if missing:
            found |= {person: State() for person in missing}
            if any(held.followed.values()):
                cursor.execute(
                    SQL["load"],
                    {
                        "partner_id": partner_id,
                        "persons": missing,
                        "lane_ids": list(held.followed),
                        "seen": list(held.followed.values()),
                    },
                )
                for person, topic, happened, event_id, encoded in cursor.fetchall():
                    evolve(found[person], happened, key_of(event_id), facts.decode(topic, encoded))
        return found

    def _follow_catalogue(
        self, cursor: Cursor, partner_id: int, held: Held, head: tuple[int, int]
    ) -> int:
        revision, sales_end = head
        before = held.rules
        after = Rules(copied(before.catalogue), before.package_sales_end, before.revision)
        catalogue.follow(cursor, partner_id, after, revision, sales_end)
        cursor.execute(
            SQL["changed"],
            {"partner_id": partner_id, "behind": before.revision, "upto": revision},
        )
        rows = cursor.fetchall()
        since: dict[tuple[str, str], int] = {}
        midnights: set[int] = set()
        for kind, code, happened in rows:
            day = day_of(happened)
            since[kind, code] = min(since.get((kind, code), day), day)
            if kind != "sales_end":
                midnights |= beside_midnight([happened])
        if any(held.followed.values()):
            changed = Changed(partner_id, after.catalogue)
            classes = {code: day for (kind, code), day in since.items() if kind == "class"}
            packages = {code: day for (kind, code), day in since.items() if kind == "package"}
            move_classes(cursor, changed, classes, before.catalogue, self._schema)
            judged = {
                code: day
                for code, day in classes.items()
                if judges_otherwise(code, before.catalogue, after.catalogue)
            }
            people = self._buyers(cursor, partner_id, judged, packages, before, after)
            first = min((*judged.values(), *packages.values()), default=ALWAYS)
            if before.package_sales_end != after.package_sales_end:
                first = ALWAYS
            everyone = sorted(people)
            for start in range(0, len(everyone), PEOPLE_AT_ONCE):
                some = everyone[start : start + PEOPLE_AT_ONCE]
                for person, state in self._states(cursor, partner_id, held, some).items():
                    look_again(person, state, before, after, first, changed)
            add(cursor, changed, self._schema)
        self.add_midnights(cursor, partner_id, midnights)
        self.put_rules(cursor, partner_id, revision, sales_end)
        held.rules = after
        return max(revision - before.revision, 1)

    def _buyers(
        self,
        cursor: Cursor,
        partner_id: int,
        classes: Mapping[str, int],
        packages: Iterable[str],
        before: Rules,
        after: Rules,
    ) -> set[int]:
        """Who may count as something else by ``after`` than by ``before``."""
        people: set[int] = set()
        names: dict[str, Any] = {"partner_id": partner_id}
        # Rows of what a package was found to have are written a while after it was: until then its purchases tell.
        packages = set(packages) | {
            code
            for known in (before.catalogue, after.catalogue)
            for code in known.packages
            if classes and not known.ever_in(code).isdisjoint(classes)
        }
        if classes:
            cursor.execute(
                self._sql("buyers_of_classes"), names | {"class_codes": text_array(classes)}
            )
            people |= {person for (person,) in cursor.fetchall()}
        ends = before.package_sales_end != after.package_sales_end
        if packages or ends:
            wanted = None if ends else text_array(packages)
            cursor.execute(self._sql("buyers_of_packages"), names | {"packages": wanted})
            people |= {person for (person,) in cursor.fetchall()}
        return people


def claim_all(cursor: Cursor) -> None:
    """Waits for everybody who follows a partner, and keeps others from doing so until the end of the transaction."""
    cursor.execute(SQL["claim_all"], {"partner_ids": sorted(PARTNER_CODES)})


def follow_all(cursor: Cursor, schema: str = LIVE, ends: Mapping[int, int] | None = None) -> int:
    """Follows everything in one transaction, and keeps others from doing so until its end; returns how much it was.

    ``ends``: as `Follower.follow` has it.
    """
    claim_all(cursor)
    follower = Follower(schema)
    done = 0
    for partner_id in follower.behind(cursor):
        while step := follower.follow(cursor, partner_id, ends):
            done += step
    return done


def _steps(lanes: Sequence[tuple[int, int, int]]) -> dict[int, int]:
    """Lane id to how far the next step follows it, of those where there is something to follow."""
    left = EVENTS_AT_ONCE
    upto: dict[int, int] = {}
    waiting = [(position - seen, lane_id, seen) for lane_id, seen, position in lanes]
    for number, (behind, lane_id, seen) in enumerate(sorted(waiting)):
        step = min(behind, left // (len(waiting) - number))
        left -= step
        if step:
            upto[lane_id] = seen + step
    return upto
