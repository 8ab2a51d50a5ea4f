"""``make simulate ARGS="--seeds 1000"``: ends with 1, and the story of the first seed that fails, where one does.

Told to end by SIGTERM, it plays what it has begun and keeps the totals.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
import time
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from itertools import cycle
from multiprocessing import get_context
from typing import Final

from tests.simulation.run import SeedFailed
from tests.simulation.seeds import begin, totals_of
from tests.simulation.totals import Totals, keep

AT_ONCE: Final = 250
"""So many seeds have a server, and a line of what is printed."""


def main() -> int:
    """0, or 1 where a seed failed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=1_000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--seconds", type=float, default=float("inf"), help="begin none later")
    parser.add_argument(
        "--keep", action="store_true", help="append the totals to docs/simulated-seeds.jsonl"
    )
    given = parser.parse_args()
    started = time.monotonic()
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda _number, _frame: stop.set())

    def goes_on() -> bool:
        return not stop.is_set() and time.monotonic() - started < given.seconds

    totals, failure = Totals(), None
    end = given.first + given.seeds
    left = iter(range(given.first, end, AT_ONCE))
    spawning = get_context("spawn")
    cores = spawning.Queue()
    for _, core in zip(range(given.processes), cycle(sorted(os.sched_getaffinity(0)))):
        cores.put(core)
    with ProcessPoolExecutor(given.processes, spawning, begin, (cores,)) as pool:
        running: set[Future[Totals]] = set()
        while failure is None:
            while len(running) < given.processes and goes_on():
                first = next(left, None)
                if first is None:
                    break
                running.add(pool.submit(totals_of, first, min(first + AT_ONCE, end)))
            if not running:
                break
            done = next(as_completed(running))
            running.remove(done)
            try:
                totals.update(done.result())
            except SeedFailed as error:
                failure = error
                print(failure, flush=True)
            print(f"{time.monotonic() - started:7.0f} s  {totals.told()}", flush=True)
        for each in running:
            each.cancel()
    if given.keep:
        keep(totals, given.first, time.monotonic() - started, int(failure is not None))
    return int(failure is not None)


if __name__ == "__main__":
    sys.exit(main())
