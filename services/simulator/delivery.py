"""How records reach the topics: numbered, in either content mode, late, repeated, spoilt.

The order handed out is the order of arrival. Between records of different keys it means nothing:
any other interleaving has the same outcomes and answers. Within one key it matters for two
kinds of record only, and is kept for them: a conflicting record comes after the one it
contradicts and after every repeat of it.
"""

import heapq
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from services.simulator.bad_records import Planned, bad_record, plan, suits
from services.simulator.chance import Chance
from services.simulator.envelope import STRUCTURED, STRUCTURED_UTF8, Envelope, envelope_of
from services.simulator.record import Draft, EventIds, SimulatedRecord

_CONFLICTS: Final = ("id_conflict", "package_conflict")
_CORRECTED_AFTER: Final = 20


class Spread:
    """Chooses exactly `picks` of `total` in one pass (Knuth, algorithm S)."""

    __slots__ = ("left", "picks")

    def __init__(self, total: int, picks: int) -> None:
        self.left = total
        self.picks = picks

    def chooses(self, chance: Chance) -> bool:
        chosen = chance.random() * self.left < self.picks
        self.left -= 1
        self.picks -= chosen
        return chosen


class Queue:
    """Records by the tick they arrive at; those of one tick in the order they were put in."""

    __slots__ = ("_heap", "_put")

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, SimulatedRecord]] = []
        self._put = 0

    def put(self, tick: int, record: SimulatedRecord) -> None:
        heapq.heappush(self._heap, (tick, self._put, record))
        self._put += 1

    def until(self, tick: int | None) -> Iterator[SimulatedRecord]:
        """What has arrived by the tick, or all that is left."""
        while self._heap and (tick is None or self._heap[0][0] <= tick):
            yield heapq.heappop(self._heap)[2]


def deliver(
    chance: Chance, drafts: Iterable[Draft], total: int, repeats: int, bad: int, ids: EventIds
) -> Iterator[SimulatedRecord]:
    """The records of `total` drafts in order of arrival, with that many repeats and bad ones.

    `drafts` come in the order they are sent; one draft is one tick.
    """
    sequence: Counter[str] = Counter()
    queue = Queue()
    repeated = Spread(total, repeats)
    # No more package conflicts than the packages of the smallest catalogue that fits the total.
    planned = plan(bad, packages=total // 60)
    owed = [each for each in planned if each.reason == "package_conflict"]
    others = [each for each in reversed(planned) if each.reason != "package_conflict"]
    spoilt = Spread(total, len(others))
    draft = None
    for tick, draft in enumerate(drafts):
        if spoilt.chooses(chance):
            owed.append(others.pop())
        spoiling = next((each for each in owed if suits(each, draft)), None)
        arrives = tick + _delay(chance)
        corrected = (
            spoiling is not None and spoiling.reason == "invalid_data" and chance.happens(0.2)
        )
        if corrected:
            arrives = tick + _CORRECTED_AFTER
        envelope = _numbered(chance, draft, sequence)
        binary = chance.happens(draft.partner.binary_share)
        shape = "corrected" if corrected else draft.shape
        queue.put(arrives, _record(chance, draft, envelope, shape, binary=binary))
        if repeated.chooses(chance):
            arrives += 1 + _delay_of_repeat(chance)
            binary ^= chance.happens(0.4)
            queue.put(
                arrives, _record(chance, draft, envelope, draft.shape, "duplicate", binary=binary)
            )
        if spoiling is not None:
            owed.remove(spoiling)
            comes = arrives + 1 + _delay(chance) if spoiling.reason in _CONFLICTS else tick
            queue.put(comes, bad_record(chance, spoiling, draft, ids, corrected=corrected))
        yield from queue.until(tick)
    if draft is not None:
        # What the last drafts did not suit is spoilt in the way that any record can be.
        for each in owed:
            not_json = Planned("not_json", each.fault % 3)
            queue.put(total, bad_record(chance, not_json, draft, ids))
    yield from queue.until(None)


def _numbered(chance: Chance, draft: Draft, sequence: Counter[str]) -> Envelope:
    """The envelope with the partner's running number; some numbers are left out."""
    partner = draft.partner
    number = None
    if partner.numbers_events:
        sequence[partner.name] += 2 if chance.happens(0.003) else 1
        number = sequence[partner.name]
    recorded = chance.happens(partner.recordedtime_share)
    envelope = envelope_of(draft, number, recorded=recorded)
    if chance.happens(0.01):
        # An extension the contract does not know, to be ignored.
        envelope.attributes["exportjob"] = "malam"
    return envelope


def _record(
    chance: Chance,
    draft: Draft,
    envelope: Envelope,
    shape: str,
    outcome: str = "accepted",
    *,
    binary: bool,
) -> SimulatedRecord:
    if binary:
        headers, value = envelope.binary()
    else:
        headers, value = [], envelope.structured()
        if draft.partner.names_content_type:
            headers = list(STRUCTURED_UTF8 if chance.happens(0.1) else STRUCTURED)
    return SimulatedRecord(
        partner=draft.partner.name,
        topic=draft.partner.topic,
        key=draft.key.encode(),
        headers=headers,
        value=value,
        event_id=draft.event_id,
        shape=shape,
        outcome=outcome,
    )


def _delay(chance: Chance) -> int:
    """Ticks a record is late: most not at all, a few by hundreds."""
    if chance.happens(0.7):
        return 0
    return chance.between(1, 40) if chance.happens(0.85) else chance.between(40, 600)


def _delay_of_repeat(chance: Chance) -> int:
    return chance.between(0, 30) if chance.happens(0.6) else chance.between(30, 3_000)
