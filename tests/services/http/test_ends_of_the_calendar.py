"""Times near the ends of the calendar are shown, wherever they stand and whatever is asked by them."""

import asyncio
from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest

from domain.errors import Reason, Refusal
from domain.events import (
    PARTICIPANT_STREAM,
    CertificateIssued,
    ClassAssessed,
    ClassCompleted,
    ClassProgressed,
    ClassPublished,
    ClassReviewed,
    EventVoided,
    PackagePublished,
    PartnerEvent,
    PurchasePaid,
    PurchaseRefunded,
)
from services.cli.report import _document, _rendered
from services.cloudevents.time import EARLIEST, LATEST
from services.http.app import ROUTES
from services.http.pages.pages import PAGES
from services.http.routing import LIST, Route
from services.language.language import language
from services.report.words import moment
from tests.services.http.conftest import EVALUATOR, TOKENS, Api, bearer, running, settings_for
from tests.services.http.desk import Desk
from tests.services.http.pages.reading import visit

EN = language("en")
PARTNER = "tokopedia"
HOUR = 3_600_000_000
TIMES = (EARLIEST, EARLIEST + HOUR, 1_600_000_000_000_000, LATEST - HOUR, LATEST - 999_999, LATEST)
"""When things happened: also where Jakarta's calendar, seven hours ahead, has no such day."""

ASKED = (
    "0001-01-01T00:00:00Z",
    "0001-01-01T00:00:00.000001+00:00",
    "0001-01-01T23:59:59+23:59",
    "0001-01-01T07:00:00+07:00",
    "2020-12-31T23:59:59+07:00",
    "9999-12-31T23:59:59Z",
    "9999-12-31T23:59:59.999999-00:00",
    "9999-12-31T00:00:00-23:59",
    "9999-12-31T23:59:59-12:00",
    "0001-01-01T00:00:00+07:00",
)
"""The last two lie outside of UTC's calendar: refused, with a sentence."""

DAYS = ("0001-01-01", "0001-01-02", "9999-12-30", "9999-12-31")


def events() -> Iterator[PartnerEvent]:
    """Everything that has a time, at every time."""
    numbers = iter(range(100_000))

    def event(stream: str, at: int, fact: Any) -> PartnerEvent:
        return PartnerEvent(PARTNER, f"e{next(numbers)}", at, stream, fact)

    yield event("c:C", TIMES[-1], ClassPublished("C", "Class", "School"))
    yield event("c:D", TIMES[0], ClassPublished("D", "Other", "School"))
    yield event("k:K", TIMES[-1], PackagePublished("K", "Package", ("C", "D")))
    for number, (bought, reported) in enumerate(product(TIMES, TIMES)):
        who = f"{PARTICIPANT_STREAM}P{number}"
        package = "K" if number % 2 else None
        items = None if package else (("C", 1),)
        yield event(who, bought, PurchasePaid(f"B{number}", package, items, 1_000))
        yield event(who, reported, ClassProgressed("C", 50))
        yield event(who, reported, ClassAssessed("C", "pre_test", 1))
        yield event(who, reported, ClassAssessed("C", "post_test", 90))
        yield event(who, bought, ClassReviewed("C", 5))
        yield event(who, reported, CertificateIssued("C", "N"))
        if number % 3:
            yield event(who, reported, ClassCompleted("C"))
        if number % 5 == 0:
            yield event(who, bought, PurchaseRefunded(f"B{number}"))
        if number % 7 == 0:
            yield event(who, bought, EventVoided(f"e{number}", "wrong"))


@pytest.fixture(scope="module")
def api(postgres_server: Any) -> Iterator[Api]:
    database_url = postgres_server.create_database("ends_of_the_calendar")
    desk = Desk(database_url)
    lane = desk.lane(PARTNER)
    desk.send(lane, *events(), Refusal(Reason.NOT_JSON, "no", "e9"))
    desk.follow_catalogue(PARTNER)
    desk.add_up()
    with running(database_url) as found:
        yield found
    desk.session.close()
    postgres_server.drop_database("ends_of_the_calendar")


NAMES = {
    "participant_id": "P5",
    "partner": PARTNER,
    "class_code": "C",
    "package_code": "K",
    "purchase_id": "B5",
    "institution": "School",
    "event_id": "e5",
}


def path_of(template: str) -> str:
    return template.format(**NAMES)


def times_of(route: Route) -> list[str]:
    return [each.name for each in route.parameters if each.schema.get("format") == "date-time"]


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_every_route_answers_by_every_time(api: Api, route: Route) -> None:
    path = path_of(route.path)
    assert api.ask(path, headers=bearer()).status_code == 200
    for name, at in product(times_of(route), ASKED):
        answer = api.ask(path, {name: at}, bearer())
        assert answer.status_code in ({422} if at in ASKED[-2:] else {200, 404}), (name, at)
    if route.media == LIST:
        for media in ("text/csv", "application/x-ndjson", "application/vnd.apache.parquet"):
            for query in ({}, *({name: at} for name in times_of(route) for at in ASKED[:-2])):
                answer = api.ask(path, query, {**bearer(), "Accept": media})
                assert answer.status_code == 200, (media, query)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.route)
def test_every_page_shows_and_asks_by_every_time(api: Api, page: Any) -> None:
    route = next(route for route in ROUTES if route.name == page.route)
    path = path_of(route.path.removeprefix("/v1"))
    assert visit(api, path).status_code == 200
    for name, at in product(times_of(route), (*ASKED, *DAYS)):
        answer = visit(api, path, **{name: at})
        assert answer.status_code in ({422} if at in ASKED[-2:] else {200, 404}), (name, at)


def test_another_readers_first_page_is_not_broken(api: Api) -> None:
    for token in (EVALUATOR, *TOKENS.values()):
        for path in ("/", "/institutions", "/purchased-classes", "/package-purchases"):
            assert visit(api, path, token).status_code == 200


@pytest.mark.parametrize("as_of", [None, *DAYS, *ASKED[:-2]])
def test_the_report_is_written_at_every_time(api: Api, as_of: str | None) -> None:
    settings = settings_for(api.database_url)
    document = asyncio.run(_document(settings, None, as_of, "id", lambda: None))
    assert _rendered(document, ".html")


def test_a_time_that_jakarta_has_no_day_for_is_shown_in_utc() -> None:
    assert moment("9999-12-31T23:59:59Z") == "9999-12-31 23:59 UTC"
    assert EN.long_moment("9999-12-31T17:00:00Z") == "31 December 9999, 17:00 UTC"
    assert moment("9999-12-31T16:59:59Z") == "9999-12-31 23:59"
    assert moment("0001-01-01T00:00:00Z") == "0001-01-01 07:00"
    assert EN.long_moment("2020-12-31T16:59:59Z") == "31 December 2020, 23:59 WIB"
