"""What a partner declares of its events adds up: accepted, only rejected, missing; whatever was lost or late."""

import json
import random
from collections.abc import Iterable, Sequence
from typing import Any

import pytest
from msgspec import Struct

from domain.days import begin_of, day_of
from domain.errors import Reason, Refusal
from domain.events import (
    ClassCompleted,
    ClassPublished,
    EventVoided,
    PartnerEvent,
    PurchasePaid,
    TotalsDeclared,
)
from projections.rebuild.comparing import READ_MODELS
from services.cloudevents.time import microseconds
from services.intake.decoding import decoded
from services.intake.weights import Weights
from services.kafka.records import Record
from services.simulator import simulate
from services.simulator.record import SimulatedRecord
from tests.projections.kept import Kept
from tests.raw_record import raw_record
from tests.services.http.conftest import TOKENS, Api
from tests.services.http.desk import Desk

PARTNER = "pintaria"
PATH = f"/v1/partners/{PARTNER}/reconciliation"
DAY = 86_400_000_000
JULY = 1_593_561_600_000_000
"""2020-07-01T00:00:00Z."""


def said(event_id: str, happened: int, until: int, **totals: Any) -> PartnerEvent:
    return PartnerEvent(PARTNER, event_id, happened, "d:", TotalsDeclared(until, **totals))


def completed(event_id: str, happened: int) -> PartnerEvent:
    return PartnerEvent(PARTNER, event_id, happened, "p:PRK-1", ClassCompleted(f"C-{event_id}"))


def paid(event_id: str, happened: int, amount: int | None) -> PartnerEvent:
    items = ((f"C-{event_id}", None),)
    fact = PurchasePaid(f"I-{event_id}", None, items, amount)
    return PartnerEvent(PARTNER, event_id, happened, "p:PRK-1", fact)


def voided(event_id: str, happened: int, target: str) -> PartnerEvent:
    return PartnerEvent(PARTNER, event_id, happened, "p:PRK-1", EventVoided(target, "wrong"))


def refused(event_id: str) -> Refusal:
    return Refusal(Reason.INVALID_DATA, "`data.rating` must be a whole number.", event_id)


def of(item: Any) -> tuple[list[Any], list[Any], int, int]:
    order = ("events", "purchases", "completions", "amount")
    return (
        [item["declared"][name] for name in order],
        [item["accepted"][name] for name in order],
        item["rejected_only"],
        item["missing"],
    )


def test_nothing_was_declared(desk: Desk, api: Api) -> None:
    desk.send(desk.lane(PARTNER), completed("a", JULY))
    found = api.get(PATH)
    assert (found["partner"], found["items"]) == (PARTNER, [])
    assert found["sequence"]["missing"] == 0
    assert found["freshness"]


def test_totals_are_over_what_happened_before(desk: Desk, api: Api) -> None:
    lane = desk.lane(PARTNER)
    desk.send(
        lane,
        completed("a", JULY - 1),
        completed("b", JULY),
        paid("c", JULY - DAY, 350_000),
        paid("d", JULY - DAY, None),
        said("t", JULY + DAY, JULY, events=5, purchases=2, completions=2, amount=500_000),
        said("u", JULY + DAY, JULY + 1, events=4),
    )
    later, july = api.get(PATH)["items"]
    assert of(july) == ([5, 2, 2, 500_000], [3, 2, 1, 350_000], 0, 2)
    assert july["until"] == "2020-07-01T00:00:00Z"
    assert july["difference"] == {
        "events": 2,
        "purchases": 0,
        "completions": 1,
        "amount": 150_000,
    }
    assert of(later) == ([4, None, None, None], [4, 2, 2, 350_000], 0, 0)


def test_of_several_for_one_time_the_latest_stands(desk: Desk, api: Api) -> None:
    lane = desk.lane(PARTNER)
    desk.send(
        lane,
        said("latest", JULY + 3, JULY, events=3),
        said("first", JULY + 1, JULY, events=1),
        said("second", JULY + 2, JULY, events=2),
    )
    desk.send(lane, said("latest", JULY + 3, JULY, events=3))
    (item,) = api.get(PATH)["items"]
    assert (item["event_id"], item["declared"]["events"], item["missing"]) == ("latest", 3, 3)
    assert api.get(f"/v1/events/{PARTNER}/latest")["repeated"] == 1
    desk.send(lane, said("latest", JULY + 3, JULY, events=4))
    assert api.get(f"/v1/events/{PARTNER}/latest")["rejections"][0]["reason"] == "id_conflict"
    (item,) = api.get(PATH, as_of="2020-07-01T00:00:00.000002Z")["items"]
    assert item["event_id"] == "second"


def test_what_was_withdrawn_is_not_counted_and_what_withdraws_is(desk: Desk, api: Api) -> None:
    desk.send(
        desk.lane(PARTNER),
        paid("a", JULY - 5, 100),
        completed("b", JULY - 5),
        voided("v", JULY - 4, "a"),
        voided("w", JULY - 3, "v"),
        voided("x", JULY - 2, "never-sent"),
        said("t", JULY + 1, JULY, events=4),
        voided("y", JULY + 2, "b"),
        said("gone", JULY + 3, JULY + 1, events=1),
        voided("z", JULY + 4, "gone"),
    )
    (item,) = api.get(PATH)["items"]
    # Of a, b, v, w and x: not a; b was withdrawn after the partner declared.
    assert of(item) == ([4, None, None, None], [4, 0, 1, 0], 0, 0)


