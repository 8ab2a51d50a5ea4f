"""Small random worlds: what one participant or two lived through at one partner, told in any order.

Every name in a world can be given the world's own mark, so that two tellings of the same events can stand side by
side in one database and be compared when the marks are taken off.
"""

import json
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from hypothesis import strategies as st
from msgspec.structs import replace

from domain.events import (
    CLASS_STREAM,
    PACKAGE_STREAM,
    PARTICIPANT_STREAM,
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

PARTNER: Final = "pintaria"
START: Final = 1_592_000_000_000_000
"""Two weeks before the package sales end, in microseconds."""
STEP: Final = 100_000_000_000
"""A little more than a day between events: some fall behind the sales end."""

CLASSES: Final = ("A", "B", "C")
PACKAGES: Final = {"K": ("A", "B"), "L": ("B", "C")}


class Told(NamedTuple):
    """One event without a mark: the kind of stream, the name in it, the fact."""

    kind: str
    name: str
    fact: Fact


classes = st.sampled_from(CLASSES)
packages = st.sampled_from(sorted(PACKAGES))
purchases = st.sampled_from(["P1", "P2", "P3"])
some_classes = st.lists(classes, min_size=1, max_size=2, unique=True)
people = st.sampled_from(["one", "one", "two"])


@st.composite
def paid(draw: st.DrawFn) -> Fact:
    package_code = draw(st.none() | packages)
    items = draw(some_classes) if package_code is None or draw(st.booleans()) else None
    priced = None if items is None else tuple((code, 1000) for code in items)
    return PurchasePaid(draw(purchases), package_code, priced, 5000)


@st.composite
def refunded(draw: st.DrawFn) -> Fact:
    codes = draw(st.none() | some_classes)
    return PurchaseRefunded(draw(purchases), None if codes is None else tuple(codes))


@st.composite
def reported(draw: st.DrawFn) -> Fact:
    code = draw(classes)
    fact: Fact = draw(
        st.sampled_from(
            [
                ClassRedeemed(code),
                ClassStarted(code),
                ClassAttended(code, 2, "online", 45),
                ClassProgressed(code, percent=40.0),
                ClassProgressed(code, unit="lesson 1"),
                ClassCompleted(code),
                ClassAssessed(code, "pre_test", raw=20.0),
                ClassAssessed(code, "post_test", raw=55.0),
                ClassAssessed(code, "post_test", raw=80.0, passed=False),
                ClassAssessed(code, "performance"),
                CertificateIssued(code, "no. 1"),
                ClassReviewed(code, 4),
            ]
        )
    )
    return fact


voided = st.integers(0, 12).map(lambda target: EventVoided(str(target), "a mistake"))

of_people = st.builds(
    Told,
    st.just(PARTICIPANT_STREAM),
    people,
    st.one_of(paid(), paid(), refunded(), reported(), reported(), voided),
)
of_packages = packages.map(
    lambda code: Told(PACKAGE_STREAM, code, PackagePublished(code, "package", PACKAGES[code]))
)
of_classes = st.builds(
    lambda code, where, mastery: Told(
        CLASS_STREAM, code, ClassPublished(code, f"title {mastery}", where, mastery_score=mastery)
    ),
    classes,
    st.sampled_from(["here", "there"]),
    st.sampled_from([0.5, 0.9]),
)

worlds: st.SearchStrategy[list[Told]] = st.lists(
    st.one_of(of_people, of_people, of_people, of_people, of_packages, of_classes),
    min_size=1,
    max_size=13,
)


retold: st.SearchStrategy[list[Told]] = st.lists(
    st.one_of(
        st.builds(
            lambda fact: Told(PARTICIPANT_STREAM, "one", replace(fact, purchase_id="P1")), paid()
        ),
        st.builds(
            lambda fact: Told(PARTICIPANT_STREAM, "one", replace(fact, purchase_id="P1")), paid()
        ),
        st.builds(Told, st.just(PARTICIPANT_STREAM), st.just("one"), voided),
        of_packages,
    ),
    min_size=2,
    max_size=9,
)
"""One purchase told again and again: under two packages, under none, by items or by composition, and withdrawn."""


def happened(index: int) -> int:
    """When the event with this number happened, in microseconds UTC."""
    return START + index * STEP


def events(world: Sequence[Told], mark: str) -> list[PartnerEvent]:
    """The events of a world in the order in which they happened, their ids the mark and their number."""
    return [
        PartnerEvent(
            PARTNER,
            f"{mark}{index}",
            happened(index),
            f"{told.kind}{mark}{told.name}",
            marked(told.fact, mark),
        )
        for index, told in enumerate(world)
    ]


def marked(fact: Fact, mark: str) -> Fact:
    """The fact with the mark in front of every name."""
    names = ("purchase_id", "package_code", "class_code", "target_id", "institution")
    changed: dict[str, Any] = {
        name: mark + value for name in names if (value := getattr(fact, name, None)) is not None
    }
    codes = getattr(fact, "class_codes", None)
    if codes is not None:
        changed["class_codes"] = tuple(mark + code for code in codes)
    items = getattr(fact, "items", None)
    if items is not None:
        changed["items"] = tuple((mark + code, price) for code, price in items)
    return replace(fact, **changed)


def unmarked(answer: Any, mark: str) -> Any:
    """The answer without the world's mark."""
    return json.loads(json.dumps(answer).replace(mark, ""))
