"""A projection of one's own: each event once, in its lane's order, whatever breaks in between."""

import re
import threading
import uuid
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from eventsourcing.persistence import (
    IntegrityError,
    OperationalError,
    ProgrammingError,
    Tracking,
)
from eventsourcing.projection import Projection
from eventsourcing.tests import persistence as suites

from domain.events import PARTICIPANT_STREAM, ClassCompleted, PartnerEvent, PurchasePaid
from domain.vocabulary import PARTNER_IDS
from services.following.follow import Following
from services.following.lane import LaneToRead
from services.following.view import View
from services.postgres.lane_rows import open_lane
from services.postgres.pool import ConnectionPool
from services.unworkable import Unworkable
from tests.services.http.desk import Desk

PARTICIPANTS = 20


class Log(View):
    """Every event that was processed, in the order in which it was."""

    schema = "own_log"
    tables = """
        CREATE TABLE IF NOT EXISTS {schema}.seen (
            place bigint GENERATED ALWAYS AS IDENTITY, lane text, position bigint, event_id text
        )
    """


class LogOfAll(Projection[Log]):
    broken_at: str | None = None

    def process_event(self, domain_event: Any, tracking: Tracking) -> None:
        event = domain_event.event
        with self.view.transaction(tracking) as work:
            work.execute(
                self.view.statement(
                    "INSERT INTO {schema}.seen (lane, position, event_id) VALUES (%s, %s, %s)"
                ),
                (tracking.application_name, tracking.notification_id, event.event_id),
            )
            if event.event_id == type(self).broken_at:
                raise ZeroDivisionError(event.event_id)


class LogOfCompletions(LogOfAll):
    topics = (ClassCompleted.topic,)


class Telling:
    """A ledger of two lanes that grows."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.desk = Desk(url)
        self._lanes = [self.desk.lane("tokopedia", 0), self.desk.lane("pintaria", 3)]
        self.told: list[str] = []

    def tell(self, count: int) -> None:
        """So many purchases and completions more, in each lane."""
        for lane, partner in zip(self._lanes, ("tokopedia", "pintaria"), strict=True):
            events = []
            for _ in range(count):
                number = len(self.told)
                who = f"{PARTICIPANT_STREAM}P-{number % PARTICIPANTS}"
                fact = (
                    ClassCompleted("C")
                    if number % 2
                    else PurchasePaid(f"I-{number}", None, (("C", 1),))
                )
                events.append(PartnerEvent(partner, f"e-{number}", number, who, fact))
                self.told.append(f"e-{number}")
            self.desk.send(lane, *events)

    def seen(self) -> list[tuple[str, int, str]]:
        """(lane, position, event id) as they were processed."""
        with psycopg2.connect(self.url) as session, session.cursor() as work:
            work.execute("SELECT lane, position, event_id FROM own_log.seen ORDER BY place")
            return work.fetchall()


@pytest.fixture
def telling(database_url: str) -> Iterator[Telling]:
    told = Telling(database_url)
    yield told
    told.desk.session.close()


def follow(telling: Telling, projection: type[Projection[Log]] = LogOfAll, **options: Any) -> None:
    """Follows up to the end of the ledger and stops."""
    following = Following(projection, Log, telling.url, **options)
    try:
        following.catch_up(60)
    finally:
        following.close()


def assert_in_order(seen: list[tuple[str, int, str]]) -> None:
    """Each lane's events were processed by position, without a gap."""
    lanes = {lane for lane, _, _ in seen}
    for lane in lanes:
        positions = [position for of, position, _ in seen if of == lane]
        assert positions == list(range(1, len(positions) + 1))


def test_every_event_of_every_lane_comes_once_in_order(telling: Telling) -> None:
    telling.tell(30)
    follow(telling)
    telling.tell(25)
    follow(telling)
    follow(telling)
    seen = telling.seen()
    assert Counter(event_id for _, _, event_id in seen) == Counter(telling.told)
    assert_in_order(seen)
    assert {lane for lane, _, _ in seen} == {
        "tuntas.partner.tokopedia/0 of log",
        "tuntas.partner.pintaria/3 of log",
    }


def test_it_goes_on_while_events_come_and_lanes_are_new(telling: Telling) -> None:
    stop = threading.Event()
    following = Following(LogOfAll, Log, telling.url)
    thread = threading.Thread(target=following.run, args=(stop,))
    thread.start()
    try:
        for _ in range(3):
            telling.tell(10)
        late = telling.desk.lane("sisnaker", 1)
        who = f"{PARTICIPANT_STREAM}P"
        telling.desk.send(late, PartnerEvent("sisnaker", "late", 1, who, ClassCompleted("C")))
        wanted = Counter([*telling.told, "late"])
        deadline = threading.Event()
        for _ in range(300):
            if Counter(event_id for _, _, event_id in telling.seen()) == wanted:
                break
            deadline.wait(0.1)
    finally:
        stop.set()
        thread.join(30)
    assert Counter(event_id for _, _, event_id in telling.seen()) == wanted
    assert_in_order(telling.seen())


