"""quixstreams, as it comes, tuned, and tuned with the events kept as well."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Final, Literal

from kafka import KafkaAdminClient
from kafka.errors import RetriableError
from psycopg2.extensions import connection

from domain.vocabulary import PARTNERS, TOPIC_PREFIX
from tests.benchmarks.draining import Contender, Place, Process
from tests.benchmarks.season_log import PARTITIONS

COMMIT_EVERY: Final = 50_000
FETCH_BYTES: Final = 16 * 1024 * 1024
COMPLETED: Final = "SELECT count(*) FROM quix_class WHERE completed_at > 0"
EVENTS: Final = "SELECT count(*) FROM quix_event"
Way = Literal["default", "tuned", "events"]

DOES: Final = {
    "default": "a state a participant and class (each id once), its row upserted by the library's PostgreSQL sink",
    "tuned": "the same",
    "events": "the same, and every event once in a second table by a second sink",
}
TUNED: Final = {
    "commit_every": str(COMMIT_EVERY),
    "fetch.max.bytes": str(FETCH_BYTES),
    "states": "MessagePack bytes",
    "changelog": "lz4, linger 50 ms",
}


def streams(way: Way) -> Contender:
    """quixstreams; its truth is in the offsets committed to Kafka, which follow the sink's COMMIT."""

    def processes(place: Place) -> Sequence[Process]:
        arguments = (
            *(way, place.servers.broker.bootstrap, place.database_url, place.name),
            *(str(place.folder), str(place.told.records)),
        )
        return [Process(("-m", "tests.benchmarks.peers.streams", *arguments))]

    def check(place: Place, session: connection) -> Mapping[str, tuple[int, int]]:
        """Completed classes (withdrawals are left out), and events where they are kept."""
        with session.cursor() as work:
            work.execute(COMPLETED)
            ((completed,),) = work.fetchall()
            found = {"completed classes": (completed, place.told.reported_completed)}
            if way == "events":
                work.execute(EVENTS)
                ((events,),) = work.fetchall()
                found["events"] = (events, place.told.followed)
        return found

    settings = {"commit_interval": "5 s", "states": "JSON"} if way == "default" else TUNED
    return Contender(
        name={
            "default": "quixstreams, default",
            "tuned": "quixstreams, tuned",
            "events": "quixstreams, tuned, events kept",
        }[way],
        does=DOES[way],
        settings=settings,
        prepare=prepare,
        processes=processes,
        first=first,
        look_seconds=0.1,  # asking Kafka costs it more than asking PostgreSQL
        progress=progress,
        check=check,
    )


def prepare(place: Place) -> None:
    """Makes the changelog topics as the library would, but all at once and not one a second."""
    admin = KafkaAdminClient(bootstrap_servers=place.servers.broker.bootstrap)
    try:
        admin.create_topics(
            {
                f"changelog__{place.name}--{TOPIC_PREFIX}{partner}--default": {
                    "num_partitions": PARTITIONS,
                    "replication_factor": 1,
                    "configs": {"cleanup.policy": "compact", "retention.ms": "-1"},
                }
                for partner in PARTNERS
            }
        )
    finally:
        admin.close()


def first(place: Place) -> float | None:
    """When the first record was taken, by the clock that all processes of a machine share."""
    try:
        return float((place.folder / "first").read_text())
    except (FileNotFoundError, ValueError):
        return None  # not there yet, or not written yet


def progress(place: Place, _session: connection) -> float:
    """The share of the log that the group's committed offsets have behind them."""
    if first(place) is None:
        return 0.0
    try:
        offsets = _admin(place.servers.broker.bootstrap).list_group_offsets(place.name)[place.name]
    except RetriableError:
        return 0.0  # the group is not there yet
    read: int = sum(
        found.offset
        for tp, found in offsets.items()
        if tp.topic.startswith(TOPIC_PREFIX) and found.offset > 0
    )
    return read / place.told.records


@cache
def _admin(bootstrap: str) -> KafkaAdminClient:
    return KafkaAdminClient(bootstrap_servers=bootstrap)
