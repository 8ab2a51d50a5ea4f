"""Cuts through one history, drawn from its seed, and what must hold after each."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from time import monotonic
from typing import Final

import asyncpg
from msgspec import Struct, field
from msgspec.structs import asdict

from projections.reading.catalogue import CatalogueCache
from services.http.database import SESSION_SETTINGS
from services.http.pacing import Pace, PacedSession
from tests.simulation import answers, ledgers
from tests.simulation.database import RunDatabase
from tests.simulation.kafka import LaneName
from tests.simulation.locks import Locks
from tests.simulation.reader import BEHIND
from tests.simulation.records import people_in
from tests.simulation.run import Run
from tests.wal_cuts.history import History, history
from tests.wal_cuts.recovery import TAILS, WAYS, database_url, recovered

READ_ON: Final = 0.25
"""So often the services read on from what was recovered, to the end, while other things break."""


class CutFailed(AssertionError):
    """What was recovered is not what it must be; the message says of which cut."""


class Cuts(Struct):
    """Sums over cuts. ``read_on``: after how many the services went on to the end; ``acknowledged``: records."""

    histories: int = 0
    cuts: int = 0
    read_on: int = 0
    answers: int = 0
    acknowledged: int = 0
    recovered: int = 0
    ways: Counter[str] = field(default_factory=Counter)

    def sums(self) -> dict[str, int]:
        """Everything but the ways."""
        sums: dict[str, int] = asdict(self)
        del sums["ways"]
        return sums

    def told(self) -> str:
        """In one line."""
        return ", ".join(
            f"{count:,} {name.replace('_', ' ')}" for name, count in self.sums().items()
        )


def cut_through(seed: int, count: int, totals: Cuts, until: float = float("inf")) -> None:
    """Cuts one seed's history so often, adding to ``totals``; begins none after ``until``. Raises CutFailed."""
    with history(seed) as of:
        totals.histories += 1
        chance = random.Random(f"{seed}/cuts")
        for number in range(count):
            cut = chance.randint(of.first, of.end)
            way, tail = chance.choice(WAYS), chance.choice(TAILS)
            reads_on = chance.random() < READ_ON
            if monotonic() > until:
                return
            try:
                _cut(of, cut, way, tail, totals, reads_on=reads_on)
            except Exception as error:
                told = f"seed {seed}, cut {number}: byte {cut} of {of.first} to {of.end}, {way}, {tail}"
                raise CutFailed(f"{told}: {type(error).__name__}: {error}") from error


def _cut(of: History, cut: int, way: str, tail: str, totals: Cuts, *, reads_on: bool) -> None:
    with recovered(of, cut, way, tail) as server:
        url = database_url(server)
        reached = asyncio.run(_check(url, of, totals))
        known = of.acknowledged_at(cut)
        missing = {lane: at for lane, at in known.items() if reached.get(lane, 0) < at}
        assert not missing, f"acknowledged up to {missing}, recovered up to {reached}"
        totals.cuts += 1
        totals.acknowledged += sum(known.values())
        totals.recovered += sum(reached.values())
        totals.ways[f"{way}, {tail}"] += 1
        if reads_on:
            with (
                closing(Locks(server.database_url())) as locks,
                closing(RunDatabase(url)) as database,
            ):
                Run(database, locks, cut, earlier=of.run).play()
            totals.read_on += 1


async def _check(url: str, of: History, totals: Cuts) -> Mapping[LaneName, int]:
    """How far lanes were read. Each offset has one outcome, lanes add up, answers are those of exactly that."""
    session = await asyncpg.connect(url, server_settings=SESSION_SETTINGS)
    try:
        async with session.transaction(isolation="repeatable_read", readonly=True):
            paced = PacedSession(session, Pace())
            ledger = await ledgers.ledger_of(paced)
            ledgers.check(ledger, of.run.log.lanes)
            expected = ledgers.expected_of(ledger, of.run.log.lanes)
            ((is_behind,),) = await paced.fetch(BEHIND)
            if not is_behind:
                catalogue = CatalogueCache()
                for person in people_in(of.run.log.lanes):
                    await answers.check_person(paced, catalogue, expected, person)
                    totals.answers += 1
            return {name: lane.next_offset for name, lane in ledger.items()}
    finally:
        session.terminate()
