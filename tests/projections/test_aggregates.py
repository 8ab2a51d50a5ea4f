"""Participants are what the ledger's events make them, with any snapshots or none."""

import random
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.events import ClassCompleted, ClassProgressed, EventVoided, PartnerEvent, PurchasePaid
from domain.vocabulary import PARTNER_IDS
from projections import aggregates
from projections.status.record import Record
from projections.storage import facts
from services.postgres import lane_rows, vault
from services.postgres.connect import transaction
from services.postgres.lane_recorder import LaneRecorder
from services.postgres.pool import ConnectionPool
from services.postgres.recorded_events import LedgerEvent
from tests.domain import told
from tests.domain.story import PARTICIPANT, event, participant_state
from tests.services.intake.desk import Desk

TOKOPEDIA = PARTNER_IDS["tokopedia"]


def load(desk: Desk, *participant_ids: str) -> dict[str, Record]:
    with transaction(desk.session) as work:
        numbers = vault.numbers(work, participant_ids)
        records = aggregates.load_records(work, {TOKOPEDIA: numbers.values()})[TOKOPEDIA]
    return {who: records[number] for who, number in numbers.items()}


def snapshots(desk: Desk) -> list[tuple[str, int]]:
    """Participant and how many events its snapshot has."""
    return [
        (who, events)
        for who, events in desk.rows(
            "SELECT participant_id, events FROM ledger.snapshot JOIN vault.person USING (person) ORDER BY 1"
        )
    ]


@pytest.fixture(params=[0, 5, 128], ids=lambda few: f"whole up to {few} events")
def often(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Snapshots are taken with every batch of who has few events, and with nearly every one of others."""
    monkeypatch.setattr(aggregates, "FEW", request.param)
    monkeypatch.setattr(aggregates, "SHARE", 3)


@pytest.mark.usefixtures("often")
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(told.of_participant(), st.integers(0, 2**32))
def test_they_are_loaded_by_snapshot_and_later_events(
    desk: Desk, events: list[PartnerEvent], seed: int
) -> None:
    chance = random.Random(seed)
    desk.clear()
    lanes = [desk.lane(partition=number) for number in range(2)]
    left = list(events)
    while left:
        size = chance.randint(1, 5)
        desk.send(chance.choice(lanes), *left[:size])
        del left[:size]
        if chance.random() < 0.3:
            desk.forget()
        if chance.random() < 0.2:
            desk.rows("DELETE FROM ledger.snapshot RETURNING place")
    expected = participant_state(*events)
    assert load(desk, PARTICIPANT)[PARTICIPANT].state == expected
    desk.rows("DELETE FROM ledger.snapshot RETURNING place")
    without = load(desk, PARTICIPANT)[PARTICIPANT]
    assert (without.state, without.in_snapshot) == (expected, 0)


def test_who_is_not_known_is_empty_and_partners_are_apart(desk: Desk) -> None:
    desk.send(desk.lane(), event(1, ClassCompleted("C-1"), of="a"))
    desk.send(desk.lane("sisnaker"), event(1, ClassCompleted("C-2"), of="b"))
    with transaction(desk.session) as work:
        numbers = vault.numbers(work, ("b", "c"))
    assert load(desk, "b", "c") == {who: Record(number) for who, number in numbers.items()}
    assert load(desk) == {}


def test_nothing_is_behind_the_snapshot_of_a_participant_with_few_events(desk: Desk) -> None:
    lane = desk.lane()
    for number in range(5):
        desk.send(lane, event(number, ClassProgressed("C-1", 1.0 * number)))
        assert snapshots(desk) == [(PARTICIPANT, number + 1)]
    # No event is looked for behind it: what nobody appended through a writer or a recorder is not seen.
    desk.rows("UPDATE ledger.stored_event SET person = 1 WHERE person > 0 RETURNING 1")
    assert len(load(desk, PARTICIPANT)[PARTICIPANT].state.known) == 5


def test_who_appends_by_the_library_takes_the_snapshot_away(desk: Desk, database_url: str) -> None:
    lane = desk.lane()
    desk.send(lane, event(1, ClassCompleted("C-1"), "a"))
    assert snapshots(desk) == [(PARTICIPANT, 1)]
    with transaction(desk.session) as work:
        other = lane_rows.open_lane(
            work, log_id="own", topic="own", partition=0, partner_id=TOKOPEDIA, first_offset=0
        )
    pool = ConnectionPool(database_url, "recorder")
    fact = ClassCompleted("C-2")
    stored = LedgerEvent(
        f"p:{PARTICIPANT}", 1, fact.topic, facts.encode(fact), "b", TOKOPEDIA, None, 1, None
    )
    LaneRecorder(pool, other).insert_events([stored])
    pool.close()
    assert snapshots(desk) == []
    assert sorted(load(desk, PARTICIPANT)[PARTICIPANT].state.classes) == ["C-1", "C-2"]


def test_what_snapshots_cost_is_in_proportion_to_what_there_is(desk: Desk) -> None:
    lane = desk.lane()
    taken: list[int] = []
    for number in range(200):
        batch = [
            event(number + index / 100, ClassProgressed("C-1", 1.0), f"e{number}-{index}")
            for index in range(20)
        ]
        desk.send(lane, *batch)
        found = snapshots(desk)
        if found and found[0][1] not in taken:
            taken.append(found[0][1])
    assert sum(taken) < (aggregates.SHARE + 1) * 200 * 20
    assert taken[-1] > 200 * 20 * 9 // 10


@pytest.mark.usefixtures("often")
def test_a_batch_that_fails_leaves_no_snapshot(desk: Desk, open_desk: Callable[[], Desk]) -> None:
    lane = desk.lane()
    desk.send(lane, event(1, PurchasePaid("INV-1", None, (("C-1", None),))))
    before = snapshots(desk)
    open_desk().lane()
    with pytest.raises(Exception, match="lane"):
        desk.send(lane, event(2, ClassCompleted("C-1")), event(3, EventVoided("e", "r")))
    assert snapshots(desk) == before
