"""Every benchmark, one after another on the same servers: `python -m tests.benchmarks --help`.

In some ten minutes on two cores: contenders in turn, a worker step by step, rebuilding, reading, freshness and
storage. Each part is a command of its own with more to choose: bench_drain, bench_rebuild, bench_read,
bench_freshness, bench_growth.
"""

from time import monotonic
from typing import Annotated, Any, Final

import typer

from tests.benchmarks import (
    bench_drain,
    bench_freshness,
    bench_read,
    bench_rebuild,
)
from tests.benchmarks.plot import draw
from tests.benchmarks.report import conditions, console, print_conditions, save
from tests.benchmarks.run import run
from tests.benchmarks.season_log import season_log
from tests.benchmarks.servers import fill, servers

RATES: Final = (2_000, 10_000)
FRESH_SECONDS: Final = 15
READ_SIZE: Final = 100_000
READ_SECONDS: Final = 4


def main(
    events: Annotated[int, typer.Option(help="Records in the log.")] = 200_000,
    rounds: Annotated[int, typer.Option(help="How often each contender runs.")] = 3,
    broker: Annotated[str, typer.Option(help="apache or embedded.")] = "apache",
    name: Annotated[
        str, typer.Option(help="Of the files in docs/benchmarks; empty: none.")
    ] = "latest",
) -> None:
    """Run everything, print it, and save it as JSON with a plot."""
    began = monotonic()
    log = season_log(events)
    with servers(broker) as running_servers:
        found: dict[str, Any] = conditions(running_servers, log)
        print_conditions(found)
        fill(running_servers.broker.bootstrap, log)
        found |= bench_drain.measure(running_servers, log, [], rounds, profiled=True)
        found |= bench_rebuild.measure(running_servers, log, rounds)
        found |= bench_read.measure(running_servers, log, [READ_SIZE], rounds, READ_SECONDS)
    # On empty topics: what was published before would be read first.
    fresh_log = season_log(bench_freshness.needed(RATES, FRESH_SECONDS), is_spread=False)
    with servers(broker) as running_servers:
        found |= bench_freshness.measure(running_servers, fresh_log, RATES, FRESH_SECONDS)
    found["minutes"] = round((monotonic() - began) / 60, 1)
    console.print(f"{found['minutes']} minutes in all")
    if name:
        console.print(f"saved in {save(name, found)} and {draw(name)}")
    if found["failures"]:
        raise typer.Exit(1)


if __name__ == "__main__":
    run(main)
