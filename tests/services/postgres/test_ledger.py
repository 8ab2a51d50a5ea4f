"""Lanes are advanced by one owner, and the ledger adds up."""

from collections.abc import Callable, Iterable
from threading import Thread
from time import monotonic, sleep
from typing import Any

import pytest
from msgspec.structs import replace
from psycopg2.extensions import connection

from domain.events import FACTS
from projections.storage.copy import text_array
from projections.storage.sql import load
from services.postgres.connect import transaction
from services.postgres.errors import LaneLost, LedgerConflict, PostgresError, StatementRefused
from services.postgres.lane_rows import LaneState, Step, advance, open_lane, take_over
from services.postgres.ledger import (
    SQL,
    TOPIC_NUMBERS,
    EventRow,
    LaneEvents,
    LedgerEntry,
    copy_events,
    events_of_stream,
    find_events,
    place,
)
from services.postgres.outcomes import KEPT_BYTES, RejectionRow, copy_duplicates, copy_rejections

NOW = 1_600_000_000_123_456


def row(offset: int, event_id: str, *, person: int = 1, state: bytes = b"\x90") -> EventRow:
    return (offset, event_id, NOW - offset, person, "", "completed", state, None, None)


def step(lane: LaneState, accepted: int = 0, **counts: int) -> Step:
    names = dict.fromkeys(("duplicate", "rejected", "skipped", "unknown_fields"), 0) | counts
    read = accepted + names["duplicate"] + names["rejected"] + names["skipped"]
    return Step(
        lane_id=lane.lane_id,
        epoch=lane.epoch,
        expected_offset=lane.next_offset,
        next_offset=lane.next_offset + read,
        accepted=accepted,
        high_water=lane.next_offset + read + 5,
        **names,
    )


def read_lane(session: connection, lane: LaneState) -> LaneState:
    with transaction(session) as work:
        return open_lane(
            work,
            log_id=lane.log_id,
            topic=lane.topic,
            partition=lane.partition,
            partner_id=lane.partner_id,
            first_offset=0,
        )


def rows_of(session: connection, query: str) -> list[tuple[Any, ...]]:
    with transaction(session) as work:
        work.execute(query)
        return work.fetchall()


def test_a_lane_is_opened_once(session: connection, lanes: list[LaneState]) -> None:
    assert read_lane(session, lanes[1]) == lanes[1]
    assert (lanes[1].first_offset, lanes[1].next_offset, lanes[1].high_water) == (7, 7, 7)
    assert rows_of(session, "SELECT count(*) FROM ledger.lane") == [(2,)]


def test_taking_over_answers_the_lanes_in_their_next_epoch(
    session: connection, lanes: list[LaneState]
) -> None:
    with transaction(session) as work:
        again = take_over(work, [lanes[1].lane_id, lanes[0].lane_id])
    assert again == [replace(lane, epoch=lane.epoch + 1) for lane in lanes]


def test_taking_over_a_lane_that_is_not_there_is_lost(session: connection) -> None:
    with pytest.raises(LaneLost) as raised, transaction(session) as work:
        take_over(work, [99])
    assert raised.value.lane_ids == (99,)


def test_a_batch_moves_many_lanes_at_once(session: connection, lanes: list[LaneState]) -> None:
    with transaction(session) as work:
        assert advance(work, [step(lanes[1], 3, duplicate=1), step(lanes[0], 2)]) == {
            lanes[0].lane_id: 1,
            lanes[1].lane_id: 1,
        }
    moved = read_lane(session, lanes[1])
    assert (moved.next_offset, moved.position, moved.duplicate, moved.high_water) == (11, 3, 1, 16)
    with transaction(session) as work:
        assert advance(work, [step(moved, 2, unknown_fields=9)]) == {moved.lane_id: 4}
    assert read_lane(session, lanes[1]).unknown_fields == 9


def test_no_lanes_is_no_batch(session: connection) -> None:
    with transaction(session) as work:
        assert advance(work, []) == {}
        assert take_over(work, []) == []


