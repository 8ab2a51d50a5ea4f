"""A lane seen through the library: what the intake wrote, and what is written beside it."""

from collections.abc import Iterator
from threading import Timer

import pytest
from eventsourcing.persistence import (
    EventStore,
    IntegrityError,
    MapperDeserialisationError,
    OperationalError,
    ProgrammingError,
    StoredEvent,
    Tracking,
)
from psycopg2.extensions import connection

from domain.events import ClassCompleted, ClassProgressed, Fact, PartnerEvent
from projections.storage.facts import encode
from services.postgres import vault
from services.postgres.connect import transaction
from services.postgres.lane_recorder import (
    POSITIONS_AT_ONCE,
    LaneRecorder,
    as_the_interface_says,
)
from services.postgres.lane_rows import LaneState, Step, advance
from services.postgres.ledger import EventRow, LaneEvents, copy_events
from services.postgres.mapper import FactMapper, Reported
from services.postgres.pool import ConnectionPool
from services.postgres.recorded_events import LedgerEvent, LedgerNotification
from services.postgres.topic_numbers import number_of_topic

STREAM = "p:PRK-000000042"
PROGRESSED = ClassProgressed("C-1", 40.5)
COMPLETED = ClassCompleted("C-1", "INV-7")


@pytest.fixture
def pool(database_url: str) -> Iterator[ConnectionPool]:
    pool = ConnectionPool(database_url, "recorder")
    yield pool
    pool.close()


@pytest.fixture
def recorder(pool: ConnectionPool, lanes: list[LaneState]) -> LaneRecorder:
    return LaneRecorder(pool, lanes[0])


def write_as_the_intake_does(session: connection, lane: LaneState, *facts: Fact) -> None:
    with transaction(session) as work:
        person = vault.numbers(work, [STREAM.removeprefix("p:")])[STREAM.removeprefix("p:")]
    rows: list[EventRow] = [
        (offset, f"e-{offset}", 1_000_000 + offset, person, "", fact.topic, encode(fact), "s-1", 5)
        for offset, fact in enumerate(facts, start=lane.next_offset)
    ]
    step = Step(
        lane_id=lane.lane_id,
        epoch=lane.epoch,
        expected_offset=lane.next_offset,
        next_offset=lane.next_offset + len(rows),
        accepted=len(rows),
        duplicate=0,
        rejected=0,
        skipped=0,
        unknown_fields=0,
        high_water=0,
    )
    with transaction(session) as work:
        first = advance(work, [step])[lane.lane_id]
        copy_events(work, [LaneEvents(lane.lane_id, lane.partner_id, first, rows)], 9)


def reported(version: int, fact: Fact) -> Reported:
    offset = version - 1
    event = PartnerEvent(
        partner="pintaria",
        event_id=f"e-{offset}",
        happened=1_000_000 + offset,
        stream=STREAM,
        fact=fact,
        sequence="s-1",
        recordedtime=5,
    )
    return Reported(version, event)


def test_an_event_store_reads_the_facts_that_the_intake_wrote(
    session: connection, lanes: list[LaneState], recorder: LaneRecorder
) -> None:
    write_as_the_intake_does(session, lanes[0], PROGRESSED, COMPLETED)
    store = EventStore(FactMapper(), recorder)
    history = [reported(1, PROGRESSED), reported(2, COMPLETED)]
    assert list(store.get(STREAM)) == history
    assert list(store.get(STREAM, gt=1)) == history[1:]
    assert list(store.get(STREAM, desc=True, limit=1)) == history[1:]
    assert list(store.get("p:PRK-0")) == []


def test_what_an_event_store_puts_it_gets(recorder: LaneRecorder) -> None:
    store = EventStore(FactMapper(), recorder)
    recordings = store.put([reported(1, PROGRESSED), reported(2, COMPLETED)])
    assert [recording.notification.id for recording in recordings] == [1, 2]
    assert list(store.get(STREAM)) == [reported(1, PROGRESSED), reported(2, COMPLETED)]


def test_a_partner_s_event_id_is_put_once(recorder: LaneRecorder) -> None:
    store = EventStore(FactMapper(), recorder)
    store.put([reported(1, PROGRESSED)])
    again = reported(1, PROGRESSED).event
    with pytest.raises(IntegrityError):
        store.put([Reported(2, again)])
    assert recorder.max_notification_id() == 1


def test_notifications_carry_the_envelope(
    session: connection, lanes: list[LaneState], recorder: LaneRecorder
) -> None:
    write_as_the_intake_does(session, lanes[0], PROGRESSED)
    recorder.insert_events([StoredEvent("other", 1, "topic", b"state")])
    first, second = recorder.select_notifications(None, 10)
    assert isinstance(first, LedgerNotification)
    assert (first.id, first.event_id, first.partner_id) == (1, "e-0", 4)
    assert FactMapper().to_domain_event(first) == reported(1, PROGRESSED)
    assert (second.id, second.state) == (2, b"state")
    assert not isinstance(second, LedgerEvent)


def test_lanes_do_not_see_each_other(
    pool: ConnectionPool, lanes: list[LaneState], recorder: LaneRecorder
) -> None:
    other = LaneRecorder(pool, lanes[1])
    recorder.insert_events([StoredEvent("s", 1, "topic", b"a")], tracking=Tracking("up", 3))
    assert list(other.select_events("s")) == []
    assert other.max_notification_id() is None
    assert other.max_tracking_id("up") is None
    other.insert_events([StoredEvent("s", 1, "topic", b"b")])
    assert [event.state for event in recorder.select_events("s")] == [b"a"]


