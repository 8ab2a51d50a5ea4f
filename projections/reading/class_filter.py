"""What a list of purchased classes is narrowed to: in SQL by columns, and in the end by the judgement."""

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from domain.answer import Answer
from domain.vocabulary import (
    FLAGS,
    AssessmentState,
    CompletionState,
    PurchaseState,
)
from projections.reading.by_partner import ALL_PARTNERS
from projections.reading.catalogue import Known
from projections.reading.instants import instant
from projections.status.record import ASSESSMENT_NUMBER, COMPLETION_NUMBER, PURCHASE_NUMBER


class Filter(Struct, frozen=True, kw_only=True):
    """What a list of purchased classes is narrowed to; None: not at all.

    ``purchase`` None leaves out evidence without a purchase. ``purchased_from`` (inclusive) and ``purchased_to``
    (exclusive) speak of the earliest purchase; ``stalled_since`` leaves active classes, neither completed nor failed,
    with no word from the partner since then: all in microseconds UTC. ``title`` is a part of it, in any case.
    """

    partner_ids: tuple[int, ...] = ALL_PARTNERS
    participant_id: str | None = None
    class_code: str | None = None
    institution: str | None = None
    title: str | None = None
    package_code: str | None = None
    purchase: PurchaseState | None = None
    completion: CompletionState | None = None
    assessment: AssessmentState | None = None
    flag: str | None = None
    purchased_from: int | None = None
    purchased_to: int | None = None
    stalled_since: int | None = None

    def admits(self, answer: Answer) -> bool:
        """Whether an answer is listed, as far as partner, participant and class do not decide."""
        if self.purchase is None:
            if answer.purchase == "none":
                return False
        elif answer.purchase != self.purchase or not (answer.purchases or answer.reported):
            return False
        if self.completion is not None and answer.completion != self.completion:
            return False
        if self.assessment is not None and answer.assessment.state != self.assessment:
            return False
        if self.flag is not None and not answer.flags >> FLAGS.index(self.flag) & 1:
            return False
        return self._admits_silence(answer) and self._admits_purchases(answer)

    def _admits_silence(self, answer: Answer) -> bool:
        if self.stalled_since is None:
            return True
        return (
            answer.purchase == "active"
            and answer.completion != "completed"
            and answer.assessment.state != "failed"
            and (answer.last_reported_at is None or answer.last_reported_at < self.stalled_since)
        )

    def _admits_purchases(self, answer: Answer) -> bool:
        bought = answer.purchases
        if self.package_code is not None and all(
            purchase.package_code != self.package_code for purchase in bought
        ):
            return False
        if self.purchased_from is None and self.purchased_to is None:
            return True
        if not bought:
            return False
        earliest = bought[0].purchased_at
        return (self.purchased_from is None or earliest >= self.purchased_from) and (
            self.purchased_to is None or earliest < self.purchased_to
        )

    def codes(self, known: Known, partner_id: int, as_of: int | None) -> list[str] | None:
        """The partner's classes that are wanted (by ``as_of``), in order; None: all."""
        if self.institution is None and self.title is None:
            return None if self.class_code is None else [self.class_code]
        catalogue = known.of(partner_id).catalogue
        candidates = catalogue.classes if self.class_code is None else (self.class_code,)
        found = []
        for code in candidates:
            terms = catalogue.terms(code, as_of)
            if self.institution is not None and terms.institution != self.institution:
                continue
            if titled(terms.title, self.title):
                found.append(code)
        return sorted(found)

    def columns(self, codes: Sequence[str] | None) -> tuple[Any, ...]:
        """The values of ``filters`` in purchased_classes.sql."""
        states: Sequence[PurchaseState] = (
            ("active", "refunded") if self.purchase is None else (self.purchase,)
        )
        if self.stalled_since is not None:
            states = [state for state in states if state == "active"]
        return (
            [PURCHASE_NUMBER[state] for state in states],
            None if self.completion is None else COMPLETION_NUMBER[self.completion],
            None if self.assessment is None else ASSESSMENT_NUMBER[self.assessment],
            None if self.flag is None else 1 << FLAGS.index(self.flag),
            self.package_code,
            instant(self.purchased_from),
            instant(self.purchased_to),
            codes,
            self.stalled_since is not None,
        )

    def is_of_nothing(self) -> bool:
        """Whether no row can be wanted: a class that nobody reported on was not assessed."""
        return self.completion == "never_reported" and self.assessment not in {
            None,
            "not_assessed",
        }

    def is_of_reported(self) -> bool:
        """Whether only classes are wanted that the partner reported anything on."""
        return self.completion in {"in_progress", "completed"} or (
            self.assessment in {"assessed", "passed", "failed"}
        )

    def is_of_few(self) -> bool:
        """Whether only rows are wanted that the index of unusual rows has (projections/storage/tables.sql)."""
        return (
            self.purchase not in {None, "active"}
            or self.assessment == "assessed"
            or self.flag not in {None, "completed_without_assessment"}
        )


def titled(title: str | None, part: str | None) -> bool:
    """Whether a title (None: not published) has a part in it, in any case; None: no part is asked for."""
    return part is None or (title is not None and part.casefold() in title.casefold())


def only(codes: Sequence[str] | None) -> tuple[Any, ...]:
    """The values of ``filters`` in purchased_classes.sql, none of them set but the classes."""
    return (*(None,) * 7, codes, None)
