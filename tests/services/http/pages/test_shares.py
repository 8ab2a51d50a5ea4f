"""Pages add up and say of what each share is: tiles, charts, tables."""

import re

import pytest

from domain.share import FEW
from domain.vocabulary import PARTNERS
from services.simulator.expected import Expected
from tests.services.http.conftest import Api
from tests.services.http.pages.reading import shown, visit

STATES = ("complete", "incomplete", "unresolved")
AS_OF = "2020-08-31"
INSTANT = "2020-08-31T23:59:59.999999+07:00"


@pytest.mark.parametrize(("page", "route"), [({}, {}), ({"as_of": AS_OF}, {"as_of": INSTANT})])
def test_a_partners_packages_add_up(
    season_api: Api, page: dict[str, str], route: dict[str, str]
) -> None:
    for partner in PARTNERS:
        text = shown(season_api, f"/partners/{partner}/evaluation", **page).text
        (table,) = re.findall(
            r"Purchases of packages (purchases .*?) Every purchase is complete", text
        )
        said = re.findall(r"(purchases|complete|incomplete|unresolved) ([\d,]+)", table)
        told = {name: int(count.replace(",", "")) for name, count in said}
        assert told["purchases"] == sum(told[name] for name in STATES)
        answer = season_api.get(f"/v1/partners/{partner}/evaluation", **route)["packages"]
        assert told == {name: answer[name] for name in ("purchases", *STATES)}


def test_one_purchase_says_its_state(season_api: Api, expected: Expected) -> None:
    examples = {each["complete"]: each for each in expected.package_purchases}
    assert set(examples) == {True, False, None}
    for complete, each in examples.items():
        path = f"/purchases/{each['partner']}/{each['purchase_id']}"
        assert season_api.get(f"/v1{path}")["complete"] is complete
        word = {True: "complete", False: "incomplete", None: "unresolved"}[complete]
        assert f"{each['package_code']}: {word}" in shown(season_api, path).text


@pytest.mark.parametrize("name", ["passed", "completed", "assessed", "satisfied"])
def test_tile_and_chart_tell_the_same_share(season_api: Api, name: str) -> None:
    path = "/partners/tokopedia/evaluation"
    answer = season_api.get(f"/v1{path}")
    share = f"{answer[name] / answer['purchased']:.1%}"
    assert answer["passed"] < answer["assessed"] < answer["purchased"]
    assert f"{name} {answer[name]:,} {share} of purchased" in shown(season_api, path).text
    (bars,) = re.findall(
        r"<caption>How many purchased classes came how far.*?</table>",
        raw(path, season_api),
        re.DOTALL,
    )
    texts = re.findall(r">([^<>]+)<", bars)
    place = texts.index(name)
    assert texts[place + 1 : place + 3] == [f"{answer[name]:,}", share]


def test_every_share_of_a_page_says_of_what(season_api: Api) -> None:
    partner = shown(season_api, "/partners/pintaria/evaluation").text
    institution = shown(season_api, "/institutions").text
    intake = shown(season_api, "/intake").text
    for text in (partner, intake):
        outside = re.sub(r"\(?\d[\d.]*% of (purchased|purchases|offsets read)", "", drawn_out(text))
        assert re.findall(r"\d%", outside) == []
    assert "completed, share of started" in institution


def test_institutions_carry_an_interval_and_few_are_marked(season_api: Api) -> None:
    text = shown(season_api, "/institutions").text
    items = season_api.get("/v1/institutions", limit=1000)["items"]
    assert {item["completed_of_started"]["few"] for item in items} == {True, False}
    for item in items:
        of = item["completed_of_started"]
        share = f"{item['completed'] / item['started']:.1%}"
        few = " few" if item["started"] < FEW else ""
        interval = f"{of['low'] * 100:.1f}–{of['high'] * 100:.1f}%"
        assert f"{item['completed']:,} {share}{few} {interval} {item['assessed']:,}" in text


def test_the_question_is_answered_in_a_sentence(season_api: Api) -> None:
    items = season_api.get("/v1/partners")["items"]
    bought, completed = (sum(item[name] for item in items) for name in ("purchased", "completed"))
    text = shown(season_api, "/").text
    assert f"No: of {bought:,} purchased classes {completed:,} ({completed / bought:.1%})" in text


def raw(path: str, api: Api) -> str:
    return visit(api, path).text


def drawn_out(text: str) -> str:
    """The text without what charts and tables say whose caption says of what."""
    for begins, ends in (
        ("From purchase to the end", "Shares of purchased classes"),
        ("Paid and not refunded, by completion", "What was paid"),
        ("shares of these", "What does not fit together"),
        ("share of purchased", "Everything that was read"),
    ):
        before, found, behind = text.partition(begins)
        if found:
            text = before + behind.partition(ends)[2]
    return text
