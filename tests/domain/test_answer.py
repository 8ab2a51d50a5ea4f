"""The answer about one class, rule by rule (contract section 3)."""

from typing import Any

import pytest

from domain import answer
from domain.assessment import Assessment
from domain.events import (
    CertificateIssued,
    ClassAssessed,
    ClassAttended,
    ClassCompleted,
    ClassProgressed,
    ClassPublished,
    ClassRedeemed,
    ClassReviewed,
    ClassStarted,
    EventVoided,
    Fact,
    PackagePublished,
    PartnerEvent,
    PurchasePaid,
    PurchaseRefunded,
)
from domain.vocabulary import FLAGS, MoveOn
from tests.domain.story import (
    SALES_END,
    catalogue_state,
    day,
    event,
    evidence_of,
    is_catalogue,
    participant_state,
)

BOUGHT = event(1, PurchasePaid("INV-1", None, (("C-1", 100_000),)))
IN_PACKAGE = event(1, PurchasePaid("INV-1", "K-1"))
BUNDLE = event(0, PackagePublished("K-1", "For drivers", ("C-1", "C-2")))
COMPLETED = event(3, ClassCompleted("C-1"))
POST_TEST = event(4, ClassAssessed("C-1", "post_test", 80.0))
CERTIFICATE = event(5, CertificateIssued("C-1", "N-1"))


def answered(*events: PartnerEvent, as_of: float | None = None, code: str = "C-1") -> answer.Answer:
    """The answer about a class after the events, whether of the participant or of the catalogue."""
    state = participant_state(*(e for e in events if not is_catalogue(e)))
    known = catalogue_state(*(e for e in events if is_catalogue(e)))
    return answer.judge(
        code,
        evidence_of(state, code, known),
        known,
        SALES_END,
        None if as_of is None else day(as_of),
    )


def flags(*events: PartnerEvent, code: str = "C-1") -> list[str]:
    return answer.flag_names(answered(*events, code=code).flags)


def result(number: float, kind: Any, raw: float | None = None, **more: Any) -> PartnerEvent:
    return event(number, ClassAssessed("C-1", kind, raw, **more))


class TestCompletion:
    def test_silence_is_not_failure(self) -> None:
        given = answered(BOUGHT)
        assert (given.completion, given.completed_at, given.reported) == (
            "never_reported",
            None,
            False,
        )

    @pytest.mark.parametrize(
        "fact",
        [
            ClassRedeemed("C-1"),
            ClassStarted("C-1"),
            ClassAttended("C-1", 1, "online", 90),
            ClassProgressed("C-1", 100.0),
            ClassProgressed("C-1", unit="1"),
            ClassAssessed("C-1", "pre_test", 10.0),
            ClassAssessed("C-1", "post_test", 100.0),
            CertificateIssued("C-1", "N-1"),
            ClassReviewed("C-1", 5),
        ],
        ids=repr,
    )
    def test_anything_else_reported_is_progress(self, fact: Fact) -> None:
        assert answered(BOUGHT, event(2, fact)).completion == "in_progress"

    def test_it_is_completed_at_the_earliest_report(self) -> None:
        given = answered(
            event(9, ClassCompleted("C-1")), COMPLETED, event(7, ClassCompleted("C-1"))
        )
        assert (given.completion, given.completed_at) == ("completed", day(3))

    def test_percent_is_the_highest_and_units_are_counted_once_as_sent(self) -> None:
        told = [
            event(number, ClassProgressed("C-1", percent, unit))
            for number, (percent, unit) in enumerate(
                [(10.0, None), (70.0, "1"), (40.0, 1), (None, "1"), (None, "intro")]
            )
        ]
        given = answered(*told)
        assert (given.percent, given.units_done) == (70.0, 3)


