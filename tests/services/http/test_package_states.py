"""Complete, incomplete and unresolved are disjoint and add up to the packages sold, wherever they are counted."""

from collections import Counter
from typing import Any
from urllib.parse import quote

import pytest

from domain.vocabulary import PARTNERS
from tests.services.http.conftest import Api

STATES = {
    "complete": {"complete": "true"},
    "incomplete": {"complete": "false"},
    "unresolved": {"unresolved": "true"},
}
AS_OF = "2020-07-15T00:00:00+07:00"


def key(item: dict[str, Any]) -> tuple[str, ...]:
    return item["partner"], item["purchase_id"], item["participant_id"]


def state(item: dict[str, Any]) -> str:
    """The one state that a row says: each row's fields must agree on it."""
    said = {True: "complete", False: "incomplete", None: "unresolved"}[item["complete"]]
    assert item["unresolved"] is (said == "unresolved")
    return said


@pytest.mark.parametrize("query", [{}, {"as_of": AS_OF}, {"partner": "tokopedia"}])
def test_filters_split_the_packages_sold(season_api: Api, query: dict[str, str]) -> None:
    path = "/v1/package-purchases"
    sold = season_api.items(path, **query)
    listed = {name: season_api.items(path, **query, **of) for name, of in STATES.items()}
    assert all(listed.values()) or "partner" in query
    assert Counter(map(key, sold)) == Counter(key(item) for of in listed.values() for item in of)
    for name, of in listed.items():
        assert {state(item) for item in of} <= {name}
    resolved = season_api.items(path, **query, unresolved="false")
    assert len(resolved) == len(sold) - len(listed["unresolved"])
    for complete in ("true", "false"):
        assert season_api.items(path, **query, unresolved="true", complete=complete) == []


@pytest.mark.parametrize("query", [{}, {"as_of": AS_OF}])
def test_evaluations_count_what_lists_have(season_api: Api, query: dict[str, str]) -> None:
    sold = season_api.items("/v1/package-purchases", **query)
    for partner in PARTNERS:
        packages = season_api.get(f"/v1/partners/{partner}/evaluation", **query)["packages"]
        mine = Counter(state(item) for item in sold if item["partner"] == partner)
        assert {name: packages[name] for name in STATES} == {name: mine[name] for name in STATES}
        assert packages["purchases"] == mine.total()
        if mine:
            assert packages["share_complete"] == mine["complete"] / mine.total()
    for partner, code in sorted({(item["partner"], item["package_code"]) for item in sold}):
        place = f"/v1/packages/{partner}/{quote(code, safe='')}/evaluation"
        found = season_api.get(place, **query)
        mine = Counter(
            state(i) for i in sold if (i["partner"], i["package_code"]) == (partner, code)
        )
        assert [found[name] for name in STATES] == [mine[name] for name in STATES]
