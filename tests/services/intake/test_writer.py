"""Every record ends as exactly one of accepted, duplicate and rejected, in one transaction with what it means."""

from collections.abc import Callable, Iterable, Mapping
from threading import Barrier
from typing import Any

import pytest
from msgspec.structs import replace

from domain.errors import Reason, Refusal
from domain.events import (
    ClassAssessed,
    ClassCompleted,
    ClassPublished,
    EventVoided,
    PackagePublished,
    PartnerEvent,
    PurchasePaid,
)
from services.intake.batch import BatchOutcome
from services.postgres import ledger
from services.postgres.connect import transaction
from services.postgres.errors import LaneLost
from services.postgres.lane_rows import take_over
from tests.domain.story import day, event
from tests.services.intake.desk import Desk, batch
from tests.services.intake.side_by_side import in_threads

PAID = event(1, PurchasePaid("INV-1", None, (("C-1", 100_000),)), "paid")
DONE = event(3, ClassCompleted("C-1"), "done")
BUNDLE = event(0, PackagePublished("K-1", "For drivers", ("C-1", "C-2")), "bundle")
REFUSED = Refusal(Reason.NOT_JSON, "the record is not JSON: send one CloudEvent in it")


def reasons(desk: Desk) -> list[tuple[int, str, str | None]]:
    return [
        (offset, reason, event_id)
        for offset, reason, event_id in desk.rows(
            "SELECT kafka_offset, reason, event_id FROM ledger.rejection "
            "ORDER BY lane_id, kafka_offset"
        )
    ]


def class_columns(desk: Desk, class_code: str = "C-1") -> list[tuple[int, int, int, bool]]:
    """purchase, completion, assessment, satisfied of each participant's row, by participant."""
    return [
        (purchase, completion, assessment, satisfied)
        for purchase, completion, assessment, satisfied in desk.rows(
            "SELECT purchase, completion, assessment, satisfied FROM projections.purchased_class "
            "JOIN vault.person USING (person) WHERE class_code = %s ORDER BY participant_id",
            (class_code,),
        )
    ]


class TestOutcomes:
    def test_they_add_up_to_the_offsets_read(self, desk: Desk) -> None:
        lane = desk.lane()
        changed = event(4, ClassCompleted("C-1"), "done")
        desk.send(lane, PAID, REFUSED, DONE, DONE, changed)
        assert desk.counts(lane) == (2, 1, 2, 0, 5)
        desk.send(lane, DONE, REFUSED, BUNDLE)
        assert desk.counts(lane) == (3, 2, 3, 0, 8)
        assert desk.ledger_rows(lane) == (3, 2, 3)
        offsets = desk.rows(
            "SELECT kafka_offset FROM ledger.event UNION ALL SELECT kafka_offset FROM "
            "ledger.duplicate UNION ALL SELECT kafka_offset FROM ledger.rejection ORDER BY 1"
        )
        assert offsets == [(offset,) for offset in range(8)]

    def test_offsets_without_a_record_are_skipped(self, desk: Desk) -> None:
        lane = desk.lane()
        with_gap = batch(lane, [PAID])
        with_gap.next_offset = 4
        desk.write(with_gap)
        assert desk.counts(lane) == (1, 0, 0, 3, 4)
        assert lane.next_offset == 4
        only_gap = batch(lane, [])
        only_gap.next_offset = 9
        desk.write(only_gap)
        assert desk.counts(lane) == (1, 0, 0, 8, 9)

    def test_an_event_keeps_what_its_envelope_said(self, desk: Desk) -> None:
        told = replace(DONE, sequence="17", recordedtime=day(4) + 1, unknown_fields=3)
        lane = desk.lane()
        desk.send(lane, told)
        assert desk.rows(
            "SELECT event_id, 'p:' || participant_id, topic, sequence, "
            "(extract(epoch FROM happened) * 1000000)::bigint, "
            "(extract(epoch FROM recordedtime) * 1000000)::bigint, kafka_offset, position "
            "FROM ledger.event JOIN vault.person USING (person)"
        ) == [("done", told.stream, "completed", "17", day(3), day(4) + 1, 0, 1)]
        assert desk.rows("SELECT unknown_fields FROM ledger.lane") == [(3,)]

    def test_a_rejection_keeps_the_record(self, desk: Desk) -> None:
        desk.send(desk.lane(), REFUSED)
        assert desk.rows("SELECT record_key, record, detail FROM ledger.rejection") == [
            (b"key", b"value", REFUSED.detail)
        ]

    def test_times_at_the_ends_of_the_calendar_are_exact(self, desk: Desk) -> None:
        first, last = -62_135_596_799_999_999, 253_402_300_799_999_999
        for number, happened in enumerate((first, last)):
            fact = PurchasePaid(f"INV-{number}", None, ((f"C-{number}", None),))
            desk.send(desk.lane(), replace(event(0, fact), happened=happened))
        for table in ("purchased_class", "purchase"):
            assert desk.rows(
                "SELECT (extract(epoch FROM purchased_at) * 1000000)::bigint "
                f"FROM projections.{table} ORDER BY 1"
            ) == [(first,), (last,)]


