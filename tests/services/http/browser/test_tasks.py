"""What people do with the pages: by the keyboard, in both languages, as evaluator and partner."""

import re
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, expect

from domain.events import PARTICIPANT_STREAM, ClassPublished, PartnerEvent, PurchasePaid
from domain.vocabulary import PARTNERS
from tests.raw_record import raw_record
from tests.services.http.browser.looking import LOOKS, SHOTS, Visitor, visitor
from tests.services.http.conftest import EVALUATOR, TOKENS, bearer, serving, settings_for
from tests.services.http.desk import Desk

MOST_BYTES = 60 * 1024
INDONESIAN, ENGLISH = LOOKS[0], LOOKS[4]


@pytest.fixture
def seen(browser: Browser, address: str) -> Iterator[Visitor]:
    with visitor(browser, address, ENGLISH) as opened:
        yield opened


def test_an_evaluator_logs_in_and_out_by_the_keyboard(seen: Visitor) -> None:
    page = seen.go("/institutions")
    expect(page.locator("#token")).to_be_focused()
    page.keyboard.type("wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("This token is not known.")
    expect(page.locator("#token")).to_be_focused()
    page.keyboard.type(EVALUATOR)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Institutions")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    page.get_by_role("button", name="Log out").press("Enter")
    expect(page.locator("#token")).to_be_visible()
    seen.go("/institutions")
    assert page.url.endswith("/login?next=/institutions")
    assert [fault for fault in seen.faults if "401" not in fault] == []


def test_a_partner_sees_whose_data_it_is(seen: Visitor) -> None:
    seen.log_in(TOKENS["sisnaker"])
    expect(seen.page.get_by_text("You see the data of Sisnaker only.")).to_be_visible()
    seen.page.get_by_role("link", name="Deliveries", exact=True).first.click()
    expect(seen.page.get_by_role("heading", level=1)).to_have_text("Deliveries of Sisnaker")
    seen.go("/purchased-classes")
    seen.page.get_by_text("Filter", exact=True).first.click()
    assert seen.page.locator("#by_partner").count() == 0
    for code, name in PARTNERS.items():
        assert code == "sisnaker" or seen.page.get_by_text(name, exact=True).count() == 0
    assert seen.check() == []


def test_a_language_is_chosen_and_remembered(seen: Visitor) -> None:
    seen.log_in()
    seen.go("/purchased-classes?partner=pintaria")
    seen.page.get_by_role("button", name="Bahasa Indonesia").click()
    assert seen.page.url.endswith("/purchased-classes?partner=pintaria")
    expect(seen.page.get_by_role("heading", level=1)).to_have_text("Kelas yang dibeli")
    seen.go("/")
    assert seen.page.locator("html").get_attribute("lang") == "id"
    expect(seen.page.get_by_text("31 Desember 2020").first).to_be_visible()
    assert re.search(r"Rp\s\d{1,3}(\.\d{3})+ \(", seen.page.inner_text(".answer"))
    assert seen.faults == []


def test_a_day_is_typed_and_keeps_its_place(seen: Visitor) -> None:
    seen.log_in()
    seen.go("/purchased-classes?partner=pintaria&completion=completed")
    seen.page.fill("#as_of", "30/06/2020")
    seen.page.press("#as_of", "Enter")
    expect(seen.page.get_by_text("As of the end of 30 June 2020.")).to_be_visible()
    assert "partner=pintaria" in seen.page.url
    assert "as_of=2020-06-30" in seen.page.get_by_role(
        "link", name="CSV", exact=True
    ).get_attribute("href")  # type: ignore[operator]
    expect(seen.page.locator("#as_of")).to_have_value("30/06/2020")


def test_lists_are_leafed_through_both_ways(seen: Visitor) -> None:
    seen.log_in()
    seen.go("/purchased-classes")
    first = seen.page.inner_text("tbody")
    seen.page.get_by_role("link", name="Next page").click()
    expect(seen.page.get_by_text("Page 2.")).to_be_visible()
    second = seen.page.inner_text("tbody")
    seen.page.get_by_role("link", name="Next page").click()
    expect(seen.page.get_by_text("Page 3.")).to_be_visible()
    seen.page.get_by_role("link", name="Previous page").click()
    assert seen.page.inner_text("tbody") == second
    seen.page.get_by_role("link", name="Previous page").click()
    assert seen.page.inner_text("tbody") == first
    expect(seen.page.get_by_text(re.compile(r"25 on this page, of \d+\."))).to_be_visible()


@pytest.mark.parametrize("name", ["CSV", "CSV for Excel", "Parquet"])
def test_what_is_shown_is_taken_along(seen: Visitor, address: str, name: str) -> None:
    seen.log_in()
    seen.go("/purchased-classes?partner=pintaria&completion=completed")
    with seen.page.expect_download() as waiting:
        seen.page.get_by_role("link", name=name, exact=True).click()
    content = waiting.value.path().read_bytes()
    query = {"partner": "pintaria", "completion": "completed", "limit": "1000"}
    items = httpx.get(f"{address}/v1/purchased-classes", params=query, headers=bearer()).json()
    if name == "Parquet":
        assert content.startswith(b"PAR1")
        return
    lines = content.decode("utf-8-sig").splitlines()
    assert len(lines) == len(items["items"]) + 1
    assert content.startswith(b"\xef\xbb\xbf") == (name == "CSV for Excel")


@pytest.mark.parametrize("letters", [str.lower, str.upper])
def test_people_find_by_any_id_and_by_parts_of_names(
    seen: Visitor, address: str, letters: object
) -> None:
    assert callable(letters)
    seen.log_in()
    item = httpx.get(f"{address}/v1/purchased-classes?limit=1", headers=bearer()).json()["items"][0]
    for wanted, heading in (
        (item["participant_id"], item["participant_id"]),
        (item["purchases"][0]["purchase_id"], item["purchases"][0]["purchase_id"]),
        (item["institution"], item["institution"]),
    ):
        seen.page.get_by_role("searchbox").fill(letters(wanted))
        seen.page.keyboard.press("Enter")
        expect(seen.page.get_by_role("heading", level=1)).to_have_text(heading)
    seen.page.get_by_role("searchbox").fill(letters(item["title"][3:12]))
    seen.page.keyboard.press("Enter")
    expect(seen.page.get_by_role("link", name=item["title"]).first).to_be_visible()
    assert seen.check() == []


def test_events_are_checked_before_they_are_sent(seen: Visitor) -> None:
    seen.log_in(TOKENS["pintaria"])
    seen.go("/check")
    seen.page.fill(
        "#events",
        '{"specversion": "1.0", "id": "1", "source": "/partners/pintaria", '
        '"type": "id.tuntas.class.completed.v1", "time": "2020-06-30T09:15:00+07:00", '
        '"data": {"participant_id": "PRK-1", "class_code": "C-1"}}\nno event',
    )
    seen.page.get_by_role("button", name="Check", exact=True).click()
    expect(seen.page.get_by_text("accepted: 1; duplicate: 0; rejected: 1")).to_be_visible()
    assert seen.page.locator("#not_json").get_attribute("open") is not None
    assert seen.check() == []


@pytest.mark.parametrize(
    "look", [INDONESIAN, pytest.param(ENGLISH, marks=pytest.mark.long)], ids=str
)
def test_pages_are_light_and_lists_are_printed_on_few_sheets(
    browser: Browser, address: str, paths: dict[str, str], look: object
) -> None:
    style = 0
    weights: dict[str, int] = {}
    with visitor(browser, address, look) as seen:  # type: ignore[arg-type]
        seen.log_in()
        for name, path in paths.items():
            answer = seen.page.goto(address + path)
            assert answer is not None
            if not style:
                href = seen.page.locator("link[rel=stylesheet]").get_attribute("href")
                style = len(seen.page.request.get(f"{address}{href}").body())
            weights[name] = len(answer.body()) + style
        assert {name: size for name, size in weights.items() if size > MOST_BYTES} == {}
        for name, sheets in (("purchased-classes", 2), ("institutions", 3), ("partner", 4)):
            seen.go(paths[name])
            printed = seen.page.pdf(path=SHOTS / f"{name}-{look}.pdf", format="A4")
            assert len(re.findall(rb"/Type\s*/Page\b", printed)) <= sheets, name
            seen.page.emulate_media(media="print")
            seen.shoot(f"{name}-{look}-print")
            expect(seen.page.locator("main h1")).to_be_visible()
            first = seen.page.locator("main :is(table, .tiles)").first.bounding_box()
            assert first is not None
            assert first["y"] < 500, "the first sheet begins with what the page is about"
            seen.page.emulate_media(media="null")


@pytest.mark.long
def test_at_320_pixels_nothing_scrolls_sideways(
    browser: Browser, address: str, paths: dict[str, str]
) -> None:
    """As at 1,280 pixels and a zoom of 400 percent."""
    with visitor(browser, address, INDONESIAN, width=320) as seen:
        seen.log_in()
        for name, path in paths.items():
            seen.go(path)
            wide = seen.page.evaluate(
                "[...document.querySelectorAll('body *')].filter(each => !each.closest('.wide')"
                " && each.getBoundingClientRect().right > 320).map(each => each.outerHTML.slice(0, 120))"
            )
            assert wide == [], name


def test_markup_in_titles_stays_text(browser: Browser, desk: Desk, database_url: str) -> None:
    evil = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
    lane = desk.lane("tokopedia")
    who = f"{PARTICIPANT_STREAM}PRK-1"
    terms = ClassPublished("C-1", evil, evil)
    desk.send(
        lane,
        PartnerEvent("tokopedia", "0", 0, "class:C-1", terms),
        PartnerEvent("tokopedia", "1", 1, who, PurchasePaid("I-1", None, (("C-1", None),))),
        raw=raw_record(b"key", evil.encode()),
    )
    with (
        serving(settings_for(database_url, TUNTAS_API_PORT="0")) as (host, port),
        visitor(browser, f"http://{host}:{port}", ENGLISH) as seen,
    ):
        seen.log_in()
        for path in (
            "/purchased-classes",
            "/participants/PRK-1/classes",
            "/participants/PRK-1/classes/tokopedia/C-1/history",
            "/classes/tokopedia/C-1/evaluation",
            "/find?q=script",
        ):
            seen.go(path)
            assert evil in seen.page.inner_text("main"), path
            assert seen.page.locator("script, main img").count() == 0
        assert seen.faults == []
