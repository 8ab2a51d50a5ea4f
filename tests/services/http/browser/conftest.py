"""A server with the season, and Chromium to look at it.

Where there is no Chromium the tests are skipped, with the reason; TUNTAS_TEST_BROWSER=required makes that a failure.
"""

import os
import shutil
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.services.http.conftest import bearer, serving, settings_for

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")


def chromium() -> str:
    """The path of the browser. Skips, or fails where it is required."""
    for name in PROGRAMS:
        if path := shutil.which(name):
            return path
    reason = "there is no Chromium here (Debian: apt-get install chromium)"
    if os.environ.get("TUNTAS_TEST_BROWSER") == "required":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, without a window."""
    path = chromium()
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield started
        started.close()


@pytest.fixture(scope="module")
def address(season_database: str) -> Iterator[str]:
    """Where a server answers that has the season."""
    with serving(settings_for(season_database, TUNTAS_API_PORT="0")) as (host, port):
        yield f"http://{host}:{port}"


@pytest.fixture(scope="module")
def paths(address: str) -> dict[str, str]:
    """Name to path of a page of each kind, with something on it."""
    with httpx.Client(base_url=address, headers=bearer()) as client:
        item = _first(client, "/v1/purchased-classes", completion="completed")
        sold = _first(client, "/v1/package-purchases", complete="false")
        institution = _first(client, "/v1/institutions")
    partner, class_code = item["partner"], item["class_code"]
    of_class = f"{partner}/{quote(class_code, safe='')}"
    package = f"{sold['partner']}/{quote(sold['package_code'], safe='')}"
    return {
        "overview": "/",
        "overview-then": "/?as_of=2020-06-30",
        "participant": f"/participants/{item['participant_id']}/classes",
        "history": item["history"].removeprefix("/v1"),
        "purchased-classes": "/purchased-classes?partner=pintaria&completion=in_progress",
        "classes": "/classes?order=-purchased",
        "packages": "/packages?order=-sold",
        "incentive": "/first-completions?state=ready",
        "first-completion": f"/participants/{item['participant_id']}/first-completion",
        "stalled": "/purchased-classes?stalled_since=2020-09-01&order=last_reported_at",
        "class": f"/classes/{of_class}/evaluation",
        "reviews": f"/classes/{of_class}/reviews",
        "class-series": f"/classes/{of_class}/series?by=week",
        "package-series": f"/packages/{package}/series",
        "institution-series": f"/institutions/{quote(institution['institution'], safe='')}/series",
        "partner-series": "/partners/tokopedia/series?as_of=2020-12-31",
        "package": f"/packages/{package}/evaluation",
        "package-purchases": "/package-purchases?complete=false",
        "purchase": f"/purchases/{sold['partner']}/{sold['purchase_id']}",
        "purchases": "/purchases",
        "institutions": "/institutions",
        "institution": f"/institutions/{quote(institution['institution'], safe='')}/evaluation",
        "partner": "/partners/tokopedia/evaluation",
        "deliveries": "/partners/tokopedia/deliveries",
        "intake": "/intake",
        "rejections": "/rejections",
        "event": f"/events/{partner}/never-sent",
        "check": "/check",
        "compare": "/compare?kind=partner&a=pintaria&b=tokopedia&c=sisnaker",
        "find": "/find?q=bahasa",
        "words": "/words",
        "missing": "/no-such-page",
    }


def _first(client: httpx.Client, path: str, **query: str) -> Any:
    answer = client.get(path, params={"limit": "1", **query})
    assert answer.status_code == 200, answer.text
    return answer.json()["items"][0]
