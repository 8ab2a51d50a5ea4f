"""Ids that were only ever rejected: however far they are followed, there are as many as all rejections say."""

import random
from functools import partial
from typing import TypeAlias

import pytest

from domain.errors import Reason, Refusal
from domain.events import ClassCompleted, PartnerEvent, TotalsDeclared
from projections.reading import only_rejected as reading
from services.cloudevents.time import microseconds
from services.intake.batch import Decoded
from services.kafka.records import Record
from services.postgres.connect import connect, transaction
from services.projector import only_rejected
from tests.raw_record import raw_record
from tests.services.http.conftest import Api
from tests.services.http.desk import RAW, Desk

PARTNER = "pintaria"
PATH = f"/v1/partners/{PARTNER}/reconciliation"
JULY = 1_593_561_600_000_000
"""2020-07-01T00:00:00Z."""
DAY = 86_400_000_000
TIMES = (
    '"2020-06-30T23:59:59.999999Z"',
    '"2020-07-01T00:00:00Z"',
    '"2020-07-01T06:59:59+07:00"',
    '"2020-07-01 is no time at all"',
    '"2099-01-01T00:00:00Z"',
)


Sent: TypeAlias = tuple[PartnerEvent | Refusal, Record]


def rejected(event_id: str | None, time: str) -> Sent:
    refusal = Refusal(Reason.INVALID_DATA, "`data.rating` must be a whole number.", event_id)
    return refusal, raw_record(None, f'{{"time": {time}}}'.encode())


def accepted(event_id: str) -> Sent:
    fact = ClassCompleted(f"C-{event_id}")
    return PartnerEvent(PARTNER, event_id, JULY, "p:PRK-1", fact), RAW


@pytest.fixture
def declared(desk: Desk) -> Desk:
    """A desk to which the partner declared totals until two times."""
    said = (
        PartnerEvent(PARTNER, f"t-{until}", JULY + DAY, "d:", TotalsDeclared(until, 100))
        for until in (JULY, JULY + 1)
    )
    desk.send(desk.lane(PARTNER, partition=9), *said)
    return desk


def numbers(api: Api) -> tuple[list[int], int]:
    found = api.get(PATH)
    return [item["rejected_only"] for item in found["items"]], found["rejected_without_time"]


@pytest.mark.parametrize("seed", range(6))
def test_as_many_as_all_rejections_say(
    declared: Desk, api: Api, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    draw = random.Random(seed)
    opened = partial(transaction, declared.session)
    lanes = [declared.lane(PARTNER, partition) for partition in range(3)]
    for _ in range(12):
        lane = draw.choice(lanes)
        records: list[Sent] = []
        for _ in range(draw.randrange(1, 9)):
            event_id = f"e-{draw.randrange(25)}"
            if draw.random() < 0.3:
                records.append(accepted(event_id))
            else:
                records.append(
                    rejected(draw.choice((event_id, event_id, None)), draw.choice(TIMES))
                )
        first = lane.next_offset + draw.randrange(3)
        declared.write(lane, [Decoded(first + n, *each) for n, each in enumerate(records)])
        for _ in range(draw.randrange(3)):
            only_rejected.find(opened, step=draw.choice((1, 3, 20)))
        followed = numbers(api)
        with monkeypatch.context() as without:
            without.setattr(reading, "MOST_BEHIND", -1)
            assert numbers(api) == followed
    assert any(numbers(api)[0])
    while only_rejected.find(opened, step=2):
        pass
    followed = numbers(api)
    with monkeypatch.context() as without:
        without.setattr(reading, "MOST_BEHIND", -1)
        assert numbers(api) == followed


def test_what_is_kept_is_what_was_never_accepted_by_its_earliest_time(declared: Desk) -> None:
    lane = declared.lane(PARTNER)
    opened = partial(transaction, declared.session)
    records = [
        rejected("never", TIMES[1]),
        rejected("later", TIMES[0]),
        rejected("no-time", TIMES[3]),
    ]
    declared.write(lane, [Decoded(n, *each) for n, each in enumerate(records)])
    assert not only_rejected.find(opened)
    records = [rejected("never", TIMES[2]), accepted("later"), rejected("later", TIMES[0])]
    declared.write(lane, [Decoded(3 + n, *each) for n, each in enumerate(records)])
    assert not only_rejected.find(opened)
    with transaction(declared.session) as work:
        work.execute("SELECT event_id, happened FROM ledger.only_rejected ORDER BY event_id")
        kept = work.fetchall()
    assert kept == [("never", microseconds("2020-06-30T23:59:59Z")), ("no-time", None)]


def test_one_process_at_a_time_follows(declared: Desk, database_url: str, api: Api) -> None:
    declared.write(declared.lane(PARTNER), [Decoded(0, *rejected("a", TIMES[0]))])
    other = connect(database_url, "other")
    with transaction(other) as work:
        work.execute(only_rejected.SQL["claim"])
        assert only_rejected.find(partial(transaction, declared.session)) is False
    other.close()
    with transaction(declared.session) as work:
        work.execute("SELECT count(*) FROM ledger.only_rejected")
        assert work.fetchone() == (0,)
    assert numbers(api) == ([1, 1], 0)
