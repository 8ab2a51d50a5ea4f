"""Tuntas's services on a secured cluster: with the least rights, through new passwords and through refusals."""

import json
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from time import monotonic, sleep
from uuid import uuid4

import pytest
from kafka import KafkaConsumer
from kafka.admin import ACLOperation, ResourceType

from services.heartbeat import WatchedStop
from services.kafka.access import INGEST, PREFIXED, PROJECT, Line
from services.kafka.producer import publish_lines
from services.postgres.connect import connect, transaction
from services.running.lanes import heard, lanes
from services.settings import Settings, read_settings
from services.wiring import answering, heartbeat, prepare_database, projector, worker
from tests.services.kafka.secured.cluster import RENEWED_AFTER_MS
from tests.services.kafka.secured.conftest import Users
from tests.services.kafka.secured.granted import Granted, tuntas

pytestmark = [pytest.mark.apache, pytest.mark.slow]

PATIENCE_SECONDS = 60


def completed(partner: str, participant_id: str | None = None) -> bytes:
    data = {"participant_id": participant_id or "PRK-1", "class_code": "C-1"}
    return event(partner, "class.completed", data)


def event(partner: str, kind: str, data: object) -> bytes:
    whole = {
        "specversion": "1.0",
        "id": uuid4().hex,
        "source": f"/partners/{partner}",
        "type": f"id.tuntas.{kind}.v1",
        "time": "2020-07-01T08:00:00+07:00",
        "data": data,
    }
    return json.dumps(whole).encode()


def eventually(holds: Callable[[], bool], what: str) -> None:
    until = monotonic() + PATIENCE_SECONDS
    while not holds():
        assert monotonic() < until, f"it does not come to pass that {what}"
        sleep(0.1)


class Running:
    """Ingest and project services of this test, each connected as its own user."""

    def __init__(self, granted: Granted, database_url: str, log: pytest.LogCaptureFixture) -> None:
        self.granted = granted
        self.database_url = database_url
        self.log = log
        self.hearts = [
            heartbeat(self.settings(user), name)
            for user, name in ((INGEST, "ingest"), (PROJECT, "project"))
        ]
        self._stop = [WatchedStop(heart) for heart in self.hearts]
        runs = (worker(self.settings(INGEST)).run, projector(self.settings(PROJECT)).run)
        self.threads = [
            threading.Thread(target=run, args=[stop])
            for run, stop in zip(runs, self._stop, strict=True)
        ]

    def start(self) -> None:
        """Has them begin, and waits until each was let in: from then on refusals are waited for."""
        for heart, thread in zip(self.hearts, self.threads, strict=True):
            heart.__enter__()
            thread.start()
        eventually(lambda: "lane taken over" in self.log.text, "the ingest service is in the group")

    def stop(self) -> None:
        for stop in self._stop:
            stop.set()
        for thread in self.threads:
            thread.join(30)
            assert not thread.is_alive()
        for heart in self.hearts:
            heart.__exit__()

    def settings(self, user: str) -> Settings:
        named = {"TUNTAS_DATABASE_URL": self.database_url}
        return read_settings(self.granted.settings(user) | named)

    def publish(self, partner: str, *lines: bytes) -> None:
        security = self.granted.security(partner)
        assert publish_lines(self.granted.bootstrap, partner, lines, security=security)

    def accepted(self, partner: str) -> int:
        session = connect(self.database_url, "test")
        with closing(session), transaction(session) as work:
            found = lanes(work)
        return sum(lane.accepted for lane in found if lane.topic == f"tuntas.partner.{partner}")

    def reads(self, partner: str) -> None:
        """An event that the partner sends now is accepted."""
        before = self.accepted(partner)
        self.publish(partner, completed(partner))
        eventually(lambda: self.accepted(partner) > before, f"{partner}'s event is accepted")

    def says(self, sentence: str) -> None:
        """In its log, and to whoever asks how it is."""
        eventually(lambda: sentence in self.log.text, f"a service says: {sentence}")
        eventually(lambda: sentence in self.troubles(), f"the heartbeat says: {sentence}")

    def troubles(self) -> str:
        session = connect(self.database_url, "test")
        with closing(session), transaction(session) as work:
            found = heard(work)
        return "\n".join(each.trouble or "" for each in found)

    @property
    def stops(self) -> list[str]:
        return [line for line in self.log.messages if line.startswith("stopped ")]


@pytest.fixture
def running(
    granted: Granted, database_url: str, caplog: pytest.LogCaptureFixture
) -> Iterator[Running]:
    granted.grant()
    caplog.set_level(logging.INFO)
    found = Running(granted, database_url, caplog)
    prepare_database(found.settings(INGEST))
    found.start()
    yield found
    found.stop()
    for file in granted.passwords.iterdir():
        assert file.read_text().strip() not in caplog.text


