"""The raw floor: a client's poll and a COPY of the bytes, and an offset row a lane and batch."""

from collections.abc import Mapping, Sequence

from psycopg2.extensions import connection

from tests.benchmarks.draining import Contender, Place, Process
from tests.benchmarks.peers.floor import BATCH_RECORDS

READ = "SELECT coalesce(sum(next_offset), 0) FROM floor_offset"
STORED = "SELECT count(*), coalesce(sum(length(value)), 0) FROM floor_record"


def floor(client: str) -> Contender:
    """``client``: `kafka-python` or `confluent-kafka`."""

    def processes(place: Place) -> Sequence[Process]:
        arguments = (place.servers.broker.bootstrap, place.database_url, place.name)
        return [Process(("-m", "tests.benchmarks.peers.floor", client, *arguments))]

    return Contender(
        name=f"floor: {client} + COPY",
        does="raw bytes and one offset row a lane and batch; no decoding, no deduplication, no index",
        settings={"records a batch": str(BATCH_RECORDS), "crc": "checked"},
        processes=processes,
        progress=progress,
        check=check,
    )


def progress(place: Place, session: connection) -> float:
    """The share of the log whose offsets are committed."""
    with session.cursor() as work:
        work.execute(READ)
        ((read,),) = work.fetchall()
    return float(read) / place.told.records


def check(place: Place, session: connection) -> Mapping[str, tuple[int, int]]:
    """Rows and bytes."""
    with session.cursor() as work:
        work.execute(STORED)
        ((stored, size),) = work.fetchall()
    return {
        "rows": (stored, place.told.records),
        "bytes": (int(size), place.told.value_bytes),
    }
