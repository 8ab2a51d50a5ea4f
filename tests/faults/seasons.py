"""Seasons that are sent while things break: what one comes to, how it ends, and many of them, seed after seed."""

from __future__ import annotations

import argparse
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from msgspec import Struct, field

from services.simulator import SimulatedRecord
from tests.end_to_end import proof
from tests.end_to_end.running_system import RunningSystem
from tests.end_to_end.test_answers import folded, from_api, read
from tests.faults.results import keep, quantile

ASKED: Final = 2_000
"""So many purchases of a season are asked for one by one, beside the list of all."""


class SeasonFailed(AssertionError):
    """The end was not as it must be; the message says of which seed, and what was broken when."""


class Season(Struct):
    """What was sent and broken. ``times``: seconds until things went on, by kind of fault."""

    records: int = 0
    trials: Counter[str] = field(default_factory=Counter)
    times: dict[str, list[float]] = field(default_factory=dict)


def hold(system: RunningSystem, records: Sequence[SimulatedRecord]) -> None:
    """Waits until all is read; then fails unless every outcome, answer and sum, told and asked, is the oracle's."""
    system.wait_until_drained()
    proof.check_everything(system, records, asked=ASKED)
    proof.differing(folded(read(system.bootstrap, "read_committed")), from_api(system))


@contextmanager
def story(system: RunningSystem, seed: int, told: Sequence[str]) -> Iterator[None]:
    """A block whose exceptions are SeasonFailed, with the services' last words and what was broken (``told``)."""
    try:
        yield
    except Exception as error:
        broken = "\n".join(told)
        logs = "\n".join(f"--- {name}\n{log}" for name, log in system.logs().items())
        raise SeasonFailed(
            f"{logs}\n{broken}\nseed {seed}: {type(error).__name__}: {error}"
        ) from error


def add_arguments(parser: argparse.ArgumentParser, *, seeds: int, seconds: float) -> None:
    """What every command that plays seasons is asked for, beside what it breaks."""
    parser.add_argument("--seeds", type=int, default=seeds, help="so many seasons at most")
    parser.add_argument("--seconds", type=float, default=seconds, help="begin no season later")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--keep", action="store_true", help="append the sums to docs/faults.jsonl")


def play_seasons(
    what: str,
    given: argparse.Namespace,
    play: Callable[[int], Season],
    shown: Callable[[Season], object],
) -> int:
    """Plays one seed after the other until one fails: 0, or 1 where one did.

    ``what`` the results are kept as; ``shown`` is what is printed of a season.
    """
    started = time.monotonic()
    records = failed = 0
    trials: Counter[str] = Counter()
    times: dict[str, list[float]] = defaultdict(list)
    seed = given.first
    while seed < given.first + given.seeds and not failed:
        if time.monotonic() - started > given.seconds:
            break
        try:
            season = play(seed)
        except SeasonFailed as failure:
            failed = 1
            print(failure, flush=True)
        else:
            records += season.records
            trials.update(season.trials)
            for kind, found in season.times.items():
                times[kind] += found
            took = time.monotonic() - started
            print(f"{took:7.0f} s  seed {seed}: {shown(season)}", flush=True)
        seed += 1
    for kind, found in sorted(times.items()):
        print(f"{kind}: p50 {quantile(found, 0.5):.2f} s, p99 {quantile(found, 0.99):.2f} s")
    if given.keep:
        keep(
            what,
            seeds=range(given.first, seed),
            seconds=time.monotonic() - started,
            failed=failed,
            sums={"seasons": seed - given.first, "records": records},
            trials=trials,
            times=times,
        )
    return failed