class TestAssessment:
    @pytest.mark.parametrize(
        ("told", "state", "at", "best_scaled", "attempts", "pre_test_scaled"),
        [
            ([], "not_assessed", None, None, 0, None),
            ([result(1, "pre_test", 35.0)], "not_assessed", None, None, 0, 0.35),
            ([result(1, "assignment", 90.0)], "not_assessed", None, None, 0, None),
            ([result(1, "post_test", 60.0)], "passed", 1, 0.6, 1, None),
            ([result(1, "post_test", 59.9)], "failed", 1, 0.599, 1, None),
            ([result(1, "performance", 3.0, minimum=1.0, maximum=5.0)], "failed", 1, 0.5, 1, None),
            ([result(1, "performance", 3.4, minimum=1, maximum=4)], "passed", 1, 0.8, 1, None),
            ([result(1, "post_test", 1.4, minimum=0.8, maximum=1.8)], "passed", 1, 0.6, 1, None),
            ([result(1, "post_test")], "assessed", 1, None, 1, None),
            ([result(1, "post_test", passed=True)], "passed", 1, None, 1, None),
            ([result(1, "post_test", passed=False)], "failed", 1, None, 1, None),
            ([result(1, "post_test", 10.0, passed=True)], "passed", 1, 0.1, 1, None),
            ([result(1, "post_test", 90.0, passed=False)], "failed", 1, 0.9, 1, None),
            ([result(1, "post_test"), result(2, "post_test")], "assessed", 2, None, 2, None),
            ([result(1, "post_test", 20.0), result(2, "post_test")], "failed", 2, 0.2, 2, None),
            (
                [result(1, "post_test", 20.0), result(2, "performance", 30.0)],
                "failed",
                2,
                0.3,
                2,
                None,
            ),
            (
                [
                    result(4, "post_test", 90.0),
                    result(2, "post_test", 70.0),
                    result(1, "post_test"),
                ],
                "passed",
                2,
                0.9,
                3,
                None,
            ),
            (
                [result(3, "pre_test", 50.0), result(2, "pre_test"), result(4, "pre_test", 20.0)],
                "not_assessed",
                None,
                None,
                0,
                0.5,
            ),
        ],
    )
    def test_state_time_and_figures(
        self,
        told: list[PartnerEvent],
        state: str,
        at: float | None,
        best_scaled: float | None,
        attempts: int,
        pre_test_scaled: float | None,
    ) -> None:
        assert answered(BOUGHT, *told).assessment == Assessment(
            state,  # type: ignore[arg-type]
            None if at is None else day(at),
            best_scaled,
            attempts,
            pre_test_scaled,
        )

    def test_the_class_says_what_mastery_is_and_the_partner_may_overrule(self) -> None:
        strict = event(0, ClassPublished("C-1", "t", "i", mastery_score=0.9))
        assert answered(strict, POST_TEST).assessment.state == "failed"
        overruled = result(5, "post_test", 80.0, passed=True)
        assert answered(strict, POST_TEST, overruled).assessment.state == "passed"


class TestSatisfied:
    @pytest.mark.parametrize(
        ("move_on", "neither", "completed", "passed", "both"),
        [
            ("Completed", False, True, False, True),
            ("Passed", False, False, True, True),
            ("CompletedAndPassed", False, False, False, True),
            ("CompletedOrPassed", False, True, True, True),
            ("NotApplicable", True, True, True, True),
            (None, False, False, False, True),
        ],
    )
    @pytest.mark.parametrize("assessment", ["passed", "failed", "assessed", "not_assessed"])
    @pytest.mark.parametrize("completion", ["completed", "in_progress", "never_reported"])
    def test_move_on_over_completion_and_assessment(
        self,
        move_on: MoveOn | None,
        neither: bool,
        completed: bool,
        passed: bool,
        both: bool,
        completion: str,
        assessment: str,
    ) -> None:
        told = [BOUGHT]
        if move_on:
            told.append(event(0, ClassPublished("C-1", "t", "i", move_on=move_on)))
        if completion == "completed":
            told.append(COMPLETED)
        elif completion == "in_progress":
            told.append(event(2, ClassRedeemed("C-1")))
        if assessment != "not_assessed":
            verdict = {"passed": True, "failed": False, "assessed": None}[assessment]
            told.append(result(4, "post_test", passed=verdict))
        expected = [[neither, passed], [completed, both]][completion == "completed"][
            assessment == "passed"
        ]
        assert answered(*told).satisfied is expected


