"""Records that the intake has to reject, made from records that are well.

Every reason code of the contract (section 2) that a record's bytes can express is here;
`corrupt_record` is about Kafka batches that cannot be decoded and has no record to simulate.
"""

from collections import Counter
from typing import Final

import msgspec

from services.simulator.chance import Chance
from services.simulator.faults import FAULTS
from services.simulator.record import Draft, EventIds, SimulatedRecord

REASONS: Final = tuple(FAULTS)

_ROUND: Final = (
    *(
        "invalid_data",
        "not_json",
        "invalid_data",
        "not_cloudevents",
        "invalid_data",
        "unknown_type",
    ),
    *("invalid_data", "id_conflict", "invalid_data", "not_json", "invalid_data", "personal_data"),
    *("invalid_data", "not_cloudevents", "source_mismatch", "id_conflict"),
)


class Planned(msgspec.Struct, frozen=True):
    """A bad record to come: its reason, and which of the faults with that reason it shows."""

    reason: str
    fault: int


def plan(count: int, packages: int) -> list[Planned]:
    """`count` bad records: each reason once as far as that goes, then each in its share.

    There is at most one `package_conflict` for each of the packages, and few are too large.
    """
    reasons = [*REASONS, *(_ROUND[at % len(_ROUND)] for at in range(count))][:count]
    reasons[100::100] = ["too_large"] * len(reasons[100::100])
    reasons[30::30] = ["package_conflict"] * len(reasons[30::30])
    planned = []
    seen: Counter[str] = Counter()
    for each in reasons:
        reason = each
        if reason == "package_conflict" and seen[reason] == packages:
            reason = "invalid_data"
        planned.append(Planned(reason, seen[reason]))
        seen[reason] += 1
    return planned


def suits(planned: Planned, draft: Draft) -> bool:
    """Whether a record of this draft can be spoilt so that it is rejected for that reason."""
    if planned.reason == "package_conflict":
        return draft.shape.startswith("package_published")
    if planned.reason == "id_conflict":
        return any(name in draft.data for name in ("percent", "score", "rating"))
    return draft.type.startswith("id.tuntas.class.") and draft.participant_id is not None


def bad_record(
    chance: Chance, planned: Planned, draft: Draft, ids: EventIds, *, corrected: bool = False
) -> SimulatedRecord:
    """A record rejected for the planned reason, of the same partner as the draft.

    It has the draft's own event id when the draft is what it conflicts with, or its correction.
    """
    partner = draft.partner
    event_id = draft.event_id
    if planned.reason != "id_conflict" and not corrected:
        event_id = ids.next(partner, "x")
    spoilt = Draft(
        partner=partner,
        key=draft.key,
        type=draft.type,
        event_id=event_id,
        happened=draft.happened,
        sent=draft.sent,
        data=dict(draft.data),
        shape=planned.reason,
    )
    faults = FAULTS[planned.reason]
    shape, headers, value = faults[planned.fault % len(faults)](chance, spoilt)
    return SimulatedRecord(
        partner=partner.name,
        topic=partner.topic,
        key=spoilt.key.encode(),
        headers=headers,
        value=value,
        event_id=event_id,
        shape=shape,
        outcome="rejected",
        reason=planned.reason,
    )
