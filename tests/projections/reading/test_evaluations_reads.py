"""What an evaluation reads is bounded by the values that metrics can have, not by how much was purchased."""

import asyncio
import json
import random
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any

import asyncpg
import pytest

from domain.counting import Counted
from domain.events import (
    CLASS_STREAM,
    PACKAGE_STREAM,
    ClassPublished,
    Fact,
    PackagePublished,
    PartnerEvent,
)
from domain.vocabulary import PARTNER_IDS
from projections.reading import evaluations, evaluations_lists
from projections.reading.catalogue import CatalogueCache, Known, version
from projections.sums import rollup
from projections.sums.deltas import Deltas
from services.embedded.postgres import EmbeddedPostgres
from tests.projections.kept import Kept

PARTNER_ID = PARTNER_IDS["pintaria"]
CLASSES = [f"C-{number:02}" for number in range(20)]
PURCHASED = 20_000
MOST_ROWS = 2_000
NOW = time.time_ns() // 1000
HOUR = 3_600_000_000


def purchased(chance: random.Random) -> Counted:
    """One purchased class of the last 30 days."""
    completion = chance.choice(("completed", "completed", "in_progress", "never_reported"))
    score = round(chance.random(), 4) if completion == "completed" else None
    return Counted(
        NOW - chance.randrange(30 * 24) * HOUR,
        False,
        completion,
        "not_assessed" if score is None else "passed" if score > 0.6 else "failed",
        False,
        chance.randrange(4),
        score,
        None if score is None else 0.5,
        chance.randint(1, 5),
        None,
        chance.randrange(30 * 86_400) if completion == "completed" else None,
    )


@pytest.fixture(scope="module")
def filled(postgres_server: EmbeddedPostgres) -> Iterator[str]:
    """A database with the sums of many purchased classes of one partner, one institution and one package."""
    database_url = postgres_server.create_database("much_evaluated")
    kept = Kept(database_url)
    lane = kept.desk.lane("pintaria")
    facts: list[tuple[str, Fact]] = [
        (CLASS_STREAM + code, ClassPublished(code, code, "here")) for code in CLASSES
    ]
    facts.append((PACKAGE_STREAM + "K", PackagePublished("K", "K", tuple(CLASSES[:3]))))
    for number, (stream, fact) in enumerate(facts):
        kept.desk.send(lane, PartnerEvent("pintaria", f"e{number}", NOW, stream, fact))
    kept.settle()
    chance = random.Random(1)
    deltas = Deltas()
    for number in range(PURCHASED):
        code = CLASSES[number % len(CLASSES)]
        packages = ["K"] if code in CLASSES[:3] else None
        deltas.class_row(PARTNER_ID, code, packages, purchased(chance), 1)
    with kept.transaction() as work:
        rollup.add(work, deltas.counts())
    ((rows,),) = kept.rows("SELECT count(*) FROM projections.rollup")
    assert rows > 10 * MOST_ROWS
    with kept.transaction() as work:
        work.execute("ANALYZE")
    kept.close()
    yield database_url
    postgres_server.drop_database("much_evaluated")


class Watched:
    """A session that counts the rows that its queries look at, by their plans."""

    def __init__(self, session: Any) -> None:
        self._session = session
        self.looked_at = 0
        self.queries = 0

    async def fetch(self, query: str, *values: Any) -> Sequence[Any]:
        explain = f"EXPLAIN (ANALYZE, FORMAT JSON) {query}"
        ((plan,),) = await self._session.fetch(explain, *values)
        self.looked_at += looked_at(json.loads(plan)[0]["Plan"])
        self.queries += 1
        rows: Sequence[Any] = await self._session.fetch(query, *values)
        return rows

    async def fetchrow(self, query: str, *values: Any) -> Any:
        rows = await self.fetch(query, *values)
        return rows[0] if rows else None


def looked_at(plan: dict[str, Any]) -> int:
    """The rows that the scans of tables in a plan read, those that they dropped included."""
    own = 0
    if "Relation Name" in plan:
        dropped = plan.get("Rows Removed by Filter", 0)
        own = round((plan["Actual Rows"] + dropped) * plan["Actual Loops"])
    return own + sum(looked_at(part) for part in plan.get("Plans", ()))


Evaluate = Callable[[Any, Known], Awaitable[Any]]


async def listed(session: Any, known: Known) -> Any:
    partner_ids = [PARTNER_ID]
    pages = evaluations_lists.institutions(session, known, partner_ids, None, None, 100)
    found = [item async for page in pages for _, item in page.items]
    pages_of_partners = evaluations_lists.partners(session, known, partner_ids, None, None)
    partners = [item async for page in pages_of_partners for _, item in page.items]
    assert [item.purchased for item in partners] == [PURCHASED]
    return found[0]


@pytest.mark.parametrize(
    ("evaluate", "count"),
    [
        (lambda s, k: evaluations.of_class(s, k, PARTNER_ID, "C-00", None, NOW), PURCHASED // 20),
        (lambda s, k: evaluations.of_institution(s, k, [PARTNER_ID], "here", None, NOW), PURCHASED),
        (lambda s, k: evaluations.of_partner(s, k, PARTNER_ID, None, NOW), PURCHASED),
        (lambda s, k: evaluations.of_package(s, k, PARTNER_ID, "K", None, NOW), None),
        (listed, PURCHASED),
    ],
    ids=["class", "institution", "partner", "package", "lists"],
)
def test_an_evaluation_looks_at_few_rows(
    filled: str, evaluate: Evaluate, count: int | None
) -> None:
    async def run() -> Watched:
        session = await asyncpg.connect(filled)
        try:
            known = await CatalogueCache().at_least(session, await version(session))
            watched = Watched(session)
            found = await evaluate(watched, known)
            if count is None:
                assert [each.purchased for each in found.classes] == [PURCHASED // 20] * 3
            else:
                assert found.purchased == count
                assert getattr(found, "median_days_to_completion", 1) is not None
            return watched
        finally:
            await session.close()

    watched = asyncio.run(run())
    assert 0 < watched.looked_at < MOST_ROWS
    assert watched.queries <= 6
