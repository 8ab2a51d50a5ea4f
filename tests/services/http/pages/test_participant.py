"""A participant's page can be read aloud: what happened in order of time, and why each state is so."""

from domain.events import (
    PARTICIPANT_STREAM,
    CertificateIssued,
    ClassAssessed,
    ClassCompleted,
    ClassPublished,
    ClassReviewed,
    Fact,
    PartnerEvent,
    PurchasePaid,
    PurchaseRefunded,
)
from tests.services.http.conftest import TOKENS, Api
from tests.services.http.desk import Desk
from tests.services.http.pages.reading import read, shown

DAY = 86_400_000_000
MAY = 1_588_291_200_000_000
"""2020-05-01T00:00:00Z."""


def event(partner: str, day: int, fact: Fact) -> PartnerEvent:
    who = f"{PARTICIPANT_STREAM}PRK-1"
    return PartnerEvent(partner, f"{partner} {day} {fact.topic}", MAY + day * DAY, who, fact)


def tell(desk: Desk) -> None:
    terms = ClassPublished("C-1", "Memasak", "Balai A")
    desk.send(
        desk.lane("sisnaker"),
        PartnerEvent("sisnaker", "terms", MAY, "c:C-1", terms),
        event("sisnaker", 0, PurchasePaid("I-1", None, (("C-1", 5_000),))),
        event("sisnaker", 7, ClassReviewed("C-1", 4)),
        event("sisnaker", 5, ClassCompleted("C-1")),
        event("sisnaker", 6, CertificateIssued("C-1", "S-77")),
        event("sisnaker", 4, ClassAssessed("C-1", "post_test", 80, 0, 100)),
    )
    desk.send(
        desk.lane("tokopedia"),
        event("tokopedia", 1, PurchasePaid("T-1", None, (("C-9", 7_000),))),
        event("tokopedia", 3, PurchaseRefunded("T-1")),
    )
    desk.add_up()


def test_what_happened_is_told_in_order_across_partners(desk: Desk, api: Api) -> None:
    tell(desk)
    page = shown(api, "/participants/PRK-1/classes")
    start = page.text.index("What happened, in order")
    story = page.text[start : page.text.index("Each source leads")]
    sentences = [
        "1 May 2020: the class Memasak was bought at Sisnaker, in purchase I-1.",
        "2 May 2020: the class C-9 was bought at Tokopedia, in purchase T-1.",
        "4 May 2020: purchase T-1 of the class C-9 was given back.",
        "5 May 2020: the class Memasak was passed.",
        "6 May 2020: the class Memasak was completed, as Sisnaker reported.",
        "7 May 2020: the certificate S-77 of the class Memasak was issued.",
        "8 May 2020: the class Memasak was given 4 of 5 stars.",
    ]
    places = [story.index(sentence) for sentence in sentences]
    assert places == sorted(places)
    assert story.count("2020:") == len(sentences)
    assert "/participants/PRK-1/classes/sisnaker/C-1/history" in page.links
    assert "/participants/PRK-1/first-completion" in page.links
    assert "The first completed class was Memasak C-1, on 6 May 2020." in page.text


def test_why_each_state_is_so_stands_on_the_page(desk: Desk, api: Api) -> None:
    tell(desk)
    page = shown(api, "/participants/PRK-1/classes")
    why = page.text[page.text.index("The answer, and why") :]
    assert "The partner reported the completion, first on 6 May 2020." in why
    assert "A result was a pass, first on 5 May 2020. The best result is 80% of the scale." in why
    assert "Every purchase was given back." in why
    assert "The partner never reported a word on it." in why
    assert "Net paid: Rp 5,000." in why


def test_as_of_a_day_only_what_had_happened_is_told(desk: Desk, api: Api) -> None:
    tell(desk)
    page = shown(api, "/participants/PRK-1/classes", as_of="2020-05-05")
    assert "the class Memasak was passed." in page.text
    assert "was completed, as" not in page.text


def test_it_is_told_in_indonesian(desk: Desk, api: Api) -> None:
    tell(desk)
    spoken = {**api.session(TOKENS["sisnaker"]), "Accept-Language": "id"}
    text = read(api.ask("/participants/PRK-1/classes", None, spoken)).text
    assert "6 Mei 2020: kelas Memasak selesai, menurut laporan Sisnaker." in text
    assert "Tokopedia" not in text