def test_the_loser_of_a_lane_writes_nothing_at_all(
    session: connection, lanes: list[LaneState]
) -> None:
    with transaction(session) as work:
        advance(work, [step(lanes[0], 1)])
    with pytest.raises(LaneLost) as raised, transaction(session) as work:
        advance(work, [step(lanes[0], 1), step(lanes[1], 1)])
    assert raised.value.lane_ids == (lanes[0].lane_id,)
    assert read_lane(session, lanes[1]) == lanes[1]


def test_an_earlier_owner_is_fenced_off(session: connection, lanes: list[LaneState]) -> None:
    with transaction(session) as work:
        take_over(work, [lanes[0].lane_id])
    with pytest.raises(LaneLost), transaction(session) as work:
        advance(work, [step(lanes[0], 1)])


def in_thread(work: Callable[[], object]) -> tuple[Thread, list[PostgresError]]:
    raised: list[PostgresError] = []

    def run() -> None:
        try:
            work()
        except PostgresError as error:
            raised.append(error)

    thread = Thread(target=run)
    thread.start()
    return thread, raised


def wait_until_blocked(session: connection, blocked: connection) -> None:
    """Return once `blocked` waits for a lock; `session` is free to ask."""
    deadline = monotonic() + 10
    while monotonic() < deadline:
        query = f"SELECT cardinality(pg_blocking_pids({blocked.info.backend_pid}))"
        if rows_of(session, query) != [(0,)]:
            return
        sleep(0.005)
    raise AssertionError("nothing waited")


def test_of_two_workers_at_one_offset_one_loses_the_lane(
    session: connection, lanes: list[LaneState], open_session: Callable[[], connection]
) -> None:
    first, second = open_session(), open_session()

    def write(with_session: connection, event_id: str) -> None:
        with transaction(with_session) as work:
            positions = advance(work, [step(lanes[0], 1)])
            position = positions[lanes[0].lane_id]
            copy_events(work, [LaneEvents(lanes[0].lane_id, 4, position, [row(0, event_id)])], NOW)

    with transaction(first) as work:
        advance(work, [step(lanes[0], 1)])
        thread, raised = in_thread(lambda: write(second, "late"))
        wait_until_blocked(session, second)
        copy_events(work, [LaneEvents(lanes[0].lane_id, 4, 1, [row(0, "early")])], NOW)
    thread.join(timeout=10)
    assert [type(error) for error in raised] == [LaneLost]
    assert rows_of(session, "SELECT event_id FROM ledger.event") == [("early",)]
    assert read_lane(session, lanes[0]).next_offset == 1


def test_taking_over_waits_for_the_batch_that_is_being_written(
    session: connection, lanes: list[LaneState], open_session: Callable[[], connection]
) -> None:
    owner, successor = open_session(), open_session()
    taken: list[LaneState] = []

    def take() -> None:
        with transaction(successor) as work:
            taken.extend(take_over(work, [lane.lane_id for lane in lanes]))

    with transaction(owner) as work:
        advance(work, [step(lanes[1], 4)])
        thread, raised = in_thread(take)
        wait_until_blocked(session, successor)
    thread.join(timeout=10)
    assert not raised
    assert [lane.next_offset for lane in taken] == [0, 11]
    with pytest.raises(LaneLost), transaction(owner) as work:
        advance(work, [replace(step(lanes[1], 1), expected_offset=11, next_offset=12)])


def test_workers_that_want_the_same_lanes_do_not_deadlock(
    session: connection, lanes: list[LaneState], open_session: Callable[[], connection]
) -> None:
    sessions = [open_session(), open_session()]
    won: list[int] = []

    def fight(number: int) -> None:
        mine = list(lanes) if number else list(reversed(lanes))
        for _ in range(50):
            try:
                with transaction(sessions[number]) as work:
                    taken = take_over(work, [lane.lane_id for lane in mine])
                    states = {lane.lane_id: lane for lane in taken}
                    advance(work, [step(states[lane.lane_id], 1) for lane in mine])
                won.append(number)
            except LaneLost:
                continue

    threads = [in_thread(lambda number=number: fight(number)) for number in range(2)]  # type: ignore[misc]
    for thread, _ in threads:
        thread.join(timeout=30)
    assert [raised for _, raised in threads] == [[], []]
    assert len(won) == 100
    assert read_lane(session, lanes[0]).position == 100


