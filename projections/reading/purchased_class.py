"""One purchased class as the contract shows it (section 3, "One purchased class")."""

from datetime import datetime
from urllib.parse import quote

from msgspec import Struct

from domain.answer import Answer, flag_names, judge
from domain.vocabulary import PARTNER_CODES, AssessmentState, CompletionState, PurchaseState
from projections.evidence import Evidence
from projections.reading.instants import instant
from projections.record import Rules


class Purchase(Struct, frozen=True, gc=False):
    """One purchase of the class."""

    purchase_id: str
    purchased_at: datetime
    package_code: str | None
    refunded_at: datetime | None


class Completion(Struct, frozen=True, gc=False):
    """``percent`` is the highest reported, ``units_done`` counts distinct units."""

    state: CompletionState
    at: datetime | None
    percent: int | float | None
    units_done: int


class Assessment(Struct, frozen=True, gc=False):
    """``at`` is the earliest passing result, else the latest. Scaled scores are 0 to 1."""

    state: AssessmentState
    at: datetime | None
    best_scaled: int | float | None
    attempts: int
    pre_test_scaled: int | float | None


class Review(Struct, frozen=True, gc=False):
    """The latest review."""

    rating: int
    at: datetime


class Certificate(Struct, frozen=True, gc=False):
    """The latest certificate."""

    certificate_no: str
    at: datetime


class PurchasedClass(Struct, frozen=True, gc=False):
    """One class of one participant at one partner. ``history`` leads to each event behind the answer."""

    partner: str
    participant_id: str
    class_code: str
    title: str | None
    institution: str | None
    purchases: list[Purchase]
    purchase: PurchaseState
    completion: Completion
    assessment: Assessment
    review: Review | None
    certificate: Certificate | None
    satisfied: bool
    flags: list[str]
    history: str


def history_path(partner: str, participant_id: str, class_code: str) -> str:
    """The path of a class's history."""
    participant, code = quote(participant_id, safe=""), quote(class_code, safe="")
    return f"/v1/participants/{participant}/classes/{partner}/{code}/history"


def answer_of(class_code: str, evidence: Evidence, rules: Rules, as_of: int | None) -> Answer:
    """The answer about one row's class by ``as_of`` (microseconds UTC; None: by all that is known)."""
    return judge(
        class_code,
        evidence.record,
        evidence.purchases,
        rules.catalogue,
        rules.package_sales_end,
        as_of,
    )


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
    of = answer.assessment
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
        history_path(partner, participant_id, class_code),
    )


def _number(value: float | None) -> int | float | None:
    """100 rather than 100.0, as people write it."""
    return int(value) if value is not None and value == int(value) else value