def test_the_intake_and_a_recorder_number_one_lane_without_gaps(
    session: connection, lanes: list[LaneState], recorder: LaneRecorder
) -> None:
    recorder.insert_events([StoredEvent("s", 7, "topic", b"")])
    write_as_the_intake_does(session, lanes[0], PROGRESSED, COMPLETED)
    assert list(recorder.insert_events([StoredEvent("s", 8, "topic", b"")]) or []) == [4]
    notifications = recorder.select_notifications(None, 10)
    assert [notification.id for notification in notifications] == [1, 2, 3, 4]


def test_notifications_of_a_rare_topic_are_found_among_many(recorder: LaneRecorder) -> None:
    common = [StoredEvent("s", version, "common", b"") for version in range(2 * POSITIONS_AT_ONCE)]
    recorder.insert_events([*common, StoredEvent("r", 1, "rare", b""), *common_after(common)])
    recorder.insert_events([StoredEvent("r", 2, "rare", b"")])
    rare = recorder.select_notifications(None, 10, topics=["rare"])
    first, second = 2 * POSITIONS_AT_ONCE + 1, 4 * POSITIONS_AT_ONCE + 2
    assert [notification.id for notification in rare] == [first, second]
    assert [n.id for n in recorder.select_notifications(first + 1, 10, topics=["rare"])] == [second]
    assert recorder.select_notifications(1, 10, second - 1, ["rare"])[-1].id == first
    assert len(recorder.select_notifications(2, 3 * POSITIONS_AT_ONCE)) == 3 * POSITIONS_AT_ONCE


def common_after(events: list[StoredEvent]) -> list[StoredEvent]:
    return [StoredEvent("s", len(events) + n, "common", b"") for n in range(len(events))]


def test_a_topic_has_the_same_number_on_every_server(
    recorder: LaneRecorder, pool: ConnectionPool
) -> None:
    def numbers() -> dict[str, int]:
        with pool.transaction() as work:
            work.execute("SELECT name, topic_id FROM ledger.topic WHERE topic_id > 100")
            return dict(work.fetchall())

    # Written out: a number that is in a ledger must never come out another way.
    one, two = {"one:One": 9_644}, {"two:Two": 16_270}
    recorder.insert_events([StoredEvent("s", 1, "one:One", b""), StoredEvent("s", 2, "paid", b"")])
    assert numbers() == one
    recorder.insert_events(
        [StoredEvent("s", 3, "two:Two", b""), StoredEvent("s", 4, "one:One", b"")]
    )
    assert numbers() == one | two
    topics = [notification.topic for notification in recorder.select_notifications(None, 10)]
    assert topics == ["one:One", "paid", "two:Two", "one:One"]


def test_two_topics_of_one_number_are_refused(recorder: LaneRecorder, pool: ConnectionPool) -> None:
    taken = number_of_topic("late")
    with pool.transaction() as work:
        work.execute("INSERT INTO ledger.topic VALUES (%s, 'early')", (taken,))
    with pytest.raises(ProgrammingError, match="'late' belongs to another topic"):
        recorder.insert_events([StoredEvent("s", 1, "late", b"")])
    assert recorder.max_notification_id() is None


@pytest.mark.usefixtures("weakly_hashed")
def test_events_of_partners_are_put_although_their_ids_share_a_hash(recorder: LaneRecorder) -> None:
    store = EventStore(FactMapper(), recorder)
    store.put([reported(1, PROGRESSED), reported(2, COMPLETED)])
    store.put([reported(3, COMPLETED)])
    assert list(store.get(STREAM)) == [
        reported(1, PROGRESSED),
        reported(2, COMPLETED),
        reported(3, COMPLETED),
    ]
    with pytest.raises(IntegrityError):
        store.put([Reported(4, reported(2, COMPLETED).event)])


def test_a_subscription_yields_what_is_written_after_it_began(
    session: connection, lanes: list[LaneState], recorder: LaneRecorder
) -> None:
    writing = Timer(0.05, write_as_the_intake_does, (session, lanes[0], PROGRESSED, COMPLETED))
    with recorder.subscribe() as subscription:
        writing.start()
        assert [next(subscription).id, next(subscription).id] == [1, 2]
    writing.join()


def test_a_stopped_subscription_ends_although_it_waits(recorder: LaneRecorder) -> None:
    subscription = recorder.subscribe()
    stopping = Timer(0.05, subscription.stop)
    stopping.start()
    assert list(subscription) == []
    stopping.join()


def test_errors_are_the_library_s(recorder: LaneRecorder, pool: ConnectionPool) -> None:
    def run(statement: str) -> None:
        with as_the_interface_says(), pool.transaction() as work:
            work.execute(statement)

    with pytest.raises(ProgrammingError):
        run("SELECT no_such_column")
    with pytest.raises(OperationalError):
        run("SELECT pg_terminate_backend(pg_backend_pid())")
    recorder.insert_tracking(Tracking("up", 1))
    with pytest.raises(IntegrityError):
        recorder.insert_tracking(Tracking("up", 1))


def test_an_event_that_no_partner_sent_is_not_a_fact(recorder: LaneRecorder) -> None:
    recorder.insert_events([StoredEvent(STREAM, 1, "completed", encode(COMPLETED))])
    with pytest.raises(MapperDeserialisationError):
        list(EventStore(FactMapper(), recorder).get(STREAM))
