"""What a participant's number costs a record: `python -m tests.benchmarks.people`.

A vault of many participants; batches of as many records as the intake takes, of as many participants as a season has in
them. Numbers are from memory, looked up, or given; microseconds on the clock and of both CPUs, divided by the records.
"""

import argparse
import random
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

import psutil
from rich.table import Table

from services.embedded.postgres import EmbeddedPostgres
from services.postgres.connect import close, connect, transaction
from services.postgres.migrations.run import migrate
from services.postgres.vault import Vault
from services.postgres.waiting import WaitingConnection
from tests.benchmarks.report import console

RECORDS: Final = 5_000
PEOPLE: Final = 1_500
"""So many participants are in a batch of a season that is read from its beginning, at a cache that holds a tenth."""
BATCHES: Final = 30
FILL: Final = """
INSERT INTO vault.person (person, participant_id)
SELECT (random() * 9e18)::bigint + 1, 'PRK-' || to_char(n, 'FM000000000') FROM generate_series(1, %s) AS n
ON CONFLICT DO NOTHING
"""


class Spent(NamedTuple):
    """Microseconds a record."""

    clock: float
    client: float
    postgres: float


def measured(session: WaitingConnection, numbers: Callable[[], object]) -> Spent:
    """What one batch's look-up takes."""
    backend = psutil.Process(session.info.backend_pid)
    cpu = sum(backend.cpu_times()[:2])
    clock, client = time.perf_counter(), time.thread_time()
    numbers()
    spent = (
        time.perf_counter() - clock,
        time.thread_time() - client,
        sum(backend.cpu_times()[:2]) - cpu,
    )
    return Spent(*(each / RECORDS * 1e6 for each in spent))


def batches(ids: Sequence[str], seed: int) -> list[list[str]]:
    chance = random.Random(seed)
    return [chance.sample(ids, PEOPLE) for _ in range(BATCHES)]


def main(people: int) -> None:
    """Prints the figures."""
    ids = [f"PRK-{number:09}" for number in range(1, people + 1)]
    with (
        TemporaryDirectory(prefix="tuntas-people-") as folder,
        EmbeddedPostgres(Path(folder) / "postgres") as server,
    ):
        session = connect(server.create_database("people"), "people", statement_timeout_seconds=0)
        migrate(session)
        with transaction(session) as work:
            work.execute(FILL, (people,))
        session.autocommit = True
        with session.cursor() as work:
            work.execute("VACUUM ANALYZE vault.person")
        session.autocommit = False
        table = Table(title=f"A participant's number, {people:,} in the vault, µs a record")
        for heading in ("number", "clock", "client CPU", "PostgreSQL CPU"):
            table.add_column(heading, justify="left" if heading == "number" else "right")
        kept = Vault(session, people)
        new = [[f"NEW-{b}-{n}" for n in range(PEOPLE)] for b in range(BATCHES)]
        ways = {
            "looked up": [partial(Vault(session, 0).numbers, who) for who in batches(ids, 1)],
            "given": [partial(Vault(session, 0).numbers, who) for who in new],
            "from memory": [partial(kept.numbers, who) for who in batches(ids[:PEOPLE], 2)],
        }
        kept.numbers(ids[:PEOPLE])
        for name, calls in ways.items():
            spent = [measured(session, call) for call in calls]
            # CPU of another process is counted in hundredths of a second: added up, not taken one by one.
            postgres = sum(one.postgres for one in spent) / len(spent)
            row = (
                median(one.clock for one in spent),
                median(one.client for one in spent),
                postgres,
            )
            table.add_row(name, *(f"{each:.2f}" for each in row))
        console.print(table)
        close(session)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("people", type=int, nargs="?", default=1_000_000)
    main(parser.parse_args().people)
