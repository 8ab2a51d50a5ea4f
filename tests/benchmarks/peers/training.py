"""A participant's training as an aggregate of the eventsourcing library, written as its documentation writes them.

https://eventsourcing.readthedocs.io/en/v9.5/topics/domain.html (the @event decorator on command methods) and
…/topics/application.html. Withdrawn events are left out: less work than Tuntas does.
"""

from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from eventsourcing.application import AggregateNotFoundError, Application
from eventsourcing.domain import Aggregate, event

from domain import events as facts
from domain.events import PARTICIPANT_STREAM, PartnerEvent

PREFIX = len(PARTICIPANT_STREAM)


class Training(Aggregate):
    """One participant at one partner."""

    class Reported(Aggregate.Event):
        """Something about one class."""

        event_id: str
        happened: int
        class_code: str

    class Redeemed(Reported):
        pass

    class Progressed(Reported):
        percent: float | None
        unit: str | None

    class Completed(Reported):
        pass

    class Assessed(Reported):
        kind: str
        scaled: float | None
        passed: bool | None

    class Certified(Reported):
        number: str

    class Reviewed(Reported):
        rating: int

    @event("Began")
    def __init__(self, partner: str, participant_id: str) -> None:
        self.partner = partner
        self.participant_id = participant_id
        self.seen: set[str] = set()
        self.purchases: dict[str, Any] = {}
        self.refunded: set[str] = set()
        self.completed: dict[str, int] = {}
        self.percent: dict[str, float] = {}
        self.units: dict[str, set[str]] = {}
        self.results: dict[str, list[Any]] = {}
        self.certificates: dict[str, str] = {}
        self.ratings: dict[str, int] = {}

    @staticmethod
    def create_id(partner: str, participant_id: str) -> UUID:
        return uuid5(NAMESPACE_URL, f"/{partner}/{participant_id}")

    @event("Paid")
    def pay(
        self,
        event_id: str,
        happened: int,
        purchase_id: str,
        package_code: str | None,
        class_codes: list[str],
    ) -> None:
        self.seen.add(event_id)
        self.purchases[purchase_id] = (happened, package_code, class_codes)

    @event("Refunded")
    def refund(self, event_id: str, happened: int, purchase_id: str) -> None:  # noqa: ARG002
        self.seen.add(event_id)
        self.refunded.add(purchase_id)

    @event(Redeemed)
    def redeem(self, event_id: str, happened: int, class_code: str) -> None:  # noqa: ARG002
        self.seen.add(event_id)

    @event(Progressed)
    def progress(
        self,
        event_id: str,
        happened: int,  # noqa: ARG002
        class_code: str,
        percent: float | None,
        unit: str | None,
    ) -> None:
        self.seen.add(event_id)
        if percent is not None:
            self.percent[class_code] = max(percent, self.percent.get(class_code, 0.0))
        if unit is not None:
            self.units.setdefault(class_code, set()).add(unit)

    @event(Completed)
    def complete(self, event_id: str, happened: int, class_code: str) -> None:
        self.seen.add(event_id)
        self.completed[class_code] = min(happened, self.completed.get(class_code, happened))

    @event(Assessed)
    def assess(
        self,
        event_id: str,
        happened: int,
        class_code: str,
        kind: str,
        scaled: float | None,
        passed: bool | None,
    ) -> None:
        self.seen.add(event_id)
        self.results.setdefault(class_code, []).append((happened, kind, scaled, passed))

    @event(Certified)
    def certify(self, event_id: str, happened: int, class_code: str, number: str) -> None:  # noqa: ARG002
        self.seen.add(event_id)
        self.certificates[class_code] = number

    @event(Reviewed)
    def review(self, event_id: str, happened: int, class_code: str, rating: int) -> None:  # noqa: ARG002
        self.seen.add(event_id)
        self.ratings[class_code] = rating

    @event("Withdrew")
    def withdraw(self, event_id: str, happened: int, target_id: str) -> None:  # noqa: ARG002
        self.seen.add(event_id)


class Trainings(Application[UUID]):
    """Takes partner events one at a time, or as many as there are at once."""

    def take(self, taken: PartnerEvent) -> None:
        """Gets the aggregate, has it decide, and saves it: the way of the documentation."""
        training = self.training(taken)
        if report(training, taken):
            self.save(training)

    def take_all(self, taken: list[PartnerEvent]) -> None:
        """As `take`, but gets each aggregate once and saves all of them in one transaction."""
        trainings: dict[tuple[str, str], Training] = {}
        for one in taken:
            name = (one.partner, one.stream)
            if name not in trainings:
                trainings[name] = self.training(one)
            report(trainings[name], one)
        self.save(*trainings.values())

    def training(self, taken: PartnerEvent) -> Training:
        participant_id = taken.stream[PREFIX:]
        try:
            found: Training = self.repository.get(Training.create_id(taken.partner, participant_id))
        except AggregateNotFoundError:
            found = Training(taken.partner, participant_id)
        return found


def report(training: Training, taken: PartnerEvent) -> bool:
    """Whether the event is new to the aggregate, which then has it."""
    if taken.event_id in training.seen:
        return False
    named: Any = {"event_id": taken.event_id, "happened": taken.happened}
    match taken.fact:
        case facts.PurchasePaid() as fact:
            codes = [item[0] for item in fact.items or ()]
            training.pay(
                **named,
                purchase_id=fact.purchase_id,
                package_code=fact.package_code,
                class_codes=codes,
            )
        case facts.PurchaseRefunded() as fact:
            training.refund(**named, purchase_id=fact.purchase_id)
        case facts.ClassRedeemed() as fact:
            training.redeem(**named, class_code=fact.class_code)
        case facts.ClassProgressed() as fact:
            unit = None if fact.unit is None else str(fact.unit)
            training.progress(**named, class_code=fact.class_code, percent=fact.percent, unit=unit)
        case facts.ClassCompleted() as fact:
            training.complete(**named, class_code=fact.class_code)
        case facts.ClassAssessed() as fact:
            training.assess(
                **named,
                class_code=fact.class_code,
                kind=fact.kind,
                scaled=fact.scaled,
                passed=fact.passed,
            )
        case facts.CertificateIssued() as fact:
            training.certify(**named, class_code=fact.class_code, number=fact.certificate_no)
        case facts.ClassReviewed() as fact:
            training.review(**named, class_code=fact.class_code, rating=fact.rating)
        case facts.EventVoided() as fact:
            training.withdraw(**named, target_id=fact.target_id)
        case other:
            raise TypeError(f"{type(other).__name__} is not a participant's")
    return True
