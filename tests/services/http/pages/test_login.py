"""The login: a token entered once, kept where no script and no other site reaches it."""

from http.cookies import SimpleCookie
from urllib.parse import urlencode

import pytest
from httpx import Response

from services.http.pages.login import COOKIE
from services.http.pages.own import own_path
from services.http.pages.rendering import STYLE
from tests.services.http.conftest import EVALUATOR, Api


def enter(api: Api, token: str, wanted: str = "/", **headers: str) -> Response:
    body = urlencode({"token": token, "next": wanted}).encode()
    return api.ask("/login", None, headers, "POST", body=body)


def test_without_a_cookie_a_page_leads_to_the_login_and_back(season_api: Api) -> None:
    answer = season_api.ask("/purchased-classes", {"flag": "purchased_twice"})
    assert answer.status_code == 303
    assert answer.headers["location"] == "/login?next=/purchased-classes%3Fflag%3Dpurchased_twice"
    form = season_api.ask(answer.headers["location"])
    assert form.status_code == 200
    assert 'value="/purchased-classes?flag=purchased_twice"' in form.text
    entered = enter(season_api, EVALUATOR, "/purchased-classes?flag=purchased_twice")
    assert entered.status_code == 303
    assert entered.headers["location"] == "/purchased-classes?flag=purchased_twice"


def test_the_cookie_is_kept_from_scripts_and_other_sites(season_api: Api) -> None:
    cookie = SimpleCookie(enter(season_api, f" {EVALUATOR} ").headers["set-cookie"])[COOKIE]
    assert cookie.value != EVALUATOR
    assert cookie["httponly"]
    assert cookie["samesite"].lower() == "strict"
    assert cookie["path"] == "/"
    assert not cookie["max-age"]
    assert not cookie["expires"]


def test_the_cookie_opens_pages_and_nothing_else(season_api: Api) -> None:
    cookie = season_api.session()
    assert season_api.ask("/", headers=cookie).status_code == 200
    assert season_api.ask("/v1/intake", headers=cookie).status_code == 401
    assert season_api.ask("/", headers={"Cookie": f"{COOKIE}=wrong"}).status_code == 303
    assert season_api.ask("/", headers=cookie, method="POST").status_code == 405


@pytest.mark.parametrize("token", ["", "wrong", "\0", "ä", "x" * 10_000])
def test_an_unknown_token_is_refused(season_api: Api, token: str) -> None:
    answer = enter(season_api, token)
    assert answer.status_code == 401
    assert "set-cookie" not in answer.headers
    assert "This token is not known." in answer.text


def test_another_sites_form_is_refused(season_api: Api) -> None:
    answer = enter(season_api, EVALUATOR, **{"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers
    left = season_api.ask("/logout", None, {"Sec-Fetch-Site": "cross-site"}, "POST")
    assert "set-cookie" not in left.headers


def test_leaving_removes_the_cookie(season_api: Api) -> None:
    answer = season_api.ask("/logout", method="POST")
    assert answer.status_code == 303
    assert SimpleCookie(answer.headers["set-cookie"])[COOKIE]["max-age"] == "0"


@pytest.mark.parametrize(
    ("wanted", "path"),
    [
        ("/intake?partner=pintaria", "/intake?partner=pintaria"),
        ("//elsewhere", "/"),
        ("/\\elsewhere", "/"),
        ("https://elsewhere", "/"),
        ("/a\nb", "/"),
        ("", "/"),
        (None, "/"),
    ],
)
def test_the_login_leads_to_this_site_only(wanted: str | None, path: str) -> None:
    assert own_path(wanted) == path


def test_the_style_sheet_may_be_kept(season_api: Api) -> None:
    answer = season_api.ask(STYLE.path)
    assert answer.status_code == 200
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["content-type"] == "text/css; charset=utf-8"