def test_counts_that_do_not_add_up_are_refused(session: connection, lanes: list[LaneState]) -> None:
    with pytest.raises(StatementRefused, match="lane_adds_up"), transaction(session) as work:
        advance(work, [replace(step(lanes[0], 1), next_offset=2)])


def test_every_record_ends_as_one_row(session: connection, lanes: list[LaneState]) -> None:
    lane = lanes[1]
    for batch in range(3):
        lane = read_lane(session, lane)
        with transaction(session) as work:
            first = advance(work, [step(lane, 2, duplicate=1, rejected=1, skipped=1)])
            offset = lane.next_offset
            rows = [row(offset, f"a{batch}"), row(offset + 2, f"b{batch}")]
            copy_events(work, [LaneEvents(lane.lane_id, 4, first[lane.lane_id], rows)], NOW)
            copy_duplicates(work, [(4, lane.lane_id, offset + 1, f"a{batch}")], NOW)
            copy_rejections(work, [rejection(lane, offset + 3)], NOW)
    lane = read_lane(session, lane)
    counted = rows_of(
        session,
        "SELECT (SELECT count(*) FROM ledger.event), (SELECT count(*) FROM ledger.duplicate),"
        " (SELECT count(*) FROM ledger.rejection)",
    )
    assert counted == [(lane.accepted, lane.duplicate, lane.rejected)] == [(6, 3, 3)]
    assert 7 + 6 + 3 + 3 + lane.skipped == lane.next_offset == 22
    positions = rows_of(session, "SELECT position, version FROM ledger.event ORDER BY position")
    assert positions == [(n, n) for n in range(1, 7)]


def rejection(lane: LaneState, offset: int, **changes: Any) -> RejectionRow:
    plain = RejectionRow(lane.lane_id, offset, 4, "not_json", "Send JSON.", None, b"key", b"record")
    return replace(plain, **changes)


def test_an_event_id_is_accepted_once_for_a_partner(
    session: connection, lanes: list[LaneState]
) -> None:
    def batch(lane: LaneState, partner_id: int, rows: list[EventRow]) -> LaneEvents:
        return LaneEvents(lane.lane_id, partner_id, 1, rows)

    with transaction(session) as work:
        copy_events(
            work, [batch(lanes[0], 4, [row(0, "x")]), batch(lanes[1], 5, [row(0, "x")])], NOW
        )
    with pytest.raises(LedgerConflict) as raised, transaction(session) as work:
        copy_events(work, [LaneEvents(lanes[0].lane_id, 4, 2, [row(1, "x")])], NOW)
    assert raised.value.constraint == "event_id_once"


def test_a_rejected_record_is_kept_up_to_64_kib(
    session: connection, lanes: list[LaneState]
) -> None:
    big = bytes(range(256)) * 300
    rejected = [
        rejection(lanes[0], 1, record=big, record_key=None, event_id="e-1"),
        rejection(
            lanes[0], 2, record=None, record_key=b"", detail="NUL \0 and half \ud800 a letter"
        ),
    ]
    with transaction(session) as work:
        copy_rejections(work, rejected, NOW)
    kept = rows_of(
        session,
        "SELECT record, record_size, record_key, event_id, detail FROM ledger.rejection"
        " ORDER BY kafka_offset",
    )
    assert (bytes(kept[0][0]), *kept[0][1:4]) == (big[:KEPT_BYTES], 76_800, None, "e-1")
    assert (bytes(kept[1][0]), kept[1][1], bytes(kept[1][2])) == (b"", 0, b"")
    assert kept[1][4] == "NUL \N{REPLACEMENT CHARACTER} and half ? a letter"