def test_only_what_is_about_the_same_participant_is_withdrawn(desk: Desk, api: Api) -> None:
    elsewhere = PartnerEvent(PARTNER, "v", JULY - 4, "p:PRK-2", EventVoided("a", "wrong"))
    desk.send(desk.lane(PARTNER), completed("a", JULY - 5), elsewhere)
    desk.send(desk.lane(PARTNER), said("t", JULY + 1, JULY, events=2))
    (item,) = api.get(PATH)["items"]
    assert of(item) == ([2, None, None, None], [2, 0, 1, 0], 0, 0)


def test_what_was_refused_counts_once_it_is_known_when_it_happened(desk: Desk, api: Api) -> None:
    lane = desk.lane(PARTNER)
    for event_id, time in (("a", "2020-06-30T23:00:00Z"), ("b", "2020-07-01T00:00:00Z")):
        for _ in range(2):
            desk.send(
                lane, refused(event_id), raw=raw_record(None, f'{{"time": "{time}"}}'.encode())
            )
    desk.send(lane, refused("c"), raw=raw_record(None, b"\xff no time"))
    desk.send(lane, refused("d"), raw=raw_record(None, b'{"time": "2020-06-30T23:00:00Z"}'))
    desk.send(lane, completed("d", JULY - DAY), said("t", JULY + DAY, JULY, events=3))
    found = api.get(PATH)
    (item,) = found["items"]
    assert of(item) == ([3, None, None, None], [1, 0, 1, 0], 1, 1)
    assert found["rejected_without_time"] == 1


def test_an_id_is_taken_once_whatever_it_names(desk: Desk, api: Api) -> None:
    lane = desk.lane(PARTNER)
    desk.send(lane, completed("a", JULY))
    desk.send(lane, said("a", JULY, JULY, events=1))
    desk.send(lane, said("t", JULY, JULY, events=0))
    desk.send(lane, completed("t", JULY))
    for event_id in "at":
        (rejection,) = api.get(f"/v1/events/{PARTNER}/{event_id}")["rejections"]
        assert rejection["reason"] == "id_conflict"
    (item,) = api.get(PATH)["items"]
    assert of(item) == ([0, None, None, None], [0, 0, 0, 0], 0, 0)


def test_declarations_change_no_other_answer_and_a_rebuild_finds_the_same(
    database_url: str, api: Api
) -> None:
    kept = Kept(database_url)
    lane = kept.desk.lane(PARTNER)
    kept.desk.send(lane, paid("a", JULY - 2, 100), completed("a2", JULY - 1))
    before = api.get("/v1/purchased-classes")["items"]
    kept.desk.send(lane, said("t", JULY, JULY, events=2))
    assert api.get("/v1/purchased-classes")["items"] == before
    kept.desk.add_up()
    assert kept.rebuild().differences == dict.fromkeys(READ_MODELS, 0)
    assert len(api.get(PATH)["items"]) == 1
    kept.close()


