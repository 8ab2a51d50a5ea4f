"""Keys of one partner's purchased classes as of a time, in the order of one, by judging participants."""

from collections.abc import Iterable, Sequence

from projections.reading.class_filter import Filter
from projections.reading.class_order import NEVER, Order
from projections.reading.evidence import AT_ONCE, People, classes_of, people
from projections.reading.instants import instant
from projections.reading.page import Key
from projections.reading.purchased_class import answer_of
from projections.reading.purchased_classes_as_of import SQL
from projections.reading.session import Session
from projections.reading.since_then import Since
from projections.status.record import Rules


class OfPartner:
    """What is listed of one partner, as of a time."""

    def __init__(
        self,
        session: Session,
        rules: Rules,
        partner_id: int,
        wanted: Filter,
        order: Order,
        as_of: int,
        changed: Since,
        codes: Sequence[str] | None,
    ) -> None:
        self.session = session
        self.rules = rules
        self.partner_id = partner_id
        self.wanted = wanted
        self.order = order
        self.as_of = as_of
        self.changed = changed
        self.codes = codes

    def keys_of(self, held: People, rows: Iterable[tuple[int, str]]) -> list[Key]:
        """The keys of those rows (person, class code) that are listed."""
        keys: list[Key] = []
        for person, code in rows:
            if self.codes is not None and code not in self.codes:
                continue
            answer = answer_of(code, held.of_class(person, code), self.rules, self.as_of)
            if self.wanted.admits(answer):
                at = answer.last_reported_at
                if self.order.by == "purchased_at":
                    at = answer.purchases[0].purchased_at if answer.purchases else None
                keys.append((NEVER if at is None else at, self.partner_id, code, person))
        return keys

    async def keys_of_persons(self, persons: Sequence[int]) -> list[Key]:
        """The keys of all that participants have, however many they are."""
        keys: list[Key] = []
        for first in range(0, len(persons), AT_ONCE):
            keys += await self.all_keys_of(persons[first : first + AT_ONCE])
        return keys

    async def all_keys_of(self, persons: Sequence[int]) -> list[Key]:
        """The keys of all that some participants have."""
        held = await people(self.session, self.partner_id, self.rules, persons)
        rows = [
            (person, code)
            for person, state in held.states.items()
            for code in classes_of(state, self.rules)
        ]
        return self.keys_of(held, rows)

    async def keys_of_packages(self) -> list[Key]:
        """The keys of what was, or was not yet, bought with packages that were published since."""
        if not self.changed.packages:
            return []
        asked = (instant(self.as_of), self.changed.packages, self.changed.persons)
        rows = await self.session.fetch(SQL["of_packages"], self.partner_id, *asked)
        keys: list[Key] = []
        for first in range(0, len(rows), AT_ONCE):
            some = [(person, code) for code, person in rows[first : first + AT_ONCE]]
            held = await people(self.session, self.partner_id, self.rules, [who for who, _ in some])
            keys += self.keys_of(held, some)
        return keys
