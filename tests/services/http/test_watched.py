"""Worklists are what judging every row finds, however far the project service follows, whichever way they are read."""

from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest

from projections.reading import evaluations_days, watched
from services.embedded.postgres import EmbeddedPostgres
from services.postgres.connect import close, connect, transaction
from tests.services.http.conftest import Api
from tests.services.http.partly_followed import SHARES, partly_followed
from tests.services.http.test_worklists import ORDERS, PATH, Items, is_stalled, ordered

STALLED = ("2020-05-20T00:00:00Z", "2020-07-15T00:00:00Z", "2021-02-01T00:00:00Z")
STATES = tuple(
    product(("in_progress", "completed", "never_reported"), ("passed", "failed", "not_assessed"))
)
FIRST = "/v1/first-completions"


@pytest.fixture(scope="module", params=["all", "some", "nothing"])
def api(postgres_server: EmbeddedPostgres, request: pytest.FixtureRequest) -> Iterator[Api]:
    """A season of which all, two thirds or nothing is followed."""
    with partly_followed(
        postgres_server, f"watched_{request.param}", SHARES[request.param]
    ) as found:
        yield found


@pytest.fixture(params=["few", "many"], autouse=True)
def _way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways of reading: few rows sorted, many looked for in order."""
    monkeypatch.setattr(watched, "FEW", 5_000 if request.param == "few" else 0)


@pytest.fixture(scope="module")
def listed(api: Api) -> Items:
    return api.items(PATH, limit=1000)


@pytest.mark.parametrize("since", STALLED)
def test_what_stalled(api: Api, listed: Items, since: str) -> None:
    for narrowed in ({}, {"completion": "in_progress"}, {"partner": "pintaria"}):
        wanted = [each for each in listed if is_stalled(each, since) and _has(each, narrowed)]
        assert api.items(PATH, limit=31, stalled_since=since, **narrowed) == wanted
        for order in ORDERS[2:]:
            query = {"stalled_since": since, "order": order, **narrowed}
            assert api.items(PATH, limit=23, **query) == ordered(wanted, order)


@pytest.mark.parametrize("order", ORDERS[2:])
def test_by_the_latest_word(api: Api, listed: Items, order: str) -> None:
    code = max(
        listed, key=lambda each: sum(each["class_code"] == of["class_code"] for of in listed)
    )
    narrowings: list[dict[str, str]] = [
        {},
        {"purchase": "refunded"},
        {"flag": "completed_without_assessment"},
        {"partner": code["partner"], "class_code": code["class_code"]},
        {"institution": code["institution"]},
        {"assessment": "passed"},
    ]
    for narrowed in narrowings:
        wanted = [each for each in listed if _has(each, narrowed)]
        assert wanted
        found = api.items(PATH, limit=47, order=order, **narrowed)
        assert found == ordered(wanted, order), narrowed


def test_by_the_latest_word_within_a_package(api: Api, listed: Items) -> None:
    package = next(
        (each["partner"], bought["package_code"])
        for each in listed
        for bought in each["purchases"]
        if bought["package_code"]
    )
    query = {"partner": package[0], "package_code": package[1]}
    wanted = api.items(PATH, **query)
    for order in ORDERS[2:]:
        assert api.items(PATH, order=order, limit=5, **query) == ordered(wanted, order)


@pytest.mark.parametrize(("completion", "assessment"), STATES)
def test_two_states_together(api: Api, listed: Items, completion: str, assessment: str) -> None:
    query = {"completion": completion, "assessment": assessment}
    wanted = [each for each in listed if _has(each, query)]
    assert api.items(PATH, limit=19, **query) == wanted


def test_first_completions_by_time(api: Api) -> None:
    everybody = api.items(FIRST, limit=1000)
    times = sorted(each["since"] for each in everybody if each["since"])
    third = len(times) // 3
    for low, high in ((times[third], times[-third]), (times[-10], None), (None, times[third])):
        bounds = {name: at for name, at in (("from", low), ("to", high)) if at}
        for state in (None, "ready", "missing", "none"):
            wanted = [
                each
                for each in everybody
                if each["since"]
                and (low is None or each["since"] >= low)
                and (high is None or each["since"] < high)
                and state in {None, each["state"]}
            ]
            query = bounds if state is None else bounds | {"state": state}
            assert api.items(FIRST, limit=29, **query) == wanted
            assert bool(wanted) == (state != "none")


@pytest.fixture(params=["known", "unknown"])
def _ready(request: pytest.FixtureRequest, api: Api) -> Iterator[None]:
    """Whether certificate and review are there is noted, or not known of every other row."""
    if request.param == "known":
        yield
        return
    session = connect(api.database_url, "test")
    with transaction(session) as work:
        work.execute("CREATE TABLE noted AS SELECT * FROM projections.watched_class")
        work.execute("UPDATE projections.watched_class SET is_ready = NULL WHERE person % 2 = 0")
    yield
    with transaction(session) as work:
        work.execute("TRUNCATE projections.watched_class")
        work.execute("INSERT INTO projections.watched_class SELECT * FROM noted")
        work.execute("DROP TABLE noted")
    close(session)


@pytest.mark.usefixtures("_ready")
@pytest.mark.parametrize("state", ["ready", "missing", "none"])
def test_first_completions_in_a_state(api: Api, state: str) -> None:
    wanted = [each for each in api.items(FIRST, limit=1000) if each["state"] == state]
    assert len(wanted) > 10
    assert api.items(FIRST, limit=29, state=state) == wanted
    completed = [each for each in wanted if each["since"] and each["since"] < "2020-07-01"]
    found = api.items(FIRST, limit=29, state=state, to="2020-07-01T00:00:00Z")
    assert found == completed


def test_far_behind_rows_answer(api: Api, listed: Items, monkeypatch: pytest.MonkeyPatch) -> None:
    async def not_usable(*_: object) -> bool:
        return False

    monkeypatch.setattr(evaluations_days, "usable", not_usable)
    wanted = [each for each in listed if is_stalled(each, STALLED[1])]
    assert api.items(PATH, limit=200, stalled_since=STALLED[1]) == wanted
    assert api.items(PATH, limit=500, order="last_reported_at") == ordered(
        listed, "last_reported_at"
    )


def _has(item: dict[str, Any], narrowed: dict[str, str]) -> bool:
    told = {
        **{name: item[name] for name in ("partner", "class_code", "institution", "purchase")},
        "completion": item["completion"]["state"],
        "assessment": item["assessment"]["state"],
    }
    return all(
        value in item["flags"] if name == "flag" else told[name] == value
        for name, value in narrowed.items()
    )
