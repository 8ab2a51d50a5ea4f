"""Reports from the pages they are about: of the same thing, as of the same day, in either language."""

from typing import Any
from urllib.parse import quote

import pytest

from domain.vocabulary import PARTNERS
from tests.services.http.conftest import EVALUATOR, TOKENS, Api
from tests.services.http.pages.reading import shown, visit

LEADS = "language={}&format={}"


def paths(api: Api) -> dict[str, str]:
    item = api.get("/v1/purchased-classes", limit=1, completion="completed")["items"][0]
    sold = api.get("/v1/packages", limit=1, order="-sold")["items"][0]
    code = quote(item["class_code"], safe="")
    return {
        "all": "",
        "partner": f"/partners/{item['partner']}",
        "institution": f"/institutions/{quote(item['institution'], safe='')}",
        "class": f"/classes/{item['partner']}/{code}",
        "package": "/packages/" + quote(f"{sold['partner']}/{sold['package_code']}"),
    }


@pytest.mark.parametrize("kind", ["all", "partner", "institution", "class", "package"])
def test_a_page_leads_to_its_report_as_of_its_day(season_api: Api, kind: str) -> None:
    of = paths(season_api)[kind]
    path = f"{of}/evaluation" if of else "/"
    page = shown(season_api, path, as_of="2020-07-31")
    for code, words in (
        ("en", "not attended or not finished by 31 July 2020?"),
        ("id", "31 Juli 2020?"),
    ):
        (link,) = [
            each for each in page.links if f"{of}/report?language={code}&format=html" in each
        ]
        assert link.endswith("&as_of=2020-07-31")
        answer = visit(season_api, link)
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        name = answer.headers["content-disposition"]
        assert name.startswith('attachment; filename="tuntas-')
        assert name.endswith(f'2020-07-31-{code}.html"')
        assert f'<html lang="{code}">' in answer.text
        assert words in answer.text


def test_a_classs_report_tells_what_its_page_tells(season_api: Api) -> None:
    of = paths(season_api)["class"]
    told = season_api.get(f"/v1{of}/evaluation")
    text = visit(season_api, f"{of}/report", language="en").text
    assert f"{told['purchased']:,} purchased classes" in text
    assert f"{told['money']['net']:,}" in text
    assert told["title"] in text
    assert PARTNERS[told["partner"]] in text


def test_a_packages_report_tells_what_its_page_tells(season_api: Api) -> None:
    told = season_api.get(f"/v1{paths(season_api)['package']}/evaluation")
    text = visit(season_api, f"{paths(season_api)['package']}/report", language="en").text
    assert told["title"] in text
    assert f"Of {told['purchases']:,} package purchases {told['complete']:,} (" in text
    assert all((each["title"] or each["class_code"]) in text for each in told["classes"])
    assert f"{sum(each['purchased'] for each in told['classes']):,} purchased classes" in text
    assert f"{sum(each['money']['net'] for each in told['classes']):,}" in text


def test_a_package_that_is_not_published_has_a_report(season_api: Api) -> None:
    packages = season_api.get("/v1/packages", limit=1000)["items"]
    told = next(each for each in packages if each["unresolved"])
    path = "/packages/" + quote(f"{told['partner']}/{told['package_code']}") + "/report"
    text = visit(season_api, path, language="id").text
    assert told["package_code"] in text
    assert visit(season_api, path, format="pdf").content.startswith(b"%PDF-")


def test_an_institutions_report_adds_up_its_partners(season_api: Api) -> None:
    institutions = season_api.get("/v1/institutions", limit=1000)["items"]
    told = max(institutions, key=lambda each: len(each["partners"]))
    assert len(told["partners"]) > 1
    path = f"/institutions/{quote(told['institution'], safe='')}/report"
    text = visit(season_api, path, language="en").text
    assert f"{told['purchased']:,} purchased classes" in text
    assert all(PARTNERS[partner] in text for partner in told["partners"])
    partner = told["partners"][0]
    own = visit(season_api, path, TOKENS[partner], language="en").text
    assert PARTNERS[partner] in own
    assert not any(PARTNERS[other] in own for other in told["partners"][1:])


def test_a_report_is_made_as_pdf(season_api: Api) -> None:
    answer = visit(season_api, paths(season_api)["class"] + "/report", format="pdf", language="id")
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF-")


def test_a_partners_report_is_its_own(season_api: Api) -> None:
    token = TOKENS["sisnaker"]
    assert visit(season_api, "/partners/tokopedia/report", token).status_code == 403
    text = visit(season_api, "/report", token, language="en").text
    assert "Sisnaker" in text
    assert not any(name in text for code, name in PARTNERS.items() if code != "sisnaker")
    everybody: Any = visit(season_api, "/report", EVALUATOR, language="en").text
    assert all(name in everybody for name in PARTNERS.values())


@pytest.mark.parametrize(
    ("path", "query", "status"),
    [
        ("/report", {"language": "xx"}, 422),
        ("/report", {"format": "csv"}, 422),
        ("/report", {"as_of": "yesterday"}, 422),
        ("/partners/nobody/report", {}, 404),
        ("/classes/tokopedia/none/report", {}, 404),
        ("/institutions/none/report", {}, 404),
        ("/packages/tokopedia/none/report", {}, 404),
    ],
)
def test_a_report_of_nothing_is_told_as_a_page(
    season_api: Api, path: str, query: dict[str, str], status: int
) -> None:
    assert visit(season_api, path, **query).status_code == status
