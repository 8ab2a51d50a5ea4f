"""What partners may tell about one participant, for property tests: any facts, in any mixture, with ties in time."""

from collections.abc import Sequence

from hypothesis import strategies as st

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
from tests.domain.story import PARTICIPANT, event

COMPOSITIONS = {"K-1": ("C-1", "C-2"), "K-2": ("C-2", "C-3"), "K-3": ("C-4",)}
"""What each package code is made of, nearly whenever it is published."""

CLASS_CODES = ("C-1", "C-2", "C-3", "C-4")
PURCHASE_IDS = ("INV-1", "INV-2", "INV-3")
EVENT_IDS = tuple(f"e{number}" for number in range(18))
CATALOGUE_IDS = tuple(f"k{number}" for number in range(7))
DAYS = 40
"""Events happen on whole days 0 to 40; packages may not be sold any more from day 28 on."""

codes = st.sampled_from(CLASS_CODES)
purchase_ids = st.sampled_from(PURCHASE_IDS)
subsets = st.lists(codes, min_size=1, max_size=3, unique=True).map(tuple)
prices = st.sampled_from((None, None, 0, 100, 333))
items = st.lists(
    st.tuples(codes, prices), min_size=1, max_size=3, unique_by=lambda item: item[0]
).map(tuple)
scores = st.sampled_from((0.0, 30.0, 59.0, 60.0, 75.0, 100.0))
ratings = st.integers(1, 5)
verdicts = st.sampled_from((None, None, True, False))
kinds = st.sampled_from(("pre_test", "assignment", "post_test", "performance"))

amounts = st.sampled_from((None, 0, 500, 500, 501, 502))
purchases = st.one_of(
    st.builds(PurchasePaid, purchase_ids, st.sampled_from(tuple(COMPOSITIONS)), st.none(), amounts),
    st.builds(
        PurchasePaid, purchase_ids, st.none() | st.sampled_from(tuple(COMPOSITIONS)), items, amounts
    ),
)
refunds = st.builds(PurchaseRefunded, purchase_ids, st.none() | subsets)
evidence: st.SearchStrategy[Fact] = st.one_of(
    st.builds(ClassRedeemed, codes),
    st.builds(ClassStarted, codes),
    st.builds(
        ClassAttended, codes, st.integers(1, 3), minutes=st.none() | st.sampled_from((0, 30, 90))
    ),
    st.builds(ClassProgressed, codes, percent=st.sampled_from((0.0, 40.0, 100.0))),
    st.builds(ClassProgressed, codes, unit=st.sampled_from(("1", 1, "intro"))),
    st.builds(ClassCompleted, codes),
    st.builds(ClassAssessed, codes, kinds, scores, passed=verdicts),
    st.builds(ClassAssessed, codes, kinds, passed=verdicts),
    st.builds(ClassAssessed, codes, kinds, st.just(3.0), st.just(1.0), st.just(5.0)),
    st.builds(CertificateIssued, codes, st.sampled_from(("N-1", "N-2"))),
    st.builds(ClassReviewed, codes, ratings, st.none() | ratings, st.none() | ratings),
)
voids = st.builds(
    EventVoided, st.sampled_from((*EVENT_IDS, *CATALOGUE_IDS, "never sent")), st.just("a mistake")
)
personal_facts: st.SearchStrategy[Fact] = st.one_of(purchases, evidence, refunds, voids, evidence)

published_classes = st.builds(
    ClassPublished,
    codes,
    st.sampled_from(("Baking", "Driving")),
    st.just("An institution"),
    move_on=st.sampled_from(
        ("Completed", "Passed", "CompletedAndPassed", "CompletedOrPassed", "NotApplicable")
    ),
    mastery_score=st.sampled_from((0.5, 0.6, 0.75)),
)
published_packages = st.builds(
    lambda code, class_codes, shuffled: PackagePublished(
        code, f"Package {code}", tuple(sorted(class_codes or COMPOSITIONS[code], reverse=shuffled))
    ),
    st.sampled_from(tuple(COMPOSITIONS)),
    st.none() | st.none() | subsets,
    st.booleans(),
)
catalogue_facts: st.SearchStrategy[Fact] = st.one_of(published_classes, published_packages)


def _events(
    facts: Sequence[Fact], days: Sequence[int], prefix: str, participant_id: str
) -> list[PartnerEvent]:
    return [
        event(number, fact, f"{prefix}{index}", of=participant_id)
        for index, (number, fact) in enumerate(zip(days, facts, strict=True))
    ]


@st.composite
def events(
    draw: st.DrawFn, facts: st.SearchStrategy[Fact], prefix: str, participant_id: str, most: int
) -> list[PartnerEvent]:
    told = draw(st.lists(facts, max_size=most))
    days = draw(st.lists(st.integers(0, DAYS), min_size=len(told), max_size=len(told)))
    return _events(told, days, prefix, participant_id)


def of_participant(participant_id: str = PARTICIPANT) -> st.SearchStrategy[list[PartnerEvent]]:
    """Events about one participant; their ids are among EVENT_IDS."""
    return events(personal_facts, "e", participant_id, len(EVENT_IDS))


def of_catalogue() -> st.SearchStrategy[list[PartnerEvent]]:
    """Publications of one partner, some in conflict with others; their ids are among CATALOGUE_IDS."""
    return events(catalogue_facts, "k", "", len(CATALOGUE_IDS))
