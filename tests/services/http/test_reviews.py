"""The reviews of a class: the latest of each participant that stands, with its comment, now and as of then."""

from typing import Any

import pytest

from domain.events import PARTICIPANT_STREAM, ClassReviewed, EventVoided, Fact, PartnerEvent
from domain.events import PurchasePaid as Paid
from tests.services.http.conftest import TOKENS, Api, bearer
from tests.services.http.desk import Desk
from tests.services.http.pages.reading import shown, visit

DAY = 86_400_000_000
MAY = 1_588_291_200_000_000
"""2020-05-01T00:00:00Z."""
PATH = "/v1/classes/sisnaker/C-1/reviews"


def event(day: int, name: str, who: str, fact: Fact) -> PartnerEvent:
    return PartnerEvent("sisnaker", name, MAY + day * DAY, PARTICIPANT_STREAM + who, fact)


@pytest.fixture(autouse=True)
def said(desk: Desk) -> None:
    bought = [
        event(0, f"paid {who}", who, Paid(f"I-{who}", None, (("C-1", None), ("C-2", None))))
        for who in ("A", "B", "C")
    ]
    desk.send(
        desk.lane("sisnaker"),
        *bought,
        event(2, "1", "A", ClassReviewed("C-1", 5, 4, 3, "jelas & <b>berguna</b>")),
        event(1, "2", "A", ClassReviewed("C-1", 1)),
        event(3, "3", "A", ClassReviewed("C-2", 2, comment="kelas lain")),
        event(2, "4", "B", ClassReviewed("C-1", 2, comment="dulu")),
        event(4, "5", "B", ClassReviewed("C-1", 3, comment="ditarik")),
        event(5, "6", "B", EventVoided("5", "salah")),
        event(3, "7", "C", ClassReviewed("C-1", 4)),
        event(6, "8", "C", EventVoided("7", "salah")),
        event(1, "9", "Z", ClassReviewed("C-1", 1, comment="tanpa pembelian")),
    )
    desk.add_up()


def told(api: Api, **query: Any) -> dict[str, tuple[int, str | None]]:
    items = api.items(PATH, **query)
    return {each["participant_id"]: (each["rating"], each["comment"]) for each in items}


@pytest.mark.parametrize("limit", [1, 100])
def test_the_latest_that_stands_is_told(api: Api, limit: int) -> None:
    assert told(api, limit=limit) == {"A": (5, "jelas & <b>berguna</b>"), "B": (2, "dulu")}
    (first,) = [each for each in api.items(PATH) if each["participant_id"] == "A"]
    assert (first["instructor_rating"], first["facility_rating"]) == (4, 3)
    assert first["history"] == "/v1/participants/A/classes/sisnaker/C-1/history"
    evaluation = api.get("/v1/classes/sisnaker/C-1/evaluation")
    assert evaluation["reviewed"] == len(told(api))


def test_it_is_told_as_of_then(api: Api) -> None:
    assert told(api, as_of="2020-05-02T12:00:00Z") == {"A": (1, None)}
    then = {"A": (5, "jelas & <b>berguna</b>"), "B": (3, "ditarik"), "C": (4, None)}
    assert told(api, as_of="2020-05-05T12:00:00Z") == then


@pytest.mark.parametrize("names", ["ab", "ba", "mn", "nm"])
def test_of_two_at_one_time_the_same_one_stands_everywhere(
    desk: Desk, api: Api, names: str
) -> None:
    reviews = {name: ClassReviewed("C-1", ord(name) % 5 + 1) for name in names}
    desk.send(
        desk.lane("sisnaker", 1),
        event(0, "paid D", "D", Paid("I-D", None, (("C-1", None),))),
        *[event(2, name, "D", review) for name, review in reviews.items()],
    )
    (row,) = api.items("/v1/purchased-classes", participant_id="D")
    assert told(api)["D"][0] == row["review"]["rating"]


def test_a_partner_reads_its_own(api: Api) -> None:
    assert api.ask(PATH, None, bearer(TOKENS["sisnaker"])).status_code == 200
    assert api.ask(PATH, None, bearer(TOKENS["tokopedia"])).status_code == 403
    assert api.ask(PATH, None, {**bearer(), "Accept": "text/csv"}).text.count("\n") == 3


def test_the_page_shows_them_as_text_in_both_languages(api: Api) -> None:
    page = shown(api, "/classes/sisnaker/C-1/reviews")
    assert "A 5 4 3 jelas & <b>berguna</b> History" in page.text
    assert "/participants/A/classes/sisnaker/C-1/history" in page.links
    assert "/classes/sisnaker/C-1/reviews" in shown(api, "/classes/sisnaker/C-1/evaluation").links
    spoken = {**api.session(), "Accept-Language": "id"}
    text = api.ask("/classes/sisnaker/C-1/reviews", None, spoken).text
    assert "Apa kata peserta tentang kelas ini" in text
    assert visit(api, "/classes/sisnaker/C-1/reviews", format="excel").status_code == 200
