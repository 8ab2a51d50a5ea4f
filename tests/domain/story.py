"""Events as one partner tells them, and given(events).when(event).then(events)."""

from collections.abc import Callable
from typing import Any, Self

from domain import catalogue, participant
from domain.class_evidence import ClassEvidence, Slices
from domain.errors import Reason, Refusal
from domain.events import (
    CLASS_STREAM,
    PACKAGE_STREAM,
    PARTICIPANT_STREAM,
    ClassPublished,
    EventVoided,
    Fact,
    PackagePublished,
    PartnerEvent,
)
from domain.marks import key_of

PARTNER = "pijar-mahir"
PARTICIPANT = "PRK-000000042"

DAY_ONE = 1_590_969_600_000_000
"""2020-06-01T00:00:00Z."""

DAY = 86_400_000_000


def day(number: float) -> int:
    """Microseconds UTC of a day of the story; day 0 is 1 June 2020."""
    return DAY_ONE + round(number * DAY)


SALES_END = day(28.5) + DAY // 24 * 5
"""2020-06-30T00:00:00+07:00: day 28, 17:00 UTC."""


def event(
    number: float, fact: Fact, event_id: str | None = None, *, of: str = PARTICIPANT
) -> PartnerEvent:
    """What happened on a day. Without an id, the fact and the day make one."""
    return PartnerEvent(
        PARTNER, event_id or f"{number}/{fact!r}", day(number), stream(fact, of), fact
    )


PERSON = 42
"""PARTICIPANT's number, where no vault gives it one."""


def stream(fact: Fact, participant_id: str = PARTICIPANT) -> str:
    """The stream that a fact belongs to."""
    if isinstance(fact, ClassPublished):
        return CLASS_STREAM + fact.class_code
    if isinstance(fact, PackagePublished):
        return PACKAGE_STREAM + fact.package_code
    return PARTICIPANT_STREAM + participant_id


def is_catalogue(told: PartnerEvent) -> bool:
    """Whether the event belongs to the catalogue, not to a participant."""
    return isinstance(told.fact, ClassPublished | PackagePublished)


def participant_state(*events: PartnerEvent) -> participant.State:
    """The state of the participant after the events, each decided and stored as the intake does."""
    state = participant.State()
    for told in events:
        for stored in participant.decide(state, told):
            evolved(state, stored)
    return state


def evolved(state: participant.State, told: PartnerEvent) -> participant.Touched:
    """Changes the state by the event; returns what that touched."""
    return participant.evolve(state, told.happened, key_of(told.event_id), told.fact)


def catalogue_state(*events: PartnerEvent) -> catalogue.State:
    """The catalogue after the events: publications, and withdrawals of them and of anything else."""
    state = catalogue.State()
    for told in events:
        if isinstance(told.fact, EventVoided):
            catalogue.withdraw(state, told.happened, key_of(told.fact.target_id))
        else:
            catalogue.publish(state, told)
    return state


def evidence_of(state: participant.State, class_code: str, known: catalogue.State) -> ClassEvidence:
    """What concerns a class, whatever its size."""
    return Slices(state, known, whole=True).of(class_code)


class Given:
    """A state that came of events, for ``when(event).then(…)``."""

    def __init__(self, state: Any, decide: Callable[[Any, PartnerEvent], Any]) -> None:
        self._state = state
        self._decide = decide
        self._decided: list[PartnerEvent] | Refusal | None = None

    def when(self, told: PartnerEvent) -> Self:
        """Decides about the event."""
        self._decided = self._decide(self._state, told)
        return self

    def then(self, *stored: PartnerEvent) -> None:
        """The events that are to be stored, in order."""
        assert self._decided == list(stored)

    def then_refused(self, reason: Reason) -> None:
        """The refusal's reason; its sentence must say something."""
        assert isinstance(self._decided, Refusal)
        assert self._decided.reason is reason
        assert self._decided.detail


def given(*events: PartnerEvent) -> Given:
    """A participant to whom the events happened."""
    return Given(participant_state(*events), participant.decide)


def given_catalogue(*events: PartnerEvent) -> Given:
    """A catalogue that the events made."""
    return Given(catalogue_state(*events), catalogue.decide)