def test_only_the_topics_that_are_wanted_and_the_partners_that_are_named(telling: Telling) -> None:
    telling.tell(20)
    follow(telling, LogOfCompletions, partners=["pintaria"])
    seen = telling.seen()
    completions = [event_id for event_id in telling.told[20:] if int(event_id[2:]) % 2]
    assert [event_id for _, _, event_id in seen] == completions
    assert {lane for lane, _, _ in seen} == {"tuntas.partner.pintaria/3 of log"}


def test_connections_that_break_are_opened_again(telling: Telling) -> None:
    telling.tell(300)
    following = Following(LogOfAll, Log, telling.url)
    broken = threading.Event()

    def break_them() -> None:
        with psycopg2.connect(telling.url) as session, session.cursor() as work:
            for _ in range(8):
                work.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'follow LogOfAll'"
                )
                broken.wait(0.1)

    breaking = threading.Thread(target=break_them)
    breaking.start()
    try:
        with_patience(following)
    finally:
        breaking.join()
        following.close()
    assert Counter(event_id for _, _, event_id in telling.seen()) == Counter(telling.told)
    assert_in_order(telling.seen())


def with_patience(following: Following[Log]) -> None:
    """Catches up, however often the connection breaks while it looks."""
    for _ in range(50):
        try:
            following.catch_up(60)
        except OperationalError:
            continue
        return
    raise AssertionError("it never caught up")


def test_a_defect_ends_it_and_leaves_nothing_of_its_event(telling: Telling) -> None:
    telling.tell(10)

    class Broken(LogOfAll):
        broken_at = "e-5"

    with pytest.raises(ZeroDivisionError):
        follow(telling, Broken)
    seen = [event_id for _, _, event_id in telling.seen()]
    assert "e-5" not in seen
    assert seen[:5] == telling.told[:5] or "e-4" in seen
    follow(telling, LogOfAll)
    assert Counter(event_id for _, _, event_id in telling.seen()) == Counter(telling.told)


def test_two_at_once_count_nothing_twice(telling: Telling) -> None:
    """The second of two processes of one projection is refused by the tracking, or finds nothing to do."""
    telling.tell(200)
    outcomes: list[BaseException | None] = []

    def one() -> None:
        try:
            follow(telling)
            outcomes.append(None)
        except BaseException as error:  # noqa: BLE001 - looked at below
            outcomes.append(error)

    threads = [threading.Thread(target=one) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(error is None or isinstance(error, IntegrityError) for error in outcomes)
    follow(telling)
    assert Counter(event_id for _, _, event_id in telling.seen()) == Counter(telling.told)
    assert_in_order(telling.seen())


def test_the_lanes_of_partners_are_not_written(telling: Telling) -> None:
    pool = ConnectionPool(telling.url, "test")
    with pool.transaction() as work:
        of = open_lane(
            work,
            log_id="log",
            topic="tuntas.partner.tokopedia",
            partition=0,
            partner_id=PARTNER_IDS["tokopedia"],
            first_offset=0,
        )
    with pytest.raises(ProgrammingError):
        LaneToRead(pool, of).insert_events([])
    pool.close()


def test_a_database_without_tables_is_refused(empty_database_url: str) -> None:
    with pytest.raises(Unworkable):
        Following(LogOfAll, Log, empty_database_url)


@pytest.mark.parametrize("name", ["ledger", "Projections", "a b", "x;y", ""])
def test_a_schema_that_is_not_ones_own_is_refused(database_url: str, name: str) -> None:
    class Bad(View):
        schema = name

    with pytest.raises(ValueError, match="no schema"):
        Bad(ConnectionPool(database_url, "test"))


class TestView(suites.TrackingRecorderTestCase):
    """The library's own suite for what tracks."""

    @pytest.fixture(autouse=True)
    def on_postgres(self, database_url: str) -> Iterator[None]:
        self.pool = ConnectionPool(database_url, "conformance")
        yield
        self.pool.close()

    def create_recorder(self) -> Log:
        return Log(self.pool)


GUIDE = Path(__file__).parents[3] / "docs/own-projections.md"


def test_the_rights_that_the_guide_names_are_enough(telling: Telling) -> None:
    """As a role that may read the ledger and make a schema of its own, and nothing else."""
    telling.tell(5)
    role = f"reports_{uuid.uuid4().hex[:8]}"
    database = psycopg2.extensions.parse_dsn(telling.url)["dbname"]
    grants = re.search(
        r"```sql\n(CREATE ROLE .*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL
    )
    assert grants is not None
    statements = (
        grants.group(1).replace("reports", role).replace("DATABASE tuntas", f"DATABASE {database}")
    )
    with psycopg2.connect(telling.url) as session, session.cursor() as work:
        work.execute(statements)
    theirs = telling.url.replace("postgresql://postgres@", f"postgresql://{role}@")
    assert theirs != telling.url
    try:
        following = Following(LogOfAll, Log, theirs)
        following.catch_up(60)
        following.close()
        assert Counter(event_id for _, _, event_id in telling.seen()) == Counter(telling.told)
        with psycopg2.connect(theirs) as session, session.cursor() as work:
            for forbidden in ("SELECT * FROM projections.purchase", "DELETE FROM ledger.lane"):
                with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                    work.execute(forbidden)
                session.rollback()
    finally:
        with psycopg2.connect(telling.url) as session, session.cursor() as work:
            work.execute(f"DROP OWNED BY {role} CASCADE; DROP ROLE {role}")
