"""Workers whose process has ended are taken out of the consumer group by those that go on."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event
from typing import Any

from kafka.admin import MemberToRemove
from psycopg2.extensions import connection

from services.intake.departed import Departed
from services.kafka.failures import BrokerUnavailable
from services.postgres.connect import close, connect

GROUP = "tuntas"


class Kafka:
    """A group, as an admin client shows it, with three members."""

    def __init__(self) -> None:
        self.removed: list[str] = []
        self.was_asked = Event()
        self.is_away = False

    @contextmanager
    def open(self) -> Iterator["Kafka"]:
        if self.is_away:
            self.was_asked.set()
            raise BrokerUnavailable
        yield self
        self.was_asked.set()

    def describe_groups(self, groups: list[str]) -> dict[str, Any]:
        names = ("worker-a", "worker-b", "stranger")
        return {
            group: {"members": [{"client_id": n, "member_id": f"{n}-1"} for n in names]}
            for group in groups
        }

    def remove_group_members(self, group: str, members: list[MemberToRemove]) -> None:
        assert group == GROUP
        self.removed += [each.member_id for each in members]


def sessions(database_url: str) -> tuple[connection, connection]:
    return connect(database_url, "ingest", purpose="worker-a"), connect(
        database_url, "ingest", purpose="worker-b"
    )


def test_who_is_gone_is_taken_out(database_url: str) -> None:
    kafka = Kafka()
    mine, other = sessions(database_url)
    departed = Departed("worker-", kafka.open, GROUP)
    departed.look(mine)
    departed.look(mine)
    close(other)
    while not kafka.was_asked.wait(0.05):
        departed.look(mine)
    assert kafka.removed == ["worker-b-1"]
    kafka.was_asked.clear()
    for _ in range(5):
        departed.look(mine)
    assert not kafka.was_asked.is_set(), "once is enough"


def test_who_connects_again_is_not(database_url: str) -> None:
    kafka = Kafka()
    mine, other = sessions(database_url)
    departed = Departed("worker-", kafka.open, GROUP)
    departed.look(mine)
    for _ in range(20):
        close(other)
        departed.look(mine)
        other = connect(database_url, "ingest", purpose="worker-b")
        departed.look(mine)
    close(other)
    assert not kafka.was_asked.is_set()


def test_after_the_database_was_away_nobody_is_gone(database_url: str) -> None:
    """All connections ended, this one's too; others may not be back yet."""
    kafka = Kafka()
    mine, other = sessions(database_url)
    departed = Departed("worker-", kafka.open, GROUP)
    departed.look(mine)
    departed.look(mine)
    close(other)
    for _ in range(5):
        close(mine)
        mine = connect(database_url, "ingest", purpose="worker-a")
        departed.look(mine)
    assert not kafka.was_asked.is_set()


def test_without_kafka_nothing_happens(database_url: str) -> None:
    kafka = Kafka()
    kafka.is_away = True
    mine, other = sessions(database_url)
    departed = Departed("worker-", kafka.open, GROUP)
    departed.look(mine)
    close(other)
    while not kafka.was_asked.wait(0.05):
        departed.look(mine)
    departed.look(mine)
    assert not kafka.removed