def test_more_payments_than_are_read_at_once(
    desk: Desk, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.http.pacing.ROWS_OF_PART", 7)
    lane = desk.lane(PARTNER)
    desk.send(lane, *(paid(f"p-{n}", JULY - n, n) for n in range(1, 31)))
    desk.send(lane, said("t", JULY, JULY, events=30, amount=465))
    (item,) = api.get(PATH)["items"]
    assert of(item) == ([30, None, None, 465], [30, 30, 0, 465], 0, 0)


def test_within_a_day_it_is_what_happened_whatever_is_counted_by_then(
    desk: Desk, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Participants' events and a publication of one day: some counted by day, some not, in one block of the ledger."""
    monkeypatch.setattr("projections.reading.totals.counted_of_all", None)
    lane = desk.lane(PARTNER)
    hour = DAY // 24
    published = ClassPublished("C-1", "Kelas", "Balai", None, "Completed")
    desk.send(
        lane,
        said("t", JULY + DAY, JULY + 4 * hour, events=9),
        said("u", JULY + DAY, JULY + 9 * DAY, events=9),
        completed("a", JULY + hour),
        PartnerEvent(PARTNER, "k", JULY + 2 * hour, "c:C-1", published),
        completed("late", JULY + 5 * hour),
    )
    for number in range(1, 4):
        desk.add_up()
        desk.send(lane, paid(f"p{number}", JULY + 3 * hour, 100))
        for _ in range(2):
            by_end, within = api.get(PATH)["items"]
            paid_so_far = [2 + number, number, 1, 100 * number]
            assert of(within)[1] == paid_so_far
            assert of(by_end)[1] == [paid_so_far[0] + 1, number, 2, 100 * number]
            desk.add_up()


def test_who_may_ask(desk: Desk, api: Api) -> None:
    desk.send(desk.lane(PARTNER), completed("a", JULY))
    assert api.status(PATH, TOKENS[PARTNER]) == 200
    assert api.status(PATH, TOKENS["sisnaker"]) == 403
    assert api.status("/v1/partners/nobody/reconciliation") == 404


class Own(Struct):
    """An event in the partner's own books."""

    record: SimulatedRecord
    kind: str
    happened: int
    amount: int
    target: str | None


def in_books(record: SimulatedRecord) -> Own:
    headers = {name: value.decode() for name, value in record.headers}
    tree = json.loads(record.value)
    binary = "ce_id" in headers
    data = tree if binary else tree["data"]
    kind = headers["ce_type"] if binary else tree["type"]
    told = headers["ce_time"] if binary else tree["time"]
    happened = microseconds(told)
    assert happened is not None
    amount = data.get("amount", 0) if kind.endswith("purchase.paid.v1") else 0
    return Own(record, kind.removeprefix("id.tuntas."), happened, amount, data.get("target_id"))


def spoilt(record: SimulatedRecord) -> Record:
    """The record with data that is none."""
    if any(name == "ce_id" for name, _ in record.headers):
        return Record(0, record.key, record.headers, b"[]")
    tree = json.loads(record.value) | {"data": []}
    return Record(0, record.key, record.headers, json.dumps(tree).encode())


def send_all(desk: Desk, records: Sequence[Record]) -> None:
    lane = desk.lane(PARTNER)
    weights = Weights(lambda *_: 1)
    for first in range(0, len(records), 500):
        some = [
            Record(lane.next_offset + n, one.key, one.headers, one.value)
            for n, one in enumerate(records[first : first + 500])
        ]
        desk.write(lane, decoded(lane, some, weights))


def totals(events: Iterable[Own]) -> list[int]:
    listed = list(events)
    return [
        len(listed),
        sum(one.kind == "purchase.paid.v1" for one in listed),
        sum(one.kind == "class.completed.v1" for one in listed),
        sum(one.amount for one in listed),
    ]


@pytest.mark.parametrize(("seed", "counted_by_day"), [(1, 0.0), (1, 0.6), (2, 0.6), (2, 1.0)])
def test_a_season_of_which_some_is_lost_repeated_spoilt_and_late(
    desk: Desk, api: Api, monkeypatch: pytest.MonkeyPatch, seed: int, counted_by_day: float
) -> None:
    """Also where the project service has counted a part of it, or all; where too little, all events are."""
    draw = random.Random(seed)
    if counted_by_day:
        monkeypatch.setattr("projections.reading.totals.counted_of_all", None)
    else:
        monkeypatch.setattr("projections.reading.totals._from_days", None)
        monkeypatch.setattr("projections.reading.totals.MOST_BEHIND", -1)
    books = [
        in_books(record)
        for record in simulate(20_000, seed)
        if record.partner == PARTNER and record.outcome == "accepted"
    ]
    books = list({own.record.event_id: own for own in books}.values())
    assert len(books) > 1_000
    targets = {own.target for own in books if own.target}
    kept = {own.record.event_id for own in books if own.target or own.record.event_id in targets}
    may_fail = [own for own in books if own.record.event_id not in kept]
    failed = draw.sample(may_fail, 200)
    lost, bad = failed[:120], failed[120:]
    gone = {own.record.event_id for own in failed}
    sent = [own for own in books if own.record.event_id not in gone]
    records = [Record(0, o.record.key, o.record.headers, o.record.value) for o in sent]
    records += [spoilt(own.record) for own in bad]
    records += draw.sample(records, 150)
    draw.shuffle(records)

    voids = {own.target for own in books if own.kind == "event.voided.v1"}
    is_void = {own.record.event_id for own in books if own.kind == "event.voided.v1"}
    counted = [own for own in books if own.record.event_id not in voids - is_void]
    times = sorted(own.happened for own in books)
    middle = times[len(times) // 3]
    midnights = (begin_of(day_of(middle)), middle - middle % DAY)
    untils = sorted({*midnights, middle, middle + 3_600_000_000, times[-1] + 1})
    declared = {until: totals(o for o in counted if o.happened < until) for until in untils}
    first = round(counted_by_day * len(records))
    send_all(desk, records[:first])
    desk.add_up()
    send_all(desk, records[first:])
    names = ("events", "purchases", "completions", "amount")
    desk.send(
        desk.lane(PARTNER, partition=1),
        *(
            said(f"t-{until}", untils[-1] + DAY, until, **dict(zip(names, of_until, strict=True)))
            for until, of_until in declared.items()
        ),
    )
    if counted_by_day == 1.0:
        desk.add_up()

    items = api.get(PATH)["items"]
    assert len(items) == len(untils)
    for item, until in zip(items[::-1], untils, strict=True):
        assert microseconds(item["until"]) == until
        missed = [own for own in lost if own.happened < until]
        refused = [own for own in bad if own.happened < until]
        expected = totals(own for own in counted if own.happened < until)
        absent = totals([*missed, *refused])
        here = [a - b for a, b in zip(expected, absent, strict=True)]
        assert of(item) == (expected, here, len(refused), len(missed))
