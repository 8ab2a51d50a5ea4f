"""Prints what each step of writing a batch to the ledger costs: `python -m tests.benchmarks.ledger URL`.

URL names an empty database. Events are some 230 bytes in the COPY stream, spread over the lanes of one partner and,
as partners' ids are, with random event ids. Text COPY is there to compare with.
"""

import platform
import random
import sys
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from statistics import median
from time import perf_counter

from psycopg2.extensions import connection, cursor

from projections.storage.copy import copy_stream
from services.postgres.connect import connect, transaction
from services.postgres.lane_rows import LaneState, Step, advance, open_lane, take_over
from services.postgres.ledger import (
    SQL,
    TOPIC_NUMBERS,
    EventRow,
    LaneEvents,
    copy,
    encode_events,
    find_events,
    place,
)
from services.postgres.migrations.run import migrate

PARTNER_ID = 1
LANES = 6
BATCH_EVENTS = 5_000
BATCHES = 30
TOPICS = ("paid", "redeemed", "progressed", "completed", "assessed")
NOW = 1_600_000_000_000_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def open_lanes(session: connection) -> list[LaneState]:
    with transaction(session) as work:
        opened = [
            open_lane(
                work,
                log_id="benchmark",
                topic="benchmark",
                partition=partition,
                partner_id=PARTNER_ID,
                first_offset=0,
            )
            for partition in range(LANES)
        ]
        return take_over(work, [lane.lane_id for lane in opened])


def rows(count: int, first_offset: int) -> list[EventRow]:
    return [
        (
            offset,
            str(uuid.uuid4()),
            1_592_000_000_000_000 + random.randrange(10**13),
            random.getrandbits(63),
            "",
            random.choice(TOPICS),
            random.randbytes(random.randrange(30, 120)),
            None,
            None,
        )
        for offset in range(first_offset, first_offset + count)
    ]


def encode_as_text(batches: list[LaneEvents], recorded: int) -> bytes:
    """The same rows for a text COPY; ids and streams here need no escaping, which would cost more."""
    now = (EPOCH + timedelta(microseconds=recorded)).isoformat()
    lines = []
    for batch in batches:
        for position, row in enumerate(batch.rows, start=batch.first_position):
            offset, event_id, happened, person, stream, topic, state, _, _ = row
            time = (EPOCH + timedelta(microseconds=happened)).isoformat()
            lines.append(
                f"{place(batch.lane_id, position)}\t{offset}\t{person}\t{time}\t{now}\t{batch.partner_id}"
                f"\t{TOPIC_NUMBERS[topic]}\tf\t\t{stream}\t{event_id}\t\\N\t\\\\x{state.hex()}\n"
            )
    return "".join(lines).encode()


class Stopwatch:
    """Microseconds an event that each step took, batch by batch."""

    def __init__(self) -> None:
        self.laps: dict[str, list[float]] = {}

    @contextmanager
    def lap(self, step: str) -> Iterator[None]:
        start = perf_counter()
        yield
        self.laps.setdefault(step, []).append((perf_counter() - start) / BATCH_EVENTS * 1e6)


def write(session: connection, lanes: list[LaneState], *, as_text: bool) -> Stopwatch:
    watch = Stopwatch()
    each = BATCH_EVENTS // LANES
    for number in range(BATCHES):
        new = [rows(each, number * each) for _ in lanes]
        ids = [row[1] for lane_rows in new for row in lane_rows if row[1] is not None]
        steps = [
            Step(
                lane_id=lane.lane_id,
                epoch=lane.epoch,
                expected_offset=number * each,
                next_offset=(number + 1) * each,
                accepted=each,
                duplicate=0,
                rejected=0,
                skipped=0,
                unknown_fields=0,
                high_water=(number + 1) * each,
            )
            for lane in lanes
        ]
        with ExitStack() as committing, transaction(session) as work:
            with watch.lap("find_events"):
                find_events(work, {PARTNER_ID: ids}, {})
            with watch.lap("advance"):
                first = advance(work, steps)
            batches = [
                LaneEvents(lane.lane_id, PARTNER_ID, first[lane.lane_id], lane_rows)
                for lane, lane_rows in zip(lanes, new, strict=True)
            ]
            with watch.lap("encode"):
                stream = (encode_as_text if as_text else encode_events)(batches, NOW)
            with watch.lap("COPY"):
                (send_text if as_text else send_binary)(work, stream)
            committing.enter_context(watch.lap("COMMIT"))
    return watch


def send_binary(work: cursor, stream: bytes) -> None:
    copy(work, "copy_events", stream)


def send_text(work: cursor, stream: bytes) -> None:
    statement = SQL["copy_events"].replace(" (FORMAT binary)", "")
    copy_stream(work, statement, stream)


def main() -> None:
    session = connect(sys.argv[1], "benchmark")
    migrate(session)
    server = session.info.parameter_status("server_version")
    print(
        f"{platform.machine()}, Python {platform.python_version()}, psycopg2 {version('psycopg2-binary')},"
        f" PostgreSQL {server}; {BATCHES} batches of {BATCH_EVENTS} events over {LANES} lanes"
    )
    for as_text in (True, False):
        with transaction(session) as work:
            work.execute("TRUNCATE ledger.stored_event, ledger.lane")
        watch = write(session, open_lanes(session), as_text=as_text)
        figures = ", ".join(f"{step} {median(laps):.2f}" for step, laps in watch.laps.items())
        print(f"{'text' if as_text else 'binary'}: µs an event: {figures}")


if __name__ == "__main__":
    main()