def test_known_event_ids_are_found_and_others_are_not(
    session: connection, lanes: list[LaneState]
) -> None:
    odd = ['"', "\\", "{}", "a,b", "NULL", " ", "\t\n'", "é\N{PILE OF POO}"]
    rows = [row(n, event_id, state=bytes([n])) for n, event_id in enumerate(odd)]
    with transaction(session) as work:
        copy_events(work, [LaneEvents(lanes[0].lane_id, 4, 1, rows)], NOW)
        found = find_events(work, {4: [*odd, "unknown", "null", ""]}, {1: "PRK-1"})[4]
        assert found == {
            event_id: LedgerEntry("completed", "p:PRK-1", NOW - n, bytes([n]))
            for n, event_id in enumerate(odd)
        }
        assert find_events(work, {5: odd}, {}) == {5: {}}
        assert find_events(work, {4: []}, {}) == {4: {}}


@pytest.mark.parametrize("analyzed", [False, True])
def test_event_ids_are_looked_up_by_index_whatever_the_planner_believes(
    session: connection, lanes: list[LaneState], analyzed: bool
) -> None:
    with transaction(session) as work:
        rows = [row(n, f"e{n}") for n in range(2000)]
        copy_events(work, [LaneEvents(lanes[0].lane_id, 4, 1, rows)], NOW)
        if analyzed:
            work.execute("ANALYZE ledger.stored_event")
        ids = text_array(f"e{n}" for n in range(5000))
        names = {"partner_ids": [4] * 5000, "event_ids": ids}
        work.execute("EXPLAIN " + SQL["find_events"], names)
        plan = "\n".join(line for (line,) in work.fetchall())
    assert "event_id_once" in plan
    assert "Seq Scan on stored_event" not in plan


def write_ids(session: connection, *batches: LaneEvents) -> None:
    with transaction(session) as work:
        copy_events(work, batches, NOW)


def test_ids_that_share_a_hash_are_all_accepted_and_found(
    weakly_hashed: connection, lanes: list[LaneState]
) -> None:
    def batch(lane: int, partner_id: int, position: int, *ids: str) -> LaneEvents:
        rows = [row(10 * position + n, event_id) for n, event_id in enumerate(ids)]
        return LaneEvents(lanes[lane].lane_id, partner_id, position, rows)

    write_ids(weakly_hashed, batch(0, 4, 1, "a", "b", "cc"))
    write_ids(weakly_hashed, batch(0, 4, 4, "c", "ddd"), batch(1, 5, 1, "a", "b", "ee"))
    for partner_id, held in ((4, {"a", "b", "cc", "c", "ddd"}), (5, {"a", "b", "ee"})):
        with transaction(weakly_hashed) as work:
            found = find_events(work, {partner_id: ["a", "b", "c", "d", "cc", "ddd", "ee"]}, {})[
                partner_id
            ]
        assert found.keys() == held
    assert rows_of(
        weakly_hashed,
        "SELECT partner_id, event_id FROM ledger.stored_event WHERE NOT collided ORDER BY 2",
    ) == [(4, "a"), (4, "cc"), (4, "ddd")]


@pytest.mark.parametrize(
    "again",
    [["a"], ["b"], ["x", "a"], ["a", "x"], ["x", "b"], ["b", "x"], ["x", "x"], ["yy", "yy"]],
    ids="-".join,
)
def test_an_id_is_accepted_once_whoever_shares_its_hash(
    weakly_hashed: connection, lanes: list[LaneState], again: list[str]
) -> None:
    lane_id = lanes[0].lane_id
    write_ids(weakly_hashed, LaneEvents(lane_id, 4, 1, [row(0, "a"), row(1, "b")]))
    rows = [row(n, event_id) for n, event_id in enumerate(again, start=2)]
    with pytest.raises(LedgerConflict):
        write_ids(weakly_hashed, LaneEvents(lane_id, 4, 3, rows))
    assert rows_of(weakly_hashed, "SELECT event_id FROM ledger.event ORDER BY 1") == [
        ("a",),
        ("b",),
    ]


