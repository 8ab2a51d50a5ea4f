"""What is refused: callers, paths, parameters, cursors, media types. Every refusal is a problem (RFC 9457)."""

from typing import Any

import pytest
from httpx import Response

from tests.services.http.conftest import EVALUATOR, TOKENS, Api, bearer

LISTS = ("/v1/purchased-classes", "/v1/package-purchases", "/v1/rejections", "/v1/intake")
PATHS = (
    *LISTS,
    "/v1/participants/PRK-1/classes",
    "/v1/participants/PRK-1/classes/tokopedia/C-1/history",
    "/v1/purchases/tokopedia/P-1",
)


def problem(answer: Response, status: int) -> dict[str, Any]:
    """The body, after checking that it is a problem of this status."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == status
    assert body["title"]
    assert body["detail"]
    return dict(body)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer wrong"},
        {"Authorization": f"Basic {EVALUATOR}"},
        {"Authorization": f"Bearer {EVALUATOR}x"},
        {"Authorization": EVALUATOR},
    ],
)
def test_without_a_known_token_nothing_is_read(
    season_api: Api, path: str, headers: dict[str, str]
) -> None:
    answer = season_api.ask(path, headers=headers)
    problem(answer, 401)
    assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/openapi.json", "/docs"])
def test_what_is_not_data_is_open(season_api: Api, path: str) -> None:
    assert season_api.ask(path).status_code == 200


def test_the_scheme_may_be_written_in_any_case(season_api: Api) -> None:
    assert season_api.ask("/v1/intake", headers={"Authorization": f"bearer {EVALUATOR}"}).is_success


@pytest.mark.parametrize(
    ("path", "query"),
    [
        *((path, {"partner": "pintaria"}) for path in LISTS),
        ("/v1/participants/PRK-1/classes", {"partner": "pintaria"}),
        ("/v1/participants/PRK-1/classes/pintaria/C-1/history", {}),
        ("/v1/purchases/pintaria/P-1", {}),
    ],
)
def test_a_partner_does_not_read_another_partners_data(
    season_api: Api, path: str, query: dict[str, str]
) -> None:
    problem(season_api.ask(path, query, bearer(TOKENS["tokopedia"])), 403)
    assert season_api.ask(path, query, bearer(TOKENS["pintaria"])).status_code in {200, 404}


@pytest.mark.parametrize("path", LISTS)
def test_a_partners_lists_hold_its_own_data_only(season_api: Api, path: str) -> None:
    assert season_api.get(path)["items"]
    for partner, token in TOKENS.items():
        found = season_api.get(path, token)["items"]
        assert {item["partner"] for item in found} <= {partner}
        assert found == season_api.get(path, partner=partner)["items"]


def test_a_persons_classes_are_narrowed_to_the_partner_that_asks(season_api: Api) -> None:
    for item in season_api.get("/v1/purchased-classes", limit=40)["items"]:
        path = f"/v1/participants/{item['participant_id']}/classes"
        whole = season_api.get(path)["items"]
        for partner, token in TOKENS.items():
            own = [each for each in whole if each["partner"] == partner]
            assert season_api.get(path, token)["items"] == own


@pytest.mark.parametrize("path", ["/v1", "/v1/", "/v2/intake", "/v1/participants/x", "/v1/intake/"])
def test_unknown_paths(season_api: Api, path: str) -> None:
    problem(season_api.ask(path, headers=bearer()), 404)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_nothing_is_written(season_api: Api, method: str) -> None:
    answer = season_api.ask("/v1/intake", headers=bearer(), method=method)
    problem(answer, 405)
    assert "GET" in answer.headers["allow"]


def test_unknown_partners(season_api: Api) -> None:
    problem(season_api.ask("/v1/purchases/nobody/P-1", headers=bearer()), 404)
    problem(
        season_api.ask("/v1/participants/PRK-1/classes/nobody/C-1/history", headers=bearer()), 404
    )
    for path in LISTS:
        body = problem(season_api.ask(path, {"partner": "nobody"}, bearer()), 422)
        assert body["errors"][0]["parameter"] == "partner"


def test_unknown_people_have_no_classes(season_api: Api) -> None:
    assert season_api.get("/v1/participants/nobody/classes")["items"] == []


def test_unknown_purchases(season_api: Api) -> None:
    problem(season_api.ask("/v1/purchases/tokopedia/none", headers=bearer()), 404)


@pytest.mark.parametrize(
    ("path", "query", "names"),
    [
        ("/v1/intake", {"limit": "5"}, ["limit"]),
        ("/v1/purchased-classes", {"colour": "red", "size": "1"}, ["colour", "size"]),
        ("/v1/purchased-classes", {"completion": "done"}, ["completion"]),
        ("/v1/purchased-classes", {"assessment": "PASSED"}, ["assessment"]),
        ("/v1/purchased-classes", {"flag": ""}, ["flag"]),
        ("/v1/purchased-classes", {"purchase": "all"}, ["purchase"]),
        ("/v1/purchased-classes", {"class_code": ""}, ["class_code"]),
        ("/v1/purchased-classes", {"class_code": "a\0b"}, ["class_code"]),
        ("/v1/purchased-classes", {"institution": "x" * 257}, ["institution"]),
        ("/v1/purchased-classes", {"purchased_from": "2020-06-30"}, ["purchased_from"]),
        ("/v1/purchased-classes", {"limit": "0", "cursor": ""}, ["limit", "cursor"]),
        ("/v1/purchased-classes", {"limit": "1001"}, ["limit"]),
        ("/v1/purchased-classes", {"limit": "-1"}, ["limit"]),
        ("/v1/purchased-classes", {"limit": "1.0"}, ["limit"]),
        ("/v1/purchased-classes", {"limit": "٣"}, ["limit"]),
        ("/v1/package-purchases", {"complete": "yes"}, ["complete"]),
        ("/v1/package-purchases", {"unresolved": "1"}, ["unresolved"]),
        ("/v1/package-purchases", {"after_sales_end": "True"}, ["after_sales_end"]),
        ("/v1/rejections", {"reason": "bad"}, ["reason"]),
        ("/v1/rejections", {"since": "yesterday"}, ["since"]),
        ("/v1/rejections", {"as_of": "2020-12-31T00:00:00Z"}, ["as_of"]),
    ],
)
def test_parameters_that_cannot_be_understood_are_named(
    season_api: Api, path: str, query: dict[str, str], names: list[str]
) -> None:
    body = problem(season_api.ask(path, query, bearer()), 422)
    assert [fault["parameter"] for fault in body["errors"]] == names
    assert all(name in body["detail"] for name in names)


@pytest.mark.parametrize(
    "as_of",
    [
        "",
        "2020-12-31",
        "2020-12-31T00:00:00",
        "2020-12-31 00:00:00",
        "2020-02-30T00:00:00Z",
        "2020-12-31T24:00:00Z",
        "2020-12-31T00:00:00+0700",
        "1609372800",
        "now",
        "0001-01-01T00:00:00+07:00",
    ],
)
@pytest.mark.parametrize("path", [*LISTS[:2], *PATHS[4:]])
def test_a_time_needs_an_offset_and_a_place_in_the_calendar(
    season_api: Api, path: str, as_of: str
) -> None:
    body = problem(season_api.ask(path, {"as_of": as_of}, bearer()), 422)
    assert body["errors"][0]["parameter"] == "as_of"


def test_a_time_is_echoed_in_utc(season_api: Api) -> None:
    for as_of, echo in (
        ("2020-12-31T23:59:59+07:00", "2020-12-31T16:59:59Z"),
        ("2020-12-31T23:59:59 07:00", "2020-12-31T16:59:59Z"),  # a plus sign in a URL is a blank
        ("2020-12-31t16:59:59.5z", "2020-12-31T16:59:59.500000Z"),
        ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z"),
    ):
        for path in LISTS[:2]:
            assert season_api.get(path, as_of=as_of, limit=1)["as_of"] == echo
        assert season_api.get("/v1/participants/PRK-1/classes", as_of=as_of)["as_of"] == echo


def test_a_parameter_is_given_once(season_api: Api) -> None:
    answer = season_api.ask("/v1/intake?partner=tokopedia&partner=pintaria", headers=bearer())
    assert problem(answer, 422)["errors"][0]["parameter"] == "partner"


def test_a_cursor_belongs_to_its_question(season_api: Api) -> None:
    path = "/v1/purchased-classes"
    cursor = season_api.get(path, limit=2, completion="completed")["next_cursor"]
    assert season_api.status(path, limit=5, completion="completed", cursor=cursor) == 200
    for query in (
        {},
        {"completion": "in_progress"},
        {"completion": "completed", "flag": "purchased_twice"},
    ):
        problem(season_api.ask(path, {**query, "cursor": cursor}, bearer()), 422)
    problem(season_api.ask("/v1/package-purchases", {"cursor": cursor}, bearer()), 422)
    own = bearer(TOKENS["tokopedia"])
    problem(season_api.ask(path, {"completion": "completed", "cursor": cursor}, own), 422)


def test_a_changed_cursor_is_noticed(season_api: Api) -> None:
    path = "/v1/purchased-classes"
    cursor = season_api.get(path, limit=2)["next_cursor"]
    changed = [
        cursor[:-1],
        cursor + "A",
        "A" + cursor,
        cursor.swapcase(),
        "x",
        "é",
        "=",
        "AAAA" * 9,
    ]
    for place in range(0, len(cursor), 5):
        letter = "A" if cursor[place] != "A" else "B"
        changed.append(cursor[:place] + letter + cursor[place + 1 :])
    for other in changed:
        problem(season_api.ask(path, {"cursor": other}, bearer()), 422)


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        ("", "application/json"),
        ("*/*", "application/json"),
        ("application/*", "application/json"),
        ("text/*", "text/csv"),
        ("text/csv", "text/csv"),
        ("TEXT/CSV; header=present", "text/csv"),
        ("application/x-ndjson", "application/x-ndjson"),
        ("text/html, application/xhtml+xml, */*;q=0.8", "application/json"),
        ("text/csv;q=0.5, application/json;q=0.4", "text/csv"),
        ("application/json;q=0, */*", "text/csv"),
    ],
)
@pytest.mark.parametrize("path", LISTS)
def test_a_list_is_given_as_the_client_likes_it(
    season_api: Api, path: str, accept: str, media: str
) -> None:
    answer = season_api.ask(path, headers={**bearer(), "Accept": accept})
    assert answer.status_code == 200
    assert answer.headers["content-type"].split(";")[0] == media


@pytest.mark.parametrize(
    "accept", ["text/html", "application/xml", "application/json;q=0", "nonsense"]
)
def test_other_media_types_are_not_given(season_api: Api, accept: str) -> None:
    for path in PATHS:
        problem(season_api.ask(path, headers={**bearer(), "Accept": accept}), 406)


def test_one_purchase_is_given_as_json_only(season_api: Api) -> None:
    headers = {**bearer(), "Accept": "text/csv"}
    problem(season_api.ask("/v1/purchases/tokopedia/P-1", headers=headers), 406)
