"""What partners' own totals are compared with, wherever whoever counts it was stopped."""

from __future__ import annotations

from collections import defaultdict
from typing import Final

from domain.vocabulary import PARTNER_IDS, TOPIC_PREFIX
from projections.reading import instants, only_rejected, totals
from projections.reading.session import SnapshotSession
from services.cloudevents.time import microseconds
from tests.simulation.ledgers import Ledger

EPOCH: Final = 0
LATER: Final = 2**61
"""Behind whatever is said to have happened."""
BOUNDS: Final = """
SELECT min(happened), max(happened) FROM ledger.stored_event WHERE partner_id = $1 AND event_id IS NOT NULL
"""


async def check(session: SnapshotSession, ledger: Ledger) -> None:
    """Ids that were only ever rejected are as many as the outcomes say; counts by day are those of all events."""
    accepted: dict[str, set[str]] = defaultdict(set)
    rejected: dict[str, set[str]] = defaultdict(set)
    for (topic, _), lane in ledger.items():
        partner = topic.removeprefix(TOPIC_PREFIX)
        for (outcome,) in lane.outcomes.values():
            if outcome.event_id is not None:
                of = rejected if outcome.outcome == "rejected" else accepted
                of[partner].add(outcome.event_id)
    for partner in accepted.keys() | rejected.keys():
        partner_id = PARTNER_IDS[partner]
        only = rejected[partner] - accepted[partner]
        counted, unknown = await only_rejected.between(
            session, partner_id, [EPOCH], LATER, microseconds
        )
        assert sum(counted) + unknown == len(only), f"{partner}: only rejected are {sorted(only)}"
        first, last = await session.fetchrow(BOUNDS, partner_id)
        if first is not None:
            begin, end = instants.microseconds(first), instants.microseconds(last)
            times = [begin + (end - begin) * step // 7 for step in range(1, 7)]
            by_day = await totals.before(session, partner_id, times)
            assert by_day == await totals.counted_of_all(session, partner_id, times), partner
