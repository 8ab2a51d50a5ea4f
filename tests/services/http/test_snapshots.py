"""Snapshots say what the events say: every answer is the same where they are whole, behind, or gone."""

from collections.abc import Iterator

import pytest

from projections import aggregates
from services.embedded.postgres import EmbeddedPostgres
from services.simulator import simulate
from tests.services.http.conftest import Api, running, write_season
from tests.services.http.desk import Desk

AS_OF = "2020-06-30T00:00:00+07:00"


def filled(server: EmbeddedPostgres, name: str) -> tuple[str, Desk]:
    url = server.create_database(name)
    desk = Desk(url)
    write_season(desk, simulate(2_000, seed=3))
    return url, desk


def snapshots(desk: Desk) -> tuple[int, int]:
    """How many there are, and how many of these are whole."""
    with desk.session, desk.session.cursor() as work:
        work.execute("SELECT count(*), count(*) FILTER (WHERE whole) FROM ledger.snapshot")
        ((count, whole),) = work.fetchall()
    return count, whole


@pytest.fixture(scope="module", params=["behind", "gone"])
def both(
    postgres_server: EmbeddedPostgres, request: pytest.FixtureRequest
) -> Iterator[tuple[Api, Api]]:
    """The same season twice: with snapshots as they usually are, and with such as few have, or none."""
    usual, desk = filled(postgres_server, "usual_snapshots")
    count, whole = snapshots(desk)
    assert count == whole > 100
    desk.session.close()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(aggregates, "FEW", 0)
        patch.setattr(aggregates, "SHARE", 2)
        other, desk = filled(postgres_server, "other_snapshots")
        assert snapshots(desk)[1] == 0
    if request.param == "gone":
        with desk.session, desk.session.cursor() as work:
            work.execute("DELETE FROM ledger.snapshot")
    desk.session.close()
    with running(usual) as first, running(other) as second:
        yield first, second
    for name in ("usual_snapshots", "other_snapshots"):
        postgres_server.drop_database(name)


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/v1/purchased-classes", {}),
        ("/v1/purchased-classes", {"as_of": AS_OF}),
        ("/v1/package-purchases", {}),
        ("/v1/package-purchases", {"as_of": AS_OF}),
        ("/v1/institutions", {"as_of": AS_OF}),
    ],
)
def test_lists(both: tuple[Api, Api], path: str, query: dict[str, str]) -> None:
    # Two databases give the same people other numbers, which lists are in the order of.
    usual, other = (sorted(api.items(path, **query), key=repr) for api in both)
    assert usual
    assert other == usual


@pytest.mark.parametrize("query", [{}, {"as_of": AS_OF}], ids=["now", "as of"])
def test_persons_and_purchases(both: tuple[Api, Api], query: dict[str, str]) -> None:
    listed = both[0].items("/v1/purchased-classes")
    people = sorted({item["participant_id"] for item in listed})[:25]
    for person in people:
        usual, other = (api.get(f"/v1/participants/{person}/classes", **query) for api in both)
        assert other["items"] == usual["items"]
    purchases = {(i["partner"], p["purchase_id"]) for i in listed for p in i["purchases"]}
    for partner, purchase_id in sorted(purchases)[:25]:
        path = f"/v1/purchases/{partner}/{purchase_id}"
        assert both[0].status(path, **query) == both[1].status(path, **query)
        if both[0].status(path, **query) == 200:
            usual, other = (api.get(path, **query) for api in both)
            assert other["classes"] == usual["classes"]
            assert other["refunds"] == usual["refunds"]
