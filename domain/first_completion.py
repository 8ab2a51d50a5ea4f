"""A person's first completed class, across partners: after it, with certificate and review, an incentive is paid.

Contract section 3. Only purchased classes that were not given back count: what was refunded is no training of the
programme. The first is the one with the earliest completion; of several at one instant the one that stands first by
partner and class. It is *ready* from the instant at which completion, certificate and review are all there, each by the
earliest that stands: a second review does not put it off. A later class does not take the place of the first one;
where that lacks something and another class has everything, the answer says so beside it.
"""

from collections.abc import Iterable
from typing import Final, Literal

from msgspec import Struct

from domain.answer import purchase_of_class
from domain.catalogue import State as Catalogue
from domain.class_evidence import ClassEvidence
from domain.marks import first_standing

FirstState = Literal["ready", "missing", "none"]
FIRST_STATES: Final[tuple[FirstState, ...]] = ("ready", "missing", "none")

Lacking = Literal["certificate", "review"]


class Completed(Struct, frozen=True, order=True, gc=False):
    """One class that was completed and not given back; in order of completion. Times in microseconds UTC."""

    completed_at: int
    partner_id: int
    class_code: str
    certified_at: int | None = None
    reviewed_at: int | None = None

    @property
    def missing(self) -> list[Lacking]:
        """What is not there."""
        found: list[Lacking] = []
        if self.certified_at is None:
            found.append("certificate")
        if self.reviewed_at is None:
            found.append("review")
        return found

    @property
    def ready_at(self) -> int | None:
        """When everything was there; None: something is missing."""
        if self.certified_at is None or self.reviewed_at is None:
            return None
        return max(self.completed_at, self.certified_at, self.reviewed_at)


class First(Struct, frozen=True, gc=False):
    """What the incentive depends on. ``instead``: another class that has everything where ``of`` does not."""

    state: FirstState
    of: Completed | None = None
    instead: Completed | None = None

    @property
    def since(self) -> int | None:
        """Ready: since when; missing: when the class was completed."""
        if self.of is None:
            return None
        return self.of.ready_at if self.state == "ready" else self.of.completed_at


NOTHING: Final = First("none")


def first_of(completed: Iterable[Completed]) -> First:
    """The answer about a person from every class of theirs that was completed and not given back, in any order."""
    in_order = sorted(completed, key=lambda of: (of.completed_at, of.partner_id, of.class_code))
    if not in_order:
        return NOTHING
    first = in_order[0]
    if not first.missing:
        return First("ready", first)
    whole = [of for of in in_order if of.ready_at is not None]
    instead = min(whole, key=lambda of: (of.ready_at, of.partner_id, of.class_code), default=None)
    return First("missing", first, instead)


def completed_class(
    partner_id: int,
    class_code: str,
    evidence: ClassEvidence,
    catalogue: Catalogue,
    as_of: int | None = None,
) -> Completed | None:
    """A class of a person as far as it matters here (by ``as_of``); None: not completed, not bought, or given back."""
    record, withdrawn = evidence.record, evidence.withdrawn
    if record is None or not record.completed:
        return None
    completed = first_standing(record.completed, withdrawn, as_of)
    if completed is None or not is_active(class_code, evidence, catalogue, as_of):
        return None
    certificate = first_standing(record.certificates or (), withdrawn, as_of)
    review = first_standing(record.reviews or (), withdrawn, as_of)
    return Completed(
        completed.happened,
        partner_id,
        class_code,
        None if certificate is None else certificate.happened,
        None if review is None else review.happened,
    )


def is_active(
    class_code: str, evidence: ClassEvidence, catalogue: Catalogue, as_of: int | None
) -> bool:
    """Whether the class was bought in a purchase that was not given back."""
    for bought in evidence.purchases:
        of_class = purchase_of_class(bought, class_code, catalogue, evidence.withdrawn, as_of)
        if of_class is not None and of_class.refunded_at is None:
            return True
    return False


def is_purchased(
    class_code: str, evidence: ClassEvidence, catalogue: Catalogue, as_of: int | None
) -> bool:
    """Whether the class was bought, given back or not."""
    return any(
        purchase_of_class(bought, class_code, catalogue, evidence.withdrawn, as_of) is not None
        for bought in evidence.purchases
    )
