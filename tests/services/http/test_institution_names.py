"""An institution that is listed is evaluated, whatever its name is made of."""

import re
from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from domain.events import PARTICIPANT_STREAM, ClassPublished, PartnerEvent, PurchasePaid
from tests.services.http.conftest import Api
from tests.services.http.desk import Desk
from tests.services.http.pages.reading import shown, visit

NAMES = (
    "Balai\nLatihan",
    "Balai\r\nLatihan\t",
    "a/b",
    "a/evaluation",
    "/",
    "..",
    ".",
    "../..",
    "%2F",
    "%0A",
    "100% Belajar",
    "a?b#c&d=e",
    "a+b c",
    ";=@:,",
    "Balai \N{REPLACEMENT CHARACTER}",
    "\N{LINE SEPARATOR}x",
    "é ü 訓練 \N{GRINNING FACE}",
    "'\"<&>`\\",
    " ",
    "x" * 256,
    "訓" * 256,
)


@pytest.fixture
def told(desk: Desk) -> Desk:
    """One class, bought once, of an institution of each name."""
    lane = desk.lane("tokopedia")
    for number, name in enumerate(NAMES):
        code = f"C-{number}"
        terms = ClassPublished(code, "Kelas", name)
        bought = PurchasePaid(code, None, ((code, 1),))
        who = f"{PARTICIPANT_STREAM}P"
        desk.send(
            lane,
            PartnerEvent("tokopedia", f"t{number}", 1, f"class:{code}", terms),
            PartnerEvent("tokopedia", f"p{number}", 2, who, bought),
        )
    desk.follow_catalogue("tokopedia")
    desk.add_up()
    return desk


@pytest.mark.usefixtures("told")
@pytest.mark.parametrize("query", [{}, {"as_of": "2020-01-01T00:00:00Z"}])
def test_every_listed_institution_is_evaluated(api: Api, query: dict[str, str]) -> None:
    items = api.items("/v1/institutions", limit=1000, **query)
    assert {item["institution"] for item in items} == set(NAMES)
    for item in items:
        answer = api.get(item["evaluation"])
        assert answer["institution"] == item["institution"]
        assert answer["purchased"] == item["purchased"] == 1
        link = urlsplit(answer["links"]["purchased"])
        (row,) = api.items(link.path, **dict(parse_qsl(link.query, keep_blank_values=True)))
        assert row["institution"] == item["institution"]


@pytest.mark.usefixtures("told")
def test_every_link_of_the_pages_leads_to_it(api: Api) -> None:
    page = shown(api, "/institutions")
    links = [link for link in page.links if re.match("/institutions/.*/evaluation", link)]
    assert len(links) == len(NAMES)
    for link in links:
        assert visit(api, link).status_code == 200, link


@pytest.mark.usefixtures("told")
@pytest.mark.parametrize("path", ["%FF", "a%00", "%C3", "", "no such"])
def test_what_is_no_name_is_not_found(api: Api, path: str) -> None:
    assert api.status(f"/v1/institutions/{path}/evaluation") == 404


def test_institutions_have_the_order_of_any_figure(season_api: Api) -> None:
    whole = season_api.items("/v1/institutions", limit=1000)
    for order, figure in (
        ("-purchased", lambda each: each["purchased"]),
        ("classes", lambda each: each["classes"]),
        ("rating_mean", lambda each: -1 if each["rating_mean"] is None else each["rating_mean"]),
        ("-money_net", lambda each: each["money"]["net"]),
    ):
        key = partial(_place, figure)
        wanted = sorted(whole, key=key, reverse=order.startswith("-"))
        assert season_api.items("/v1/institutions", order=order, limit=7) == wanted, order
    then = "2020-08-31T23:59:59.999999+07:00"
    before = season_api.items("/v1/institutions", as_of=then, limit=1000)
    wanted = sorted(before, key=lambda each: (each["purchased"], each["institution"]))
    assert season_api.items("/v1/institutions", as_of=then, order="purchased", limit=9) == wanted


def test_the_page_of_institutions_is_sorted_by_its_heads(season_api: Api) -> None:
    page = shown(season_api, "/institutions")
    assert "/institutions?order=-completed" in page.links
    sorted_page = shown(season_api, "/institutions", order="-completed", limit=5)
    items = season_api.get("/v1/institutions", order="-completed", limit=5)["items"]
    places = [sorted_page.text.index(each["institution"]) for each in items]
    assert places == sorted(places)


def _place(figure: Callable[[dict[str, Any]], Any], each: dict[str, Any]) -> tuple[Any, str]:
    return figure(each), each["institution"]
