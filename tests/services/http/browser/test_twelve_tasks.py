"""The twelve tasks of docs/pages.md, each done in a browser within the clicks that it says."""

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.services.http.browser.looking import LOOKS, Visitor, visitor
from tests.services.http.conftest import TOKENS, bearer

GUIDE = Path(__file__).parents[4] / "docs" / "pages.md"
ALLOWED = {
    int(number): int(clicks)
    for number, clicks in re.findall(r"^\| (\d+)\. .* \| (\d) \|$", GUIDE.read_text(), re.MULTILINE)
}


class Person:
    """Somebody who counts clicks."""

    def __init__(self, seen: Visitor) -> None:
        self.page = seen.page
        self.seen = seen
        self.clicks = 0

    def click(self, what: Locator) -> None:
        self.clicks += 1
        what.first.click()

    def link(self, name: str | re.Pattern[str]) -> None:
        self.click(self.page.get_by_role("link", name=name).filter(visible=True))

    def find(self, text: str) -> None:
        self.page.get_by_role("searchbox").fill(text)
        self.clicks += 1
        self.page.keyboard.press("Enter")

    def sees(self, text: str | re.Pattern[str]) -> None:
        expect(self.page.get_by_text(text).filter(visible=True).first).to_be_visible()

    def done(self, task: int) -> None:
        assert self.clicks == ALLOWED[task] <= 4
        assert self.seen.faults == []


@pytest.fixture
def staff(browser: Browser, address: str) -> Iterator[Person]:
    with visitor(browser, address, LOOKS[4]) as seen:
        seen.log_in()
        yield Person(seen)


@pytest.fixture(scope="module")
def client(address: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=address, headers=bearer()) as opened:
        yield opened


@pytest.fixture
def engineer(browser: Browser, address: str, client: httpx.Client) -> Iterator[Person]:
    """Of a partner of whom something was rejected."""
    lanes = client.get("/v1/intake").json()["items"]
    partner = next(lane["topic"].rpartition(".")[2] for lane in lanes if lane["rejected"])
    with visitor(browser, address, LOOKS[4]) as seen:
        seen.log_in(TOKENS[partner])
        yield Person(seen)


def test_the_guide_has_twelve() -> None:
    assert sorted(ALLOWED) == list(range(1, 13))


def test_1_a_participant_calls(staff: Person, client: httpx.Client) -> None:
    item = client.get("/v1/purchased-classes?completion=completed&limit=1").json()["items"][0]
    staff.find(item["participant_id"])
    staff.link("History")
    staff.sees("The answer, and why")
    staff.sees(re.compile(r"The partner reported the completion|never reported|no completion"))
    staff.done(1)


def test_2_incomplete_packages(staff: Person) -> None:
    staff.link("Incomplete packages, and the classes that are missing")
    staff.sees("Package purchases")
    staff.done(2)


def test_3_the_cut_off(staff: Person) -> None:
    staff.link("31 December 2020, the auditors’ cut-off")
    staff.sees("As of the end of 31 December 2020.")
    staff.done(3)


def test_4_a_partners_silence(staff: Person, client: httpx.Client) -> None:
    count = client.get("/v1/partners/tokopedia/evaluation").json()["never_reported"]
    staff.link("Tokopedia")
    staff.click(staff.page.locator(".tiles div", has_text="never reported").locator("dd a"))
    staff.sees(re.compile(f"of {count}\\."))
    staff.done(4)


def test_5_two_institutions(staff: Person, client: httpx.Client) -> None:
    names = [each["institution"] for each in client.get("/v1/institutions?limit=2").json()["items"]]
    staff.link("Compare")
    staff.click(staff.page.locator(".choices").get_by_role("link", name="Institutions"))
    for field, name in zip(("#to_a", "#to_b"), names, strict=True):
        staff.page.fill(field, name)
    staff.click(staff.page.get_by_role("button", name="Compare"))
    for name in names:
        expect(staff.page.get_by_role("columnheader", name=name)).to_be_visible()
    staff.done(5)


def test_6_a_worklist_as_a_spreadsheet(staff: Person, client: httpx.Client) -> None:
    query = {"flag": "certificate_without_completion", "limit": "1000"}
    items = client.get("/v1/purchased-classes", params=query).json()["items"]
    staff.link("Certificates without completion")
    with staff.page.expect_download() as waiting:
        staff.link("CSV for Excel")
    lines = waiting.value.path().read_bytes().decode("utf-8-sig").splitlines()
    assert len(lines) == len(items) + 1
    staff.done(6)


def test_7_one_event(staff: Person, client: httpx.Client) -> None:
    item = client.get("/v1/purchased-classes?completion=completed&limit=1").json()["items"][0]
    event = client.get(item["history"]).json()["items"][-1]
    staff.find(event["id"])
    staff.sees("What became of it:")
    staff.sees(event["topic"])
    staff.done(7)


def test_8_what_a_word_means(staff: Person) -> None:
    staff.link("satisfied")
    staff.sees("The class's own rule is met.")
    staff.done(8)


def test_9_another_language(staff: Person) -> None:
    staff.click(staff.page.get_by_role("button", name="Bahasa Indonesia"))
    staff.sees("Apakah setiap kelas yang dibeli diselesaikan, dan dinilai?")
    staff.done(9)


def test_10_why_records_were_rejected(engineer: Person) -> None:
    engineer.link("Deliveries")
    engineer.link("mended example")
    expect(engineer.page.locator("details:target")).to_be_visible()
    engineer.done(10)


def test_11_an_event_is_checked(engineer: Person) -> None:
    engineer.link("Check events")
    engineer.page.fill("#events", '{"specversion": "1.0"}')
    engineer.click(engineer.page.get_by_role("button", name="Check", exact=True))
    engineer.sees("rejected: 1")
    engineer.done(11)


def test_12_what_has_not_arrived(engineer: Person) -> None:
    engineer.link("Deliveries")
    engineer.sees("Declared totals, and what is here")
    engineer.sees("Gaps in the running numbers")
    engineer.done(12)
