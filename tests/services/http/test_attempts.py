"""Guesses are limited: by address, in bounded memory, without holding up who is known there."""

import pytest

from services.http import attempts
from services.http.access import Access
from services.http.attempts import MOST_ADDRESSES, MOST_REMEMBERED, TRIES, Attempts
from services.http.problems import Problem
from services.settings import SettingsRefused, read_settings
from tests.services.http.conftest import EVALUATOR, TOKENS, Api, bearer, running
from tests.services.http.desk import Desk
from tests.services.http.test_refusals import problem


class Clock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def access(clock: Clock) -> Access:
    return Access([EVALUATOR], {TOKENS["tokopedia"]: "tokopedia"}, (), Attempts(clock))


def status(access: Access, token: str, host: str = "10.0.0.1") -> int:
    try:
        access.caller(f"Bearer {token}", host)
    except Problem as refused:
        return refused.status
    return 200


def test_an_address_has_so_many_tries_and_another_has_its_own(access: Access, clock: Clock) -> None:
    answers = [status(access, f"guess-{number}") for number in range(1_500)]
    assert answers == [401] * TRIES + [429] * (1_500 - TRIES)
    assert status(access, "guess", "10.0.0.2") == 401
    clock.now += attempts.TRY_SECONDS
    assert [status(access, f"more-{number}") for number in range(2)] == [401, 429]


def test_a_right_guess_is_not_told_from_a_wrong_one_meanwhile(access: Access, clock: Clock) -> None:
    for number in range(TRIES):
        status(access, f"guess-{number}")
    assert status(access, EVALUATOR) == status(access, "wrong") == 429
    clock.now += attempts.TRY_SECONDS
    assert status(access, EVALUATOR) == 200


def test_a_token_that_was_good_there_is_not_held_up(access: Access) -> None:
    assert status(access, EVALUATOR) == 200
    for number in range(100):
        status(access, f"guess-{number}")
    assert status(access, EVALUATOR) == 200
    assert status(access, TOKENS["tokopedia"]) == 429
    assert status(access, TOKENS["tokopedia"], "10.0.0.2") == 200


def test_a_program_with_an_old_token_keeps_no_neighbour_out(access: Access) -> None:
    answers = [status(access, "an-old-token") for _ in range(1_500)]
    assert answers == [401] * TRIES + [429] * (1_500 - TRIES)
    assert status(access, EVALUATOR) == 200
    assert status(access, "another") == 401


def test_when_to_try_again_is_told(access: Access) -> None:
    for number in range(TRIES):
        status(access, f"guess-{number}")
    with pytest.raises(Problem) as refused:
        access.caller("Bearer one-more", "10.0.0.1")
    headers = refused.value.headers or {}
    assert 1 <= int(headers["Retry-After"]) <= attempts.TRY_SECONDS + 1


def test_what_is_remembered_is_bounded(clock: Clock) -> None:
    limit = Attempts(clock)
    for number in range(MOST_ADDRESSES + 500):
        limit.bad(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", b"digest")
    assert len(limit._addresses) == MOST_ADDRESSES  # noqa: SLF001 - memory is what is tested
    for number in range(1_000):
        clock.now += 60
        limit.bad("a", bytes([number >> 8, number & 255]))
        limit.good("a", bytes([number >> 8, number & 255, 1]))
    (address,) = [each for key, each in limit._addresses.items() if key == "a"]  # noqa: SLF001
    assert len(address.bad) == len(address.good) == MOST_REMEMBERED


def test_an_ipv6_network_is_one_address(access: Access) -> None:
    answers = [
        status(access, f"guess-{number}", f"2001:db8::{number:x}") for number in range(TRIES + 5)
    ]
    assert answers == [401] * TRIES + [429] * 5
    assert status(access, "guess", "2001:db8:0:1::1") == 401


def test_guesses_at_the_api_the_login_and_the_metrics_are_limited_together(
    database_url: str,
) -> None:
    Desk(database_url)
    with running(database_url) as api:
        api.host = "10.0.0.1"
        answers = []
        for number in range(60):
            answers += [
                api.ask("/v1/intake", headers=bearer(f"guess-a-{number}")),
                api.ask("/metrics", headers=bearer(f"guess-b-{number}")),
                api.ask("/login", None, {}, "POST", body=f"token=guess-c-{number}".encode()),
            ]
        codes = [answer.status_code for answer in answers]
        assert codes == [401] * TRIES + [429] * (180 - TRIES)
        assert all("retry-after" in answer.headers for answer in answers[TRIES:])
        problem(api.ask("/v1/intake", headers=bearer("guess")), 429)
        assert "try again later" in answers[-1].text
        assert "set-cookie" not in answers[-1].headers
        problem(api.ask("/v1/intake", headers=bearer()), 429)
        assert api.ask("/livez").status_code == 200


def test_what_a_client_says_of_its_address_is_not_believed(database_url: str) -> None:
    Desk(database_url)
    with running(database_url) as api:
        api.host = "10.0.0.1"
        codes = [
            api.ask(
                "/v1/intake",
                headers={**bearer(f"guess-{number}"), "X-Forwarded-For": f"10.0.0.{number}"},
            ).status_code
            for number in range(TRIES + 5)
        ]
    assert codes[-5:] == [429] * 5


@pytest.mark.parametrize(
    "path",
    [
        "/v1/intake",
        "/v1/partners",
        "/v1/purchased-classes",
        "/v1/nothing",
        "/v1/purchases/tokopedia/x",
    ],
)
def test_answers_are_kept_by_nobody_and_their_type_is_not_guessed(
    season_api: Api, path: str
) -> None:
    for headers in ({}, bearer(), {**bearer(), "Accept": "text/csv"}):
        for method in ("GET", "HEAD", "POST"):
            answer = season_api.ask(path, headers=headers, method=method)
            assert answer.headers["cache-control"] == "no-store"
            assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_failure_of_the_server_is_kept_by_nobody(
    season_api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.http.routing._encode", lambda _answer: 1 / 0)
    answer = season_api.ask("/v1/intake", headers=bearer(), crash=True)
    problem(answer, 500)
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "setting",
    [
        {"TUNTAS_EVALUATOR_TOKENS": "fifteen-letters"},
        {"TUNTAS_PARTNER_TOKENS": "pintaria:short"},
        {"TUNTAS_METRICS_TOKENS": "sixteen-letters-,x"},
    ],
)
def test_a_token_that_can_be_guessed_is_refused_at_the_start(setting: dict[str, str]) -> None:
    with pytest.raises(SettingsRefused) as refused:
        read_settings(setting)
    (sentence,) = refused.value.problems
    (name,) = setting
    assert sentence.startswith(f"{name} holds a token shorter than 16 characters")
    assert not [token for token in setting[name].split(",") if token in sentence]