def test_of_two_writers_of_one_id_one_conflicts_whoever_shares_its_hash(
    weakly_hashed: connection, lanes: list[LaneState], open_session: Callable[[], connection]
) -> None:
    first, second = open_session(), open_session()
    write_ids(weakly_hashed, LaneEvents(lanes[0].lane_id, 4, 1, [row(0, "a")]))
    with transaction(first) as work:
        copy_events(work, [LaneEvents(lanes[0].lane_id, 4, 2, [row(1, "x")])], NOW)
        late = LaneEvents(lanes[1].lane_id, 4, 1, [row(7, "x")])
        thread, raised = in_thread(lambda: write_ids(second, late))
        wait_until_blocked(weakly_hashed, second)
    thread.join(timeout=10)
    assert [type(error) for error in raised] == [LedgerConflict]


def test_numbers_of_topics_are_those_in_the_database(session: connection) -> None:
    numbered = rows_of(session, "SELECT name, topic_id FROM ledger.topic")
    assert dict(numbered) == TOPIC_NUMBERS
    assert FACTS.keys() <= TOPIC_NUMBERS.keys()


def test_places_are_those_that_the_database_makes(session: connection) -> None:
    far = 2**40 - 1
    (made,) = rows_of(session, f"SELECT ledger.place(1, 1), ledger.place(8388607, {far})")
    assert made == (place(1, 1), place(8388607, far))
    assert rows_of(
        session,
        f"SELECT ledger.block(1, 127) = ledger.block(1, 0), ledger.block(1, {far}) <"
        " ledger.block(2, 0), ledger.block(1, 127) < ledger.block(1, 128)",
    ) == [(True, True, True)]


@pytest.mark.parametrize("analyzed", [False, True])
def test_a_lane_is_read_by_its_blocks_whatever_the_planner_believes(
    session: connection, lanes: list[LaneState], analyzed: bool
) -> None:
    sequences, recorder = (
        load("projections.sequences", "ranges.sql"),
        load("services.postgres", "lane_recorder.sql"),
    )
    lane_id = lanes[0].lane_id
    asked: dict[str, dict[str, Any]] = {
        sequences["numbers"]: {
            "lane_ids": [lane_id],
            "partner_ids": [4],
            "seen": [0],
            "upto": [99],
        },
        recorder["select_notifications"]: {
            "lane_id": lane_id,
            "start": 1,
            "last": 99,
            "topics": "{}",
            "limit": 10,
        },
    }
    with transaction(session) as work:
        for lane in lanes:
            rows = [row(n, f"{lane.lane_id}-{n}") for n in range(5_000)]
            copy_events(work, [LaneEvents(lane.lane_id, 4, 1, rows)], NOW)
        if analyzed:
            work.execute("ANALYZE ledger.stored_event")
        for statement, names in asked.items():
            work.execute("EXPLAIN " + statement, names)
            plan = "\n".join(line for (line,) in work.fetchall())
            assert "event_block" in plan
            assert "Seq Scan on stored_event" not in plan


def test_a_stream_s_history_comes_with_its_kafka_coordinates(
    session: connection, lanes: list[LaneState]
) -> None:
    def write(rows: Iterable[EventRow], lane: LaneState) -> LaneEvents:
        return LaneEvents(lane.lane_id, 4, 1, list(rows))

    late: EventRow = (9, "e2", NOW, 1, "", "progressed", b"\x91\x01", "17", NOW + 1)
    with transaction(session) as work:
        first = [row(3, "e1"), row(4, "other", person=2)]
        copy_events(work, [write([late], lanes[1]), write(first, lanes[0])], NOW + 2)
        history = events_of_stream(work, 4, 1)
        assert events_of_stream(work, 5, 1) == []
    assert [(h.event_id, h.partition, h.kafka_offset, h.position) for h in history] == [
        ("e1", 0, 3, 1),
        ("e2", 1, 9, 1),
    ]
    stored = history[1]
    assert stored.lane_topic == "tuntas.partner.pintaria"
    assert (stored.happened, stored.recorded, stored.recordedtime) == (NOW, NOW + 2, NOW + 1)
    assert (stored.topic, stored.sequence, stored.state) == ("progressed", "17", b"\x91\x01")