@pytest.fixture(params=["one batch", "two batches", "two lanes", "two lanes of one batch"])
def send_both(
    request: pytest.FixtureRequest, desk: Desk, open_desk: Callable[..., Desk]
) -> Callable[[PartnerEvent, PartnerEvent], tuple[int, ...]]:
    """A function that sends two events and tells accepted, duplicate and rejected of the partner."""

    def send(first: PartnerEvent, second: PartnerEvent) -> tuple[int, ...]:
        # Taken over anew each time: the other worker may have had one of them.
        lane, other = desk.lane(), desk.lane(partition=1)
        match request.param:
            case "one batch":
                desk.send(lane, first, second)
            case "two batches":
                desk.send(lane, first)
                desk.send(lane, second)
            case "two lanes":
                desk.send(lane, first)
                another = open_desk()
                another.send(another.lane(partition=1), second)
            case _:
                desk.write(batch(lane, [first]), batch(other, [second]))
        counts = desk.counts(lane), desk.counts(other)
        return tuple(a + b for a, b in zip(*counts, strict=True))[:3]

    return send


class TestTheSameId:
    def test_and_the_same_content_is_a_duplicate(
        self, send_both: Callable[..., tuple[int, ...]]
    ) -> None:
        assert send_both(DONE, replace(DONE)) == (1, 1, 0)

    def test_and_other_content_is_a_conflict(
        self, send_both: Callable[..., tuple[int, ...]], desk: Desk
    ) -> None:
        others = {
            "time": event(4, ClassCompleted("C-1"), "time"),
            "class": event(3, ClassCompleted("C-2"), "class"),
            "purchase": event(3, ClassCompleted("C-1", "INV-1"), "purchase"),
            "participant": event(3, ClassCompleted("C-1"), "participant", of="PRK-000000043"),
            "type": event(3, ClassAssessed("C-1", "post_test"), "type"),
            "stream": event(3, ClassPublished("C-1", "t", "i"), "stream"),
        }
        for count, (event_id, other) in enumerate(others.items(), start=1):
            assert send_both(event(3, ClassCompleted("C-1"), event_id), other) == (count, 0, count)
        assert {(reason, event_id) for _, reason, event_id in reasons(desk)} == {
            ("id_conflict", event_id) for event_id in others
        }
        assert class_columns(desk) == [(0, 2, 0, False)]
        assert desk.rows("TABLE projections.class") == []

    def test_is_looked_up_where_it_may_be_known(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked: list[list[str]] = []
        find = ledger.find_events

        def listen(work: Any, wanted: Mapping[int, Iterable[str]], of: Any) -> Any:
            if wanted:
                asked.append(sorted(event_id for ids in wanted.values() for event_id in ids))
            return find(work, wanted, of)

        monkeypatch.setattr(ledger, "find_events", listen)
        lane = desk.lane()
        desk.send(lane, event(1, ClassCompleted("C-1"), "a"), event(1, ClassCompleted("C-2"), "b"))
        assert asked == []
        desk.send(lane, event(1, ClassCompleted("C-1"), "a"), event(2, ClassCompleted("C-1"), "c"))
        assert asked == [["a"]]
        # Only the index knows that somebody else used the id: from then on every id is looked up for a while.
        another = event(1, ClassCompleted("C-1"), "b", of="PRK-000000043")
        desk.send(lane, another, event(3, ClassCompleted("C-1"), "d"))
        assert asked[1:] == [["b", "d"]]
        desk.send(lane, event(4, ClassCompleted("C-1"), "e"))
        assert asked[2:] == [["e"]]
        assert desk.counts(lane)[:3] == (5, 1, 1)

    def test_of_another_partner_is_another_event(self, desk: Desk) -> None:
        desk.send(desk.lane("tokopedia"), DONE)
        other = desk.lane("sisnaker")
        desk.send(other, DONE)
        assert desk.counts(other)[:3] == (1, 0, 0)

    def test_may_be_used_again_after_it_was_refused(self, desk: Desk) -> None:
        lane = desk.lane()
        wrong = event(1, PackagePublished("K-1", "For drivers", ("C-9",)), "again")
        right = event(1, PackagePublished("K-1", "For drivers", ("C-2", "C-1")), "again")
        desk.send(lane, BUNDLE, wrong, right, wrong)
        assert desk.counts(lane) == (2, 0, 2, 0, 4)
        assert reasons(desk) == [(1, "package_conflict", "again"), (3, "id_conflict", "again")]


class TestCatalogue:
    def test_a_package_keeps_its_composition_across_batches_and_lanes(
        self, open_desk: Callable[..., Desk]
    ) -> None:
        desk, other = open_desk(), open_desk()
        lane, other_lane = desk.lane(), other.lane(partition=1)
        other.send(other_lane, DONE)
        desk.send(lane, BUNDLE)
        other.send(other_lane, event(1, PackagePublished("K-1", "p", ("C-1", "C-3")), "other"))
        assert reasons(desk) == [(1, "package_conflict", "other")]
        assert desk.rows("SELECT package_code, class_codes FROM projections.package") == [
            ("K-1", ["C-1", "C-2"])
        ]

    def test_a_partner_who_published_nothing_is_judged_by_the_defaults(self, desk: Desk) -> None:
        desk.send(
            desk.lane("bukalapak"), PAID, DONE, event(4, ClassAssessed("C-1", "post_test", 60.0))
        )
        assert class_columns(desk) == [(1, 2, 3, True)]

    def test_what_another_worker_published_meanwhile_counts(
        self, open_desk: Callable[..., Desk]
    ) -> None:
        desk, other = open_desk(), open_desk()
        lane, other_lane = desk.lane(), other.lane(partition=1)
        desk.send(lane, PAID)
        other.send(
            other_lane, event(0, ClassPublished("C-1", "t", "i", move_on="Completed")), BUNDLE
        )
        outcome = desk.send(lane, DONE, event(2, PurchasePaid("INV-2", "K-1")))
        assert [len(of.events) for of in outcome.lanes] == [2]
        assert class_columns(desk) == [(1, 2, 0, True)]
        assert class_columns(desk, "C-2") == [(1, 0, 0, False)]
        assert desk.rows("SELECT unresolved FROM projections.purchase ORDER BY 1") == [
            (False,),
            (False,),
        ]

    def test_workers_that_publish_at_once_lose_nothing(
        self, open_desk: Callable[..., Desk]
    ) -> None:
        desks = [open_desk() for _ in range(3)]
        lanes = [desk.lane(partition=number) for number, desk in enumerate(desks)]
        start = Barrier(len(desks))

        def publish(number: int) -> None:
            start.wait(timeout=30)
            for count in range(10):
                code = f"C-{number}-{count}"
                desks[number].send(
                    lanes[number],
                    event(1, ClassPublished(code, "t", "i", move_on="Completed"), of="k"),
                    event(1, ClassPublished("C-1", f"by {number}", "i"), f"c-{number}-{count}"),
                    event(2, ClassCompleted(code), of=f"PRK-{number}"),
                )

        in_threads(publish, 3)
        assert desks[0].rows("SELECT count(*) FROM projections.class") == [(31,)]
        assert desks[0].rows(
            "SELECT count(*), bool_and(satisfied) FROM projections.purchased_class"
        ) == [(30, True)]
        assert desks[0].rows("SELECT revision FROM control.catalogue_head WHERE revision > 0") == [
            (30,)
        ]


class TestVoids:
    def test_an_event_of_another_participant_is_not_touched(self, desk: Desk) -> None:
        theirs = event(3, ClassCompleted("C-1"), "theirs", of="PRK-000000043")
        void = event(5, EventVoided("theirs", "mistake"), of="PRK-000000042")
        desk.send(desk.lane(), DONE, theirs, void)
        assert class_columns(desk) == [(0, 2, 0, False), (0, 2, 0, False)]

    def test_before_the_target_and_after_it_end_in_the_same_rows(
        self, open_desk: Callable[..., Desk]
    ) -> None:
        void = event(5, EventVoided("done", "mistake"))
        desk = open_desk()
        desk.send(desk.lane("tokopedia"), void, PAID, DONE)
        desk.send(desk.lane("sisnaker"), DONE, PAID, void)
        assert class_columns(desk) == [(1, 0, 0, False), (1, 0, 0, False)]
        first, second = desk.rows("SELECT state FROM ledger.snapshot")
        assert first == second


class TestLanes:
    def test_a_lane_that_was_taken_over_is_not_written(
        self, open_desk: Callable[..., Desk]
    ) -> None:
        desk, other = open_desk(), open_desk()
        lane, kept = desk.lane(), desk.lane(partition=1)
        desk.send(lane, PAID)
        taken = other.lane()
        before = desk.read_models()
        with pytest.raises(LaneLost) as lost:
            desk.write(batch(lane, [DONE]), batch(kept, [BUNDLE]))
        assert lost.value.lane_ids == (lane.lane_id,)
        assert desk.read_models() == before
        assert desk.ledger_rows(lane) == (1, 0, 0)
        assert desk.ledger_rows(kept) == (0, 0, 0)
        assert (lane.next_offset, kept.next_offset) == (1, 0)
        desk.writer.drop_lane(lane)
        other.send(taken, DONE)
        desk.send(kept, BUNDLE)
        assert desk.counts(taken) == (2, 0, 0, 0, 2)
        assert class_columns(desk) == [(1, 2, 0, False)]

    def test_a_batch_that_was_committed_is_not_committed_again(self, desk: Desk) -> None:
        lane = desk.lane()
        again = replace(lane)
        desk.send(lane, PAID)
        with pytest.raises(LaneLost):
            desk.send(again, PAID)
        assert desk.counts(lane) == (1, 0, 0, 0, 1)

    def test_a_failed_batch_leaves_no_trace_in_what_is_cached(self, desk: Desk) -> None:
        lane = desk.lane()
        desk.send(lane, PAID)
        stale = replace(lane, epoch=lane.epoch + 1)
        with pytest.raises(LaneLost):
            desk.send(
                stale, DONE, BUNDLE, event(2, ClassPublished("C-1", "t", "i", move_on="Completed"))
            )
        desk.send(lane, event(9, ClassAssessed("C-1", "post_test", 90.0)))
        assert class_columns(desk) == [(1, 1, 3, False)]
        assert desk.rows("TABLE projections.class") == []
        desk.send(lane, DONE)
        assert class_columns(desk) == [(1, 2, 3, True)]

    def test_the_lane_is_this_workers_again_after_taking_it_back(self, desk: Desk) -> None:
        lane = desk.lane()
        desk.send(lane, PAID)
        with transaction(desk.session) as work:
            (state,) = take_over(work, [lane.lane_id])
        desk.send(replace(lane, epoch=state.epoch), DONE)
        assert class_columns(desk) == [(1, 2, 0, False)]


def test_two_workers_that_store_one_id_at_once_agree_on_the_duplicate(
    open_desk: Callable[..., Desk],
) -> None:
    desks = [open_desk(), open_desk()]
    lanes = [desk.lane(partition=number) for number, desk in enumerate(desks)]
    start = Barrier(2)
    outcomes: list[BatchOutcome] = []

    def send(number: int) -> None:
        start.wait(timeout=30)
        for count in range(20):
            told = [
                event(n, ClassCompleted(f"C-{n}"), f"e-{count}-{n}", of=f"P{n}") for n in range(20)
            ]
            outcomes.append(desks[number].send(lanes[number], *told))

    in_threads(send, 2)
    first, second = (desks[0].counts(lane) for lane in lanes)
    assert first[0] + second[0] == 400
    assert first[1] + second[1] == 400
    assert sum(len(lane.events) for outcome in outcomes for lane in outcome.lanes) == 400