class TestPurchases:
    def test_items_name_the_classes_even_of_a_package(self) -> None:
        told = event(1, PurchasePaid("INV-1", "K-1", (("C-1", None),)))
        (bought,) = answered(BUNDLE, told).purchases
        assert bought == answer.PurchaseOfClass("INV-1", day(1), "K-1", None)
        assert answered(BUNDLE, told, code="C-2").purchases == ()

    @pytest.mark.parametrize("package_first", [False, True])
    def test_a_package_names_its_classes_as_soon_as_it_is_known(self, package_first: bool) -> None:
        assert answered(IN_PACKAGE).purchase == "none"
        told = [BUNDLE, IN_PACKAGE] if package_first else [IN_PACKAGE, BUNDLE]
        assert answered(*told).purchase == "active"
        assert answered(*told, code="C-2").purchase == "active"
        assert answered(*told, code="C-3").purchase == "none"

    def test_the_earliest_time_stands_and_later_reports_add_classes(self) -> None:
        told = (
            event(5, PurchasePaid("INV-1", None, (("C-1", None),))),
            event(2, PurchasePaid("INV-1", None, (("C-2", None),))),
            event(7, PurchasePaid("INV-1", "K-1", (("C-1", None), ("C-3", None)))),
        )
        assert answered(*told).purchases == (answer.PurchaseOfClass("INV-1", day(2), None, None),)
        assert answered(*told, code="C-3").purchases == (
            answer.PurchaseOfClass("INV-1", day(2), "K-1", None),
        )

    @pytest.mark.parametrize(
        ("refund", "first", "second"),
        [
            (None, "refunded", "refunded"),
            (("C-1",), "refunded", "active"),
            (("C-2",), "active", "refunded"),
            (("C-9",), "active", "active"),
        ],
    )
    def test_a_refund_is_of_the_purchase_or_of_some_classes(
        self, refund: tuple[str, ...] | None, first: str, second: str
    ) -> None:
        told = (BUNDLE, IN_PACKAGE, event(6, PurchaseRefunded("INV-1", refund)))
        assert answered(*told).purchase == first
        assert answered(*told, code="C-2").purchase == second

    def test_the_earliest_refund_counts(self) -> None:
        (bought,) = answered(
            BOUGHT,
            event(8, PurchaseRefunded("INV-1")),
            event(6, PurchaseRefunded("INV-1", ("C-1",))),
            event(4, PurchaseRefunded("INV-2")),
        ).purchases
        assert bought.refunded_at == day(6)

    def test_one_purchase_that_stands_is_enough(self) -> None:
        again = event(9, PurchasePaid("INV-2", None, (("C-1", None),)))
        given = answered(BOUGHT, event(6, PurchaseRefunded("INV-1")), again)
        assert given.purchase == "active"
        assert [p.purchase_id for p in given.purchases] == ["INV-1", "INV-2"]

    def test_they_stand_in_order_of_time_then_id(self) -> None:
        told = [event(2, PurchasePaid(i, None, (("C-1", None),))) for i in ("INV-3", "INV-2")]
        earliest = event(1, PurchasePaid("INV-9", None, (("C-1", None),)))
        given = answered(*told, earliest)
        assert [p.purchase_id for p in given.purchases] == ["INV-9", "INV-2", "INV-3"]


AFTER_END = event(29, PurchasePaid("INV-2", "K-1"))
REFUND = event(6, PurchaseRefunded("INV-1"))


class TestFlags:
    @pytest.mark.parametrize(
        ("told", "raised"),
        [
            ([BOUGHT], []),
            ([BOUGHT, COMPLETED, POST_TEST, CERTIFICATE], []),
            ([CERTIFICATE], ["certificate_without_completion"]),
            ([COMPLETED], ["completed_without_assessment"]),
            ([COMPLETED, result(4, "pre_test", 1.0)], ["completed_without_assessment"]),
            ([COMPLETED, result(4, "post_test")], []),
            ([BUNDLE, IN_PACKAGE], []),
            ([BUNDLE, AFTER_END], ["package_after_sales_end"]),
            ([BUNDLE, IN_PACKAGE, AFTER_END], ["package_after_sales_end", "purchased_twice"]),
            (
                [BOUGHT, event(29, PurchasePaid("INV-2", None, (("C-1", None),)))],
                ["purchased_twice"],
            ),
            ([BOUGHT, event(2, PurchasePaid("INV-1", None, (("C-1", None),)))], []),
            ([BOUGHT, event(0.5, ClassRedeemed("C-1"))], ["evidence_before_purchase"]),
            ([BOUGHT, event(1, ClassRedeemed("C-1"))], []),
            ([BOUGHT, REFUND, event(6, ClassRedeemed("C-1"))], []),
            ([BOUGHT, REFUND, event(7, ClassRedeemed("C-1"))], ["evidence_after_refund"]),
            ([event(7, ClassRedeemed("C-1")), REFUND], []),
            (
                [
                    BOUGHT,
                    REFUND,
                    event(8, PurchasePaid("INV-2", None, (("C-1", None),))),
                    event(9, ClassRedeemed("C-1")),
                ],
                ["purchased_twice"],
            ),
            (
                [
                    BOUGHT,
                    REFUND,
                    event(8, PurchasePaid("INV-2", None, (("C-1", None),))),
                    event(12, PurchaseRefunded("INV-2")),
                    event(10, ClassRedeemed("C-1")),
                ],
                ["purchased_twice"],
            ),
        ],
    )
    def test_raised(self, told: list[PartnerEvent], raised: list[str]) -> None:
        assert flags(*told) == raised

    def test_the_sales_end_itself_is_after(self) -> None:
        at_end = PartnerEvent("", "e", SALES_END, "", PurchasePaid("INV-1", "K-1"))
        before = PartnerEvent("", "e", SALES_END - 1, "", PurchasePaid("INV-1", "K-1"))
        assert flags(BUNDLE, at_end) == ["package_after_sales_end"]
        assert flags(BUNDLE, before) == []

    def test_bits_are_named_in_the_order_of_the_contract(self) -> None:
        assert answer.flag_names(2 ** len(FLAGS) - 1) == list(FLAGS)
        assert answer.flag_names(0) == []


