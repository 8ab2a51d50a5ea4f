"""A series that is longer than a page can be leafed through, both ways and from its end."""

import re
from datetime import date, timedelta
from html import unescape

import pytest

from services.http.pages.periods import SHOWN, before, behind, latest_from
from tests.services.http.conftest import Api

PATH = "/partners/tokopedia/series"
NAMES = {
    "en": ("Earlier", "Later", "The latest", "From the beginning"),
    "id": ("Sebelumnya", "Berikutnya", "Yang terbaru", "Dari awal"),
}


def periods(page: str) -> list[str]:
    return re.findall(r'<th scope="row"><time datetime="([^"]+)"', page)


def link(page: str, name: str) -> str | None:
    found = re.search(rf'<a class="choice" href="([^"]+)">{name}</a>', page)
    return None if found is None else PATH + unescape(found[1]).removeprefix(PATH)


@pytest.mark.parametrize("code", ["en", "id"])
@pytest.mark.parametrize("by", ["month", "day"])
def test_all_periods_are_reached(season_api: Api, code: str, by: str) -> None:
    earlier, later, latest, beginning = NAMES[code]
    headers = {**season_api.session(), "Accept-Language": code}
    as_of = "2028-03-10T00:00:00Z"
    told = season_api.items(f"/v1{PATH}", by=by, as_of=as_of, limit=1000)
    wanted = [each["first_day"] for each in told]
    assert len(wanted) > SHOWN

    def shown(path: str) -> str:
        return season_api.ask(path, None, headers).text

    first = page = shown(f"{PATH}?by={by}&as_of={as_of}")
    assert link(page, earlier) is None
    assert link(page, beginning) is None
    last = shown(link(page, latest) or "")
    found = periods(page)
    for _ in range(len(wanted) // SHOWN):
        following = link(page, later)
        if following is None:
            break
        page = shown(following)
        found += periods(page)
    assert found == wanted
    assert shown(link(page, beginning) or "") == first
    assert periods(last) == wanted[-SHOWN:]
    assert link(last, later) is None
    ones_before = shown(link(last, earlier) or "")
    assert set(wanted[:-SHOWN][-SHOWN:]) <= set(periods(ones_before))
    assert periods(ones_before)[-1] == wanted[-SHOWN - 1]
    assert periods(shown(link(ones_before, later) or "")) == wanted[-SHOWN:]


def test_a_short_series_has_no_way_further(season_api: Api) -> None:
    page = season_api.ask(f"{PATH}?as_of=2020-12-31", None, season_api.session()).text
    assert 0 < len(periods(page)) < SHOWN
    assert not any(link(page, name) for name in NAMES["en"])


def test_windows_of_periods() -> None:
    assert latest_from("month", "2020-12-31") == "2016-01-01"
    assert (
        latest_from("week", "2020-12-31T17:00:00Z")
        == (date(2021, 1, 1) - timedelta(days=4 + 59 * 7)).isoformat()
    )
    assert latest_from("day", "2020-03-01") == "2020-01-02"
    assert latest_from("month", "1901-02-03") == "1900-01-01"
    assert before("month", "2016-01-01") == ("2011-01-01", "2015-12-31")
    assert before("day", "1900-01-01") is None
    assert behind("2020-12-31", "2020-12-31T17:00:00Z") == "2021-01-01"
    assert behind("2020-12-31", "2020-12-31T16:59:59Z") is None
