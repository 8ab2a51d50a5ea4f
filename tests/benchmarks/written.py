"""A ledger of any length, written as workers write it but without a broker: decoded, decided, committed.

The log is one season over and over, as in bench_growth, by keys to the lanes of its topics. So the rows are those that
an intake of this log leaves, and a rebuild can be compared with them. Two processes write, each the topics of half of
the partners.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import islice
from multiprocessing import get_context
from typing import Final

import msgspec
from psycopg2.extensions import connection

from domain.vocabulary import PARTNER_IDS
from projections import catalogue
from projections.status import rejudge
from projections.sums import rollup
from services.cloudevents.decode import decode
from services.garbage import collect_seldom
from services.intake.batch import Decoded, LaneBatch
from services.intake.lanes import Lane
from services.intake.writer import Writer
from services.postgres import lane_rows
from services.postgres.connect import close, connect, transaction
from services.postgres.migrations.run import migrate
from services.simulator import SimulatedRecord
from tests.benchmarks.bench_growth import season
from tests.benchmarks.season_log import PARTITIONS, SeasonLog, is_participants, season_log
from tests.partitioning import partition_of
from tests.raw_record import raw_record

BATCH_RECORDS: Final = 5_000
SALES_END: Final = 1_593_450_000_000_000
"""2020-06-30T00:00:00+07:00."""
WRITERS: Final = 2


def write(database_url: str, log: SeasonLog, records: int) -> None:
    """Writes at least so many records, whole seasons, and brings every row in line with the catalogue."""
    seasons = -(-records // len(log.records))
    session = connect(database_url, "fill", statement_timeout_seconds=0)
    try:
        migrate(session)
        with transaction(session) as work:
            catalogue.set_package_sales_end(work, SALES_END)
        with ProcessPoolExecutor(WRITERS, get_context("spawn")) as writers:
            running = [
                writers.submit(_write, database_url, log.events, log.seed, number, seasons)
                for number in range(WRITERS)
            ]
            for one in running:
                one.result()
        _settle(session)
    finally:
        close(session)


def _write(database_url: str, events: int, seed: int, number: int, seasons: int) -> None:
    """What one writer writes: the records of every other partner."""
    log = season_log(events, seed)
    mine = [record for record in log.records if PARTNER_IDS[record.partner] % WRITERS == number]
    log = msgspec.structs.replace(log, records=mine)
    people = {(record.partner, record.key) for record in mine if is_participants(record)}
    collect_seldom()
    session = connect(database_url, "fill", statement_timeout_seconds=0)
    try:
        writer = Writer(session, len(people))
        lanes: dict[tuple[str, int], Lane] = {}
        for one in range(seasons):
            for batch in _batches(season(log, one)):
                writer.write(by_lane(session, lanes, batch))
    finally:
        close(session)


def _batches(told: Iterator[SimulatedRecord]) -> Iterator[list[SimulatedRecord]]:
    while batch := list(islice(told, BATCH_RECORDS)):
        yield batch


def by_lane(
    session: connection, lanes: dict[tuple[str, int], Lane], batch: Iterable[SimulatedRecord]
) -> list[LaneBatch]:
    """The records as a batch, decoded; ``lanes`` are those opened so far, and gets those that are missing."""
    shares: dict[tuple[str, int], list[SimulatedRecord]] = defaultdict(list)
    for record in batch:
        shares[record.partner, partition_of(record.key, PARTITIONS)].append(record)
    batches = []
    for name, share in shares.items():
        lane = lanes.get(name)
        if lane is None:
            lane = lanes[name] = _opened(session, *name)
        batches.append(_lane_batch(lane, share))
    return batches


def _opened(session: connection, partner: str, partition: int) -> Lane:
    topic, partner_id = f"tuntas.partner.{partner}", PARTNER_IDS[partner]
    with transaction(session) as work:
        opened = lane_rows.open_lane(
            work,
            log_id="written",
            topic=topic,
            partition=partition,
            partner_id=partner_id,
            first_offset=0,
        )
        (state,) = lane_rows.take_over(work, [opened.lane_id])
    return Lane(state.lane_id, topic, partition, partner_id, state.epoch, state.next_offset)


def _lane_batch(lane: Lane, share: list[SimulatedRecord]) -> LaneBatch:
    decoded = [
        Decoded(
            lane.next_offset + index,
            decode(record.partner, record.key, record.headers, record.value),
            raw_record(record.key, record.value),
        )
        for index, record in enumerate(share)
    ]
    behind = lane.next_offset + len(share)
    return LaneBatch(lane, decoded, behind, behind)


def _settle(session: connection) -> None:
    """What the project service does until nothing is behind; then PostgreSQL knows what the tables hold."""
    opened = partial(transaction, session)
    while behind := rejudge.partners_behind(opened):
        for partner_id in behind:
            rejudge.rejudge(opened, partner_id)
    added = 1
    while added:
        with transaction(session) as work:
            added = rollup.add_up(work)
    session.autocommit = True
    with session.cursor() as work:
        work.execute("VACUUM ANALYZE")
    session.autocommit = False
