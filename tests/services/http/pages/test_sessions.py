"""A login is a session of its own: it ends, at the logout and by itself, in every process of the API at once."""

from http.cookies import SimpleCookie
from urllib.parse import urlencode

import psycopg2
import pytest
from httpx import Response

from services.http.pages.login import COOKIE
from tests.services.http.conftest import EVALUATOR, TOKENS, Api, bearer, running
from tests.services.http.desk import Desk


def enter(api: Api, token: str = EVALUATOR, **headers: str) -> Response:
    body = urlencode({"token": token}).encode()
    return api.ask("/login", None, headers, "POST", body=body)


def cookie_of(answer: Response) -> dict[str, str]:
    return {"Cookie": f"{COOKIE}={SimpleCookie(answer.headers['set-cookie'])[COOKIE].value}"}


def sees(api: Api, cookie: dict[str, str]) -> bool:
    return api.ask("/", headers=cookie).status_code == 200


@pytest.mark.usefixtures("desk")
def test_a_cookie_is_not_the_token_and_each_login_has_its_own(api: Api) -> None:
    first, second = cookie_of(enter(api)), cookie_of(enter(api))
    assert first != second
    assert EVALUATOR not in first["Cookie"]
    assert sees(api, first)
    assert not sees(api, {"Cookie": f"{COOKIE}={EVALUATOR}"})
    value = first["Cookie"].partition("=")[2]
    assert api.ask("/v1/intake", headers=bearer(value)).status_code == 401


def test_a_logout_voids_the_cookie_in_every_process(database_url: str) -> None:
    Desk(database_url)
    with running(database_url) as one, running(database_url) as other:
        left, stays = cookie_of(enter(one)), cookie_of(enter(other))
        assert sees(other, left)
        assert one.ask("/logout", headers=left, method="POST").status_code == 303
        for api in (one, other):
            assert not sees(api, left)
            assert sees(api, stays)


def test_a_session_ends_by_itself_and_is_forgotten(database_url: str, desk: Desk, api: Api) -> None:
    cookie = cookie_of(enter(api))
    desk.execute("UPDATE access.session SET ends = now() - interval '1 second'")
    assert not sees(api, cookie)
    enter(api)
    with psycopg2.connect(database_url) as session, session.cursor() as work:
        work.execute(
            "SELECT count(*), max(ends) - now() BETWEEN '11 h' AND '12 h' FROM access.session"
        )
        assert work.fetchall() == [(1, True)]
    session.close()


def test_a_session_ends_with_its_token(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    Desk(database_url)
    with running(database_url) as api:
        evaluators, partners = cookie_of(enter(api)), cookie_of(enter(api, TOKENS["tokopedia"]))
        assert sees(api, evaluators)
    monkeypatch.setattr("tests.services.http.conftest.EVALUATOR", "another-token-of-an-evaluator")
    with running(database_url) as api:
        assert not sees(api, evaluators)
        assert sees(api, partners)


def test_a_partners_session_shows_its_own_data_only(season_api: Api) -> None:
    cookie = cookie_of(enter(season_api, TOKENS["tokopedia"]))
    shown = season_api.ask("/purchased-classes", {"partner": "pintaria"}, cookie)
    assert shown.status_code == 403


def test_what_is_kept_opens_nothing(database_url: str, desk: Desk, api: Api) -> None:
    cookie = cookie_of(enter(api))
    with psycopg2.connect(database_url) as session, session.cursor() as work:
        work.execute("SELECT session, token FROM access.session")
        ((kept, token),) = work.fetchall()
    session.close()
    value = cookie["Cookie"].partition("=")[2]
    for secret in (bytes(kept), bytes(token)):
        assert value.encode() not in secret
        assert EVALUATOR.encode() not in secret
    assert desk is not None


@pytest.mark.parametrize("value", ["", "x", "A" * 43, "A" * 44, "%00", "a b", '"', "A" * 5_000])
def test_a_cookie_that_was_not_given_leads_to_the_login(season_api: Api, value: str) -> None:
    answer = season_api.ask("/", headers={"Cookie": f"{COOKIE}={value}"})
    assert answer.status_code == 303


@pytest.mark.parametrize(
    ("headers", "is_own"),
    [
        ({}, True),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "https://elsewhere"}, True),
        ({"Sec-Fetch-Site": "none"}, True),
        ({"Sec-Fetch-Site": "same-site"}, False),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "http://api"}, False),
        ({"Origin": "http://api"}, True),
        ({"Origin": "https://api"}, True),
        ({"Origin": "http://API"}, True),
        ({"Origin": "https://elsewhere"}, False),
        ({"Origin": "http://api.elsewhere"}, False),
        ({"Origin": "http://api:8001"}, False),
        ({"Origin": "null"}, False),
        ({"Origin": ""}, False),
        ({"Origin": "http://[::1"}, False),
    ],
)
def test_forms_of_other_sites_are_refused_at_login_and_logout(
    season_api: Api, headers: dict[str, str], is_own: bool
) -> None:
    entered = enter(season_api, **headers)
    assert entered.status_code == (303 if is_own else 403)
    assert ("set-cookie" in entered.headers) == is_own
    cookie = cookie_of(enter(season_api))
    left = season_api.ask("/logout", headers={**cookie, **headers}, method="POST")
    assert left.status_code == (303 if is_own else 403)
    assert sees(season_api, cookie) != is_own


def test_without_a_database_nobody_is_told_that_a_token_is_unknown() -> None:
    with running("postgresql://x@/y?host=/nowhere") as api:
        assert enter(api).status_code == 503
        answer = api.ask("/", headers={"Cookie": f"{COOKIE}={'A' * 43}"})
        assert answer.status_code == 503
        assert api.ask("/").status_code == 303
