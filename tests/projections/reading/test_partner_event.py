"""Stored facts are shown in the words in which the partner sent them."""

import json
from typing import Any

import pytest

from domain.events import (
    CertificateIssued,
    ClassAssessed,
    ClassAttended,
    ClassCompleted,
    ClassProgressed,
    ClassRedeemed,
    ClassReviewed,
    ClassStarted,
    EventVoided,
    Fact,
    PartnerEvent,
    PurchasePaid,
    PurchaseRefunded,
)
from projections.reading.partner_event import data_of, type_of
from services.cloudevents.decode import decode

FACTS_SENT: tuple[Fact, ...] = (
    PurchasePaid("P-1", "K-1", None, 1_000_000),
    PurchasePaid("P-1", None, (("C-1", 5), ("C-2", None))),
    PurchaseRefunded("P-1"),
    PurchaseRefunded("P-1", ("C-1",), "changed their mind"),
    ClassRedeemed("C-1", "RC-1", "P-1"),
    ClassStarted("C-1", "P-1"),
    ClassAttended("C-1", 3, "online", 90),
    ClassAttended("C-1", 998),
    ClassProgressed("C-1", percent=12.5),
    ClassProgressed("C-1", unit=3),
    ClassProgressed("C-1", percent=0.0, unit="lesson 1"),
    ClassCompleted("C-1"),
    ClassAssessed("C-1", "post_test", 7.5, 0, 10, True, 2),
    ClassAssessed("C-1", "assignment"),
    CertificateIssued("C-1", "NO/1"),
    ClassReviewed("C-1", 5, 4, 3, "good"),
    EventVoided("e-9", "sent by mistake"),
)


@pytest.mark.parametrize("fact", FACTS_SENT, ids=repr)
def test_sent_again_it_is_the_same_fact(fact: Fact) -> None:
    body: dict[str, Any] = {
        "specversion": "1.0",
        "id": "e-1",
        "source": "/partners/pintaria",
        "type": type_of(fact),
        "time": "2020-06-30T00:00:00+07:00",
        "data": data_of(fact, "PRK-1"),
    }
    event = decode("pintaria", None, (), json.dumps(body).encode())
    assert isinstance(event, PartnerEvent), event
    assert event.fact == fact
    assert event.unknown_fields == 0
    assert event.stream == "p:PRK-1"


@pytest.mark.parametrize("fact", FACTS_SENT, ids=repr)
def test_what_was_not_sent_is_not_shown(fact: Fact) -> None:
    assert None not in data_of(fact, "PRK-1").values()