def test_records_are_read_and_rejections_told_with_the_least_rights(
    running: Running, granted: Granted
) -> None:
    running.publish("skill-academy", completed("skill-academy"), b"no json")
    eventually(lambda: running.accepted("skill-academy") > 0, "an event is accepted")
    consumer = KafkaConsumer(
        "tuntas.rejections.skill-academy",
        bootstrap_servers=granted.bootstrap,
        security_protocol="SASL_SSL",
        sasl_mechanism="SCRAM-SHA-512",
        sasl_plain_username="skill-academy",
        sasl_plain_password=(granted.passwords / "skill-academy").read_text().strip(),
        ssl_cafile=str(granted.cluster.authority.ca_file),
        auto_offset_reset="earliest",
        consumer_timeout_ms=30_000,
    )
    with closing(consumer):
        reasons = (json.loads(message.value).get("data", {}).get("reason") for message in consumer)
        assert "not_json" in reasons
    assert running.stops == []


PAID = {
    "purchase_id": "INV-TOLD",
    "participant_id": "PRK-TOLD",
    "items": [{"class_code": "C-1", "price": 1}],
}


@pytest.fixture
def telling(running: Running) -> Iterator[threading.Thread]:
    """Answers are told, by the project service's own user."""
    told = answering(running.settings(PROJECT))
    assert told is not None
    stop = threading.Event()
    thread = threading.Thread(target=told.run, args=[stop])
    thread.start()
    yield thread
    stop.set()
    thread.join(60)
    assert not thread.is_alive()


def answers_of(granted: Granted, partner: str) -> Iterator[str]:
    """The keys of what the partner reads of answers, with its own rights."""
    consumer = KafkaConsumer(
        f"tuntas.answers.{partner}",
        bootstrap_servers=granted.bootstrap,
        security_protocol="SASL_SSL",
        sasl_mechanism="SCRAM-SHA-512",
        sasl_plain_username=partner,
        sasl_plain_password=(granted.passwords / partner).read_text().strip(),
        ssl_cafile=str(granted.cluster.authority.ca_file),
        auto_offset_reset="earliest",
        isolation_level="read_committed",
        consumer_timeout_ms=60_000,
    )
    with closing(consumer):
        for message in consumer:
            yield (message.key or b"").decode()


def test_answers_are_told_with_the_least_rights(
    running: Running, granted: Granted, telling: threading.Thread
) -> None:
    paid = event("sisnaker", "purchase.paid", PAID)
    granted.take_away(TRANSACTIONS)
    running.publish("sisnaker", paid)
    sentence = "user tuntas-project may not use the transactional id"
    eventually(lambda: sentence in running.log.text, f"it says: {sentence}")
    assert telling.is_alive()
    granted.grant()
    assert "PRK-TOLD/C-1" in answers_of(granted, "sisnaker")


TRANSACTIONS = Line(
    PROJECT, ResourceType.TRANSACTIONAL_ID, "tuntas-answers-", ACLOperation.WRITE, PREFIXED
)


def test_a_session_is_renewed_with_the_password_that_holds_then(
    running: Running, granted: Granted
) -> None:
    running.reads("tokopedia")
    granted.grant("--rotate", INGEST, "--rotate", PROJECT)
    until = monotonic() + 2.5 * RENEWED_AFTER_MS / 1000
    while monotonic() < until:
        running.reads("tokopedia")
        sleep(0.5)
    assert running.stops == []


def test_a_removed_user_is_told_and_goes_on_when_it_is_back(
    running: Running, granted: Granted, users: Users
) -> None:
    running.reads("pijar-mahir")
    users.remove(INGEST)
    running.says(f"does not accept user {INGEST} with the password in ")
    assert [thread.is_alive() for thread in running.threads] == [True, True]
    granted.grant()
    running.reads("pijar-mahir")


TAKEN = {
    "topic": (
        Line(INGEST, ResourceType.TOPIC, "tuntas.partner.sekolahmu", ACLOperation.READ),
        "user tuntas-ingest may not use the topic tuntas.partner.sekolahmu: ",
    ),
    "group": (
        Line(INGEST, ResourceType.GROUP, "tuntas", ACLOperation.READ),
        "user tuntas-ingest may not use the consumer group tuntas: ",
    ),
    "rejections": (
        Line(PROJECT, ResourceType.TOPIC, "tuntas.rejections.sekolahmu", ACLOperation.WRITE),
        "user tuntas-project may not use the topic tuntas.rejections.sekolahmu: ",
    ),
}


@pytest.mark.parametrize("what", TAKEN)
def test_a_line_that_was_taken_away_is_told_and_work_goes_on_when_it_is_back(
    running: Running, granted: Granted, what: str
) -> None:
    line, sentence = TAKEN[what]
    running.reads("sekolahmu")
    granted.take_away(line)
    if what == "rejections":
        running.publish("sekolahmu", b"no json")
    running.says(sentence)
    assert [thread.is_alive() for thread in running.threads] == [True, True]
    granted.grant()
    running.reads("sekolahmu")


def test_tuntas_publish_works_with_a_partners_own_rights(granted: Granted, tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    file.write_bytes(completed("sisnaker"))
    settings = granted.settings("sisnaker")
    said = tuntas("publish", "--partner", "sisnaker", str(file), settings=settings)
    assert "1 record is in tuntas.partner.sisnaker." in said
    refused = tuntas("publish", "--partner", "pintaria", str(file), settings=settings, fails=True)
    assert "user sisnaker may not use the topic tuntas.partner.pintaria: " in refused
