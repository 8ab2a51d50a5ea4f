"""What the simulator hands out, and the drafts it is made from."""

from collections import Counter
from typing import Final

import msgspec

from services.simulator.partners import Partner


class Draft(msgspec.Struct, gc=False):
    """One thing that happened, as a partner is going to report it."""

    partner: Partner
    key: str
    type: str
    event_id: str
    happened: int
    sent: int
    """When the partner sends it; delivery may still delay and repeat it."""
    data: dict[str, object]
    shape: str

    @property
    def participant_id(self) -> str | None:
        found = self.data.get("participant_id")
        return found if isinstance(found, str) else None


class SimulatedRecord(msgspec.Struct, frozen=True, gc=False):
    """One Kafka record, and beside it what the simulator meant by it (which is not sent)."""

    partner: str
    topic: str
    key: bytes
    headers: list[tuple[str, bytes]]
    value: bytes
    event_id: str
    """As meant; a spoiled record may not carry it."""
    shape: str
    """What this record shows: `progress_percent`, `void_before_target`, `percent_as_text`, …"""
    outcome: str
    """`accepted`, `duplicate` or `rejected` (contract, section 2)."""
    reason: str | None = None
    """The reason code of a rejected record."""


# Odd, so multiplying by it permutes the numbers below 2**32: ids look random and never meet.
_SPREAD: Final = 2_654_435_761


class EventIds:
    """Hands out event ids, unique within a partner.

    Letters stand between the digits, so that no id can be taken for a 16-digit national id.
    """

    __slots__ = ("_given",)

    def __init__(self) -> None:
        self._given: Counter[str] = Counter()

    def next(self, partner: Partner, kind: str = "e") -> str:
        self._given[partner.id_prefix] += 1
        number = self._given[partner.id_prefix] * _SPREAD % 2**32
        return f"{partner.id_prefix}-{number:08x}-{kind}"