class TestReviewAndCertificate:
    def test_the_latest_time_stands(self) -> None:
        given = answered(
            event(9, ClassReviewed("C-1", 2, 3, None)),
            event(8, ClassReviewed("C-1", 5, 4, 4)),
            event(7, CertificateIssued("C-1", "N-2")),
            CERTIFICATE,
        )
        assert (given.rating, given.instructor_rating, given.facility_rating) == (2, 3, None)
        assert given.reviewed_at == day(9)
        assert (given.certificate_no, given.certificate_at) == ("N-2", day(7))


class TestVoids:
    @pytest.mark.parametrize(
        ("target", "field", "before", "after"),
        [
            (BOUGHT, "purchase", "active", "none"),
            (COMPLETED, "completion", "completed", "in_progress"),
            (CERTIFICATE, "certificate_no", "N-1", None),
        ],
    )
    def test_a_withdrawn_fact_counts_no_more_from_then_on(
        self, target: PartnerEvent, field: str, before: Any, after: Any
    ) -> None:
        told = (BOUGHT, COMPLETED, POST_TEST, CERTIFICATE)
        void = event(20, EventVoided(target.event_id, "mistake"))
        assert getattr(answered(*told), field) == before
        assert getattr(answered(*told, void), field) == after
        assert getattr(answered(void, *told), field) == after
        assert getattr(answered(*told, void, as_of=20), field) == after
        assert getattr(answered(*told, void, as_of=19.99), field) == before

    def test_a_withdrawn_refund_leaves_the_purchase_active(self) -> None:
        void = event(20, EventVoided(REFUND.event_id, "mistake"))
        assert answered(BOUGHT, REFUND).purchase == "refunded"
        assert answered(BOUGHT, REFUND, void).purchase == "active"

    def test_the_earliest_purchase_may_be_withdrawn(self) -> None:
        later = event(4, PurchasePaid("INV-1", "K-1", (("C-1", None),)))
        void = event(20, EventVoided(BOUGHT.event_id, "mistake"))
        (bought,) = answered(BOUGHT, later, void).purchases
        assert (bought.purchased_at, bought.package_code) == (day(4), "K-1")

    def test_a_void_before_its_target_withdraws_it_from_the_start(self) -> None:
        void = event(2, EventVoided(COMPLETED.event_id, "mistake"))
        for as_of in (2, 3, 4):
            assert answered(BOUGHT, void, COMPLETED, as_of=as_of).completion == "never_reported"


class TestAsOf:
    def test_each_day_has_its_own_answer(self) -> None:
        told = (
            event(0, ClassPublished("C-1", "t", "i", mastery_score=0.9)),
            event(2, BUNDLE.fact),
            IN_PACKAGE,
            COMPLETED,
            POST_TEST,
            event(5, ClassPublished("C-1", "t", "i", mastery_score=0.7)),
            REFUND,
        )
        seen = [
            (given.purchase, given.completion, given.assessment.state, given.satisfied)
            for given in (answered(*told, as_of=number) for number in range(7))
        ]
        assert seen == [
            ("none", "never_reported", "not_assessed", False),
            ("none", "never_reported", "not_assessed", False),
            ("active", "never_reported", "not_assessed", False),
            ("active", "completed", "not_assessed", False),
            ("active", "completed", "failed", False),
            ("active", "completed", "passed", True),
            ("refunded", "completed", "passed", True),
        ]

    def test_the_instant_itself_is_included(self) -> None:
        assert answered(BOUGHT, as_of=1).purchase == "active"
        assert answered(BOUGHT, as_of=1 - 1e-9).purchase == "none"
