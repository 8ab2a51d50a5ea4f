"""The first page over time: weeks as the list of partners says them, what changed in a week, what needs attention."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from domain.events import PARTICIPANT_STREAM, ClassCompleted, PartnerEvent, PurchasePaid
from services.language.instants import WIB
from tests.services.http.conftest import TOKENS, Api
from tests.services.http.desk import Desk
from tests.services.http.pages.reading import shown


def together(api: Api, day: str, token: str | None = None) -> Mapping[str, int]:
    """What stood at the end of a day, as the API adds it up."""
    tokens = {} if token is None else {"token": token}
    items = api.get("/v1/partners", as_of=f"{day}T23:59:59.999999+07:00", **tokens)["items"]
    return {
        "purchased": sum(each["purchased"] for each in items),
        "completed": sum(each["completed"] for each in items),
        "never_reported": sum(each["never_reported"] for each in items),
        "net": sum(each["money"]["net"] for each in items),
    }


@pytest.mark.parametrize("token", [None, TOKENS["pintaria"]])
def test_weeks_are_what_the_list_of_partners_says(season_api: Api, token: str | None) -> None:
    page = shown(season_api, "/", **({} if token is None else {"token": token}))
    days = [link.removeprefix("/?as_of=") for link in page.links if link.startswith("/?as_of=")]
    weeks = sorted(set(days) - {"2020-12-31"})
    assert len(weeks) > 10
    assert all(
        datetime.fromisoformat(after) - datetime.fromisoformat(before) == timedelta(days=7)
        for before, after in pairwise(weeks)
        if not after.startswith(str(datetime.now(UTC).year))
    )
    for day in (weeks[0], weeks[len(weeks) // 2]):
        told = together(season_api, day, token)
        shares = [f"{told[name]:,}" for name in ("purchased", "completed", "never_reported")]
        row = rf"{shares[0]} {shares[1]} [0-9.]+% {shares[2]} [0-9.]+% Rp.{told['net']:,} "
        assert re.search(row, page.text), (day, row)


def test_weeks_end_where_the_page_is(season_api: Api) -> None:
    page = shown(season_api, "/", as_of="2020-06-30")
    told = together(season_api, "2020-06-30")
    weeks = {link for link in page.links if re.fullmatch(r"/\?as_of=2020-0[4-6]-[0-9]+", link)}
    assert "/?as_of=2020-06-23" in weeks
    assert not any(link.startswith("/?as_of=2020-07") for link in page.links)
    before = together(season_api, "2020-06-23")
    grown = told["purchased"] - before["purchased"]
    assert f"All +{grown:,} " in page.text
    assert "/partners/tokopedia/series?by=day&from=2020-06-24&as_of=2020-06-30" in page.links


def test_every_count_of_a_partner_leads_to_its_list(season_api: Api) -> None:
    page = shown(season_api, "/")
    for state in ("completed", "in_progress", "never_reported"):
        assert f"/purchased-classes?partner=tokopedia&completion={state}" in page.links
    assert "/purchased-classes?partner=sisnaker&assessment=passed" in page.links


def paid(number: int, days_ago: int, amount: int, price: int) -> PartnerEvent:
    at = datetime.now(WIB) - timedelta(days=days_ago)
    happened = int(at.timestamp()) * 1_000_000
    who = f"{PARTICIPANT_STREAM}PRK-{number}"
    told = PurchasePaid(f"I-{number}", None, (("C-1", price),), amount)
    return PartnerEvent("sisnaker", f"paid {number}", happened, who, told)


def test_what_changed_since_a_week_ago_is_told(desk: Desk, api: Api) -> None:
    lane = desk.lane("sisnaker")
    completed = PartnerEvent(
        "sisnaker",
        "done",
        int((datetime.now(UTC) - timedelta(days=1)).timestamp()) * 1_000_000,
        f"{PARTICIPANT_STREAM}PRK-1",
        ClassCompleted("C-1"),
    )
    desk.send(lane, paid(1, 20, 5_000, 5_000), paid(2, 2, 7_000, 7_000), completed)
    desk.add_up()
    page = shown(api, "/")
    assert "Sisnaker +1 +1 0 +Rp 7,000 +Rp 2,000" in page.text
    assert "All +1" not in page.text
    spoken = {**api.session(), "Accept-Language": "id"}
    text = api.ask("/", None, spoken).text
    assert "Pertambahan angka sejak" in text
    assert "+Rp\N{NO-BREAK SPACE}7.000" in text


def test_nothing_that_changed_is_said_so(season_api: Api) -> None:
    assert "No figure of any partner has changed since the end of" in shown(season_api, "/").text


def test_purchases_whose_amount_differs_need_attention(desk: Desk, api: Api) -> None:
    lane = desk.lane("sisnaker")
    desk.send(lane, paid(1, 3, 5_000, 5_000), paid(2, 2, 7_000, 6_000))
    desk.add_up()
    page = shown(api, "/")
    assert "Sisnaker: 1 purchase whose prices do not add up to the amount" in page.text
    assert "/purchases?partner=sisnaker&amount_differs=true" in page.links


def test_while_sums_are_behind_the_page_says_so(desk: Desk, api: Api) -> None:
    desk.send(desk.lane("sisnaker"), paid(1, 3, 5_000, 5_000))
    desk.execute("UPDATE control.catalogue_head SET revision = revision + 1")
    assert "The figures of earlier days are being added up" in shown(api, "/").text
