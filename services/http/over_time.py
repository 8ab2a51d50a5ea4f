"""Answers from the sums over time: how far these are behind, and whether they answer a question at all."""

from collections.abc import Sequence
from datetime import datetime

from domain.days import end_of
from projections.reading import evaluations
from projections.reading.evaluations_days import day_answering
from projections.reading.instants import microseconds
from projections.reading.intake import Freshness
from projections.reading.session import Session
from services.http import parameters
from services.http.routing import Asked

ANY_MIDNIGHT = end_of(0)
"""As of which no row is ever asked."""


async def judges_rows(asked: Asked, partner_ids: Sequence[int]) -> bool:
    """Whether an evaluation is judged from many rows: as of an instant that no sum is of."""
    as_of = asked.query["as_of"]
    return as_of is not None and await is_not_summed(asked, partner_ids, as_of)


async def is_not_summed(asked: Asked, partner_ids: Sequence[int], as_of: int) -> bool:
    """Whether no sum answers what is asked of some partners ``as_of``."""

    async def read(session: Session) -> int | None:
        return await day_answering(session, partner_ids, as_of)

    return await asked.sources.database.read(read) is None


async def freshness_of_list(
    asked: Asked, partner_ids: Sequence[int], as_of: int | None
) -> Freshness:
    """How far a list of evaluations is behind, asked beside its own snapshot."""

    async def read(session: Session) -> tuple[int, datetime | None]:
        return await evaluations.waiting(session, partner_ids, as_of)

    return await freshness(asked, partner_ids, await asked.sources.database.read(read))


async def freshness(
    asked: Asked, partner_ids: Sequence[int], waiting: tuple[int, datetime | None]
) -> Freshness:
    """How far an evaluation is behind: as other answers, and what waits to be added up, since when."""
    behind = await asked.sources.freshness.of(partner_ids)
    changes, since = waiting
    seconds = 0.0 if since is None else (parameters.now() - microseconds(since)) / 1_000_000
    return Freshness(
        None if behind.events is None else behind.events + changes,
        None if behind.seconds is None else max(behind.seconds, round(seconds, 3)),
        behind.unknown,
    )
