"""One purchased class as the contract shows it (section 3, "One purchased class")."""

from datetime import datetime
from typing import Annotated

from msgspec import Struct

from domain.answer import Answer, flag_names, judge
from domain.class_evidence import ClassEvidence
from domain.money import PRICE_IS, Money, PriceIs
from domain.vocabulary import PARTNER_CODES, AssessmentState, CompletionState, PurchaseState
from projections.reading.instants import instant
from projections.reading.meaning import means
from projections.reading.paths import part
from projections.status.record import Rules


class Purchase(Struct, frozen=True, gc=False):
    """One purchase of the class."""

    purchase_id: Annotated[str, means("The order, unique within its partner.")]
    purchased_at: Annotated[datetime, means("When it was paid: the earliest payment that stands.")]
    package_code: Annotated[
        str | None, means("The package it was bought in; null: bought by itself.")
    ]
    refunded_at: Annotated[datetime | None, means("When this class was first refunded.")]


class Completion(Struct, frozen=True, gc=False):
    """``percent`` is the highest reported, ``units_done`` counts distinct units."""

    state: Annotated[
        CompletionState,
        means("Whether a completion was reported; silence is never_reported, not failure."),
    ]
    at: Annotated[datetime | None, means("The earliest reported completion.")]
    percent: Annotated[
        int | float | None, means("The highest reported progress, percent, 0 to 100.")
    ]
    units_done: Annotated[int, means("Distinct units (lessons) reported as done.")]


class Assessment(Struct, frozen=True, gc=False):
    """``at`` is the earliest passing result, else the latest. Scaled scores are 0 to 1."""

    state: Annotated[AssessmentState, means("What the post-test and the performance task say.")]
    at: Annotated[datetime | None, means("The earliest passing result, else the latest.")]
    best_scaled: Annotated[
        int | float | None, means("The highest result, (raw − min) / (max − min), 0 to 1.")
    ]
    attempts: Annotated[int, means("Results that assess the class.")]
    pre_test_scaled: Annotated[int | float | None, means("The earliest pre-test's result, 0 to 1.")]


class Attendance(Struct, frozen=True, gc=False):
    """At which meetings of the class the participant was: evidence, never a completion."""

    sessions: Annotated[int, means("Meetings of the class that the participant was at, by number.")]
    first_at: Annotated[datetime | None, means("The earliest attendance; null: none.")]
    last_at: Annotated[datetime | None, means("The latest attendance; null: none.")]
    minutes: Annotated[
        int | None,
        means("How long in all, of each meeting the most that was reported; null: not said."),
    ]


class Review(Struct, frozen=True, gc=False):
    """The latest review."""

    rating: Annotated[
        int, means("What the participant gave the programme, 1 to 5: the latest review.")
    ]
    at: Annotated[datetime, means("When the latest review was given.")]


class Certificate(Struct, frozen=True, gc=False):
    """The latest certificate."""

    certificate_no: Annotated[str, means("The number of the latest certificate.")]
    at: Annotated[datetime, means("When the latest certificate was issued.")]


class ClassMoney(Struct, frozen=True, gc=False):
    """What was paid for the class over its purchases, whole rupiah (contract section 3a)."""

    paid: Annotated[int, means("What was paid for the class in all its purchases, whole rupiah.")]
    refunded: Annotated[int, means("Of it, what was paid in purchases that were refunded.")]
    net: Annotated[int, means("paid less refunded.")]
    price_is: Annotated[
        PriceIs | None,
        means(
            "How the prices are known, the weakest: stated by the partner, allocated (a share of a payment's amount)"
            " or unpriced; null: not purchased."
        ),
    ]


def class_money(of: Money) -> ClassMoney:
    """The money of classes in the contract's shape."""
    return ClassMoney(
        of.paid, of.refunded, of.net, None if of.price_is is None else PRICE_IS[of.price_is]
    )


class PurchasedClass(Struct, frozen=True, gc=False):
    """One class of one participant at one partner. ``history`` leads to each event behind the answer."""

    partner: Annotated[str, means("The platform that sold the class.")]
    participant_id: Annotated[str, means("The person's pseudonym.")]
    class_code: Annotated[str, means("The class, unique within its partner.")]
    title: Annotated[str | None, means("The class's title; null: not published.")]
    institution: Annotated[str | None, means("Who teaches the class; null: not published.")]
    purchases: Annotated[list[Purchase], means("Every purchase of the class, the earliest first.")]
    purchase: Annotated[
        PurchaseState,
        means("active, refunded (every purchase was), or none (evidence without a purchase)."),
    ]
    completion: Annotated[Completion, means("How far the participant came.")]
    assessment: Annotated[Assessment, means("How the participant did.")]
    review: Annotated[
        Review | None, means("What the participant thought of the class; null: no review.")
    ]
    certificate: Annotated[Certificate | None, means("The certificate; null: none was issued.")]
    satisfied: Annotated[
        bool, means("Whether the class's own rule (move_on) holds over completion and assessment.")
    ]
    flags: Annotated[list[str], means("What does not fit together.")]
    money: Annotated[ClassMoney, means("What was paid for the class, in rupiah.")]
    last_reported_at: Annotated[
        datetime | None, means("The latest that the partner reported of it; null: nothing.")
    ]
    attendance: Annotated[Attendance, means("At which meetings the participant was.")]
    history: Annotated[str, means("Path of the route with each event behind this row.")]


def history_path(partner: str, participant_id: str, class_code: str) -> str:
    """The path of a class's history."""
    participant, code = part(participant_id), part(class_code)
    return f"/v1/participants/{participant}/classes/{partner}/{code}/history"


def answer_of(class_code: str, evidence: ClassEvidence, rules: Rules, as_of: int | None) -> Answer:
    """The answer about a class by ``as_of`` (microseconds UTC; None: by all that is known)."""
    return judge(class_code, evidence, rules.catalogue, rules.package_sales_end, as_of)


def shown(
    partner_id: int,
    participant_id: str,
    class_code: str,
    answer: Answer,
    rules: Rules,
    as_of: int | None,
) -> PurchasedClass:
    """The answer in the contract's shape."""
    partner = PARTNER_CODES[partner_id]
    terms = rules.catalogue.terms(class_code, as_of)
    of, attended = answer.assessment, answer.attended
    return PurchasedClass(
        partner,
        participant_id,
        class_code,
        terms.title,
        terms.institution,
        [
            Purchase(
                bought.purchase_id,
                instant(bought.purchased_at),
                bought.package_code,
                instant(bought.refunded_at),
            )
            for bought in answer.purchases
        ],
        answer.purchase,
        Completion(
            answer.completion,
            instant(answer.completed_at),
            _number(answer.percent),
            answer.units_done,
        ),
        Assessment(
            of.state,
            instant(of.at),
            _number(of.best_scaled),
            of.attempts,
            _number(of.pre_test_scaled),
        ),
        None
        if answer.rating is None or answer.reviewed_at is None
        else Review(answer.rating, instant(answer.reviewed_at)),
        None
        if answer.certificate_no is None or answer.certificate_at is None
        else Certificate(answer.certificate_no, instant(answer.certificate_at)),
        answer.satisfied,
        flag_names(answer.flags) if answer.flags else [],
        class_money(answer.money),
        instant(answer.last_reported_at),
        Attendance(
            attended.sessions,
            instant(attended.first_at),
            instant(attended.last_at),
            attended.minutes,
        ),
        history_path(partner, participant_id, class_code),
    )


def _number(value: float | None) -> int | float | None:
    """100 rather than 100.0, as people write it."""
    return int(value) if value is not None and value == int(value) else value
