"""Seeds one after the other, on one server."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from contextlib import closing

from tests.simulation.database import RunDatabases
from tests.simulation.locks import Locks
from tests.simulation.run import Ran, Run
from tests.simulation.totals import Totals


def played(seeds: Iterable[int]) -> Iterator[Ran]:
    """What each seed's run was; raises SeedFailed, with its story, at the first that does not end as it must."""
    with RunDatabases() as databases, closing(Locks(databases.server_url)) as locks:
        for seed in seeds:
            yield Run(databases, locks, seed).play()


def totals_of(first: int, behind: int) -> Totals:
    """What the seeds from ``first`` on came to, in a process that does nothing else; raises SeedFailed."""
    logging.disable(logging.CRITICAL)
    totals = Totals()
    for ran in played(range(first, behind)):
        totals.add(ran)
    return totals
