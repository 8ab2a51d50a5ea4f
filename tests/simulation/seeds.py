"""Seeds one after the other, on one server."""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Iterable, Iterator
from contextlib import closing
from multiprocessing import parent_process
from multiprocessing.connection import wait
from multiprocessing.queues import Queue
from types import FrameType
from typing import NoReturn

from tests.simulation.database import RunDatabases
from tests.simulation.locks import Locks
from tests.simulation.run import Ran, Run
from tests.simulation.totals import Totals


def played(seeds: Iterable[int]) -> Iterator[Ran]:
    """What each seed's run was; raises SeedFailed, with its story, at the first that does not end as it must."""
    with RunDatabases() as databases, closing(Locks(databases.server_url)) as locks:
        for seed in seeds:
            yield Run(databases.fresh(), locks, seed).play()


def begin(cores: Queue[int]) -> None:
    """Makes ready a process that plays seeds.

    It ends when the one that began it does, however that one ends; its server and folder go with it. It has a core to
    itself with its server: of the two only one works at a time, and to wake another core for each answer took 5 to 9 %
    of the time.
    """
    os.sched_setaffinity(0, {cores.get()})
    parent = parent_process()
    assert parent is not None

    def leave(_number: int, _frame: FrameType | None) -> NoReturn:
        raise SystemExit(1)  # unwinds `totals_of`

    def watch() -> None:
        wait([parent.sentinel])
        os.kill(os.getpid(), signal.SIGTERM)

    signal.signal(signal.SIGTERM, leave)
    threading.Thread(target=watch, daemon=True).start()


def totals_of(first: int, behind: int) -> Totals:
    """What the seeds from ``first`` on came to, in a process that does nothing else; raises SeedFailed."""
    logging.disable(logging.CRITICAL)
    totals = Totals()
    try:
        for ran in played(range(first, behind)):
            totals.add(ran)
    except SystemExit:
        os._exit(1)  # the pool would take it for a result, and threads of the run may wait for ever
    return totals
