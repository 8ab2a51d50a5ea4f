"""Rows whose evidence would be too long keep none: every answer about them is made of the ledger, and is the same."""

from collections.abc import Iterator

import pytest

from projections.storage import evidence
from services.embedded.postgres import EmbeddedPostgres
from services.simulator import simulate
from tests.services.http.conftest import Api, running, write_season
from tests.services.http.desk import Desk

AS_OF = "2020-06-30T00:00:00+07:00"


def filled(server: EmbeddedPostgres, name: str) -> tuple[str, Desk]:
    url = server.create_database(name)
    desk = Desk(url)
    write_season(desk, simulate(1_200, seed=3))
    return url, desk


@pytest.fixture(scope="module")
def both(postgres_server: EmbeddedPostgres) -> Iterator[tuple[Api, Api]]:
    """The same season twice: as it is kept usually, and with no row keeping any evidence."""
    usual, desk = filled(postgres_server, "usual_evidence")
    desk.session.close()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(evidence, "MOST_BYTES", 0)
        long, desk = filled(postgres_server, "long_evidence")
        with desk.session, desk.session.cursor() as work:
            for table in ("purchased_class", "purchase"):
                work.execute(f"SELECT count(*), count(evidence) FROM projections.{table}")
                ((rows, kept),) = work.fetchall()
                assert rows > 100
                assert kept == 0
        desk.session.close()
    with running(usual) as first, running(long) as second:
        yield first, second
    for name in ("usual_evidence", "long_evidence"):
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
    usual, long = (api.items(path, **query) for api in both)
    assert usual
    assert long == usual


@pytest.mark.parametrize("query", [{}, {"as_of": AS_OF}], ids=["now", "as of"])
def test_persons_and_purchases(both: tuple[Api, Api], query: dict[str, str]) -> None:
    listed = both[0].items("/v1/purchased-classes")
    people = sorted({item["participant_id"] for item in listed})[:25]
    for person in people:
        usual, long = (api.get(f"/v1/participants/{person}/classes", **query) for api in both)
        assert long["items"] == usual["items"]
    purchases = {(i["partner"], p["purchase_id"]) for i in listed for p in i["purchases"]}
    for partner, purchase_id in sorted(purchases)[:25]:
        path = f"/v1/purchases/{partner}/{purchase_id}"
        assert both[0].status(path, **query) == both[1].status(path, **query)
        if both[0].status(path, **query) == 200:
            usual, long = (api.get(path, **query) for api in both)
            assert long["classes"] == usual["classes"]
            assert long["refunds"] == usual["refunds"]
