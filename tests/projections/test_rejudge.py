"""Rows follow a catalogue and a package sales end that change after they were written."""

import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.answer import flag_names
from domain.events import (
    ClassAssessed,
    ClassCompleted,
    ClassPublished,
    EventVoided,
    PackagePublished,
    PartnerEvent,
    PurchasePaid,
)
from domain.vocabulary import PARTNER_IDS
from projections import aggregates, catalogue
from projections.status import rejudge
from projections.storage.facts import decode
from services.intake import ownership
from services.postgres.connect import transaction
from tests.domain import told
from tests.domain.story import day, event, is_catalogue
from tests.examples import examples
from tests.services.intake.desk import SALES_END, Desk, batch

TOKOPEDIA = PARTNER_IDS["tokopedia"]
BUNDLE = event(0, PackagePublished("K-1", "For drivers", ("C-1", "C-2")))
IN_PACKAGE = event(1, PurchasePaid("INV-1", "K-1"), "paid")
DONE = event(3, ClassCompleted("C-1"), "done")


def statuses(desk: Desk) -> dict[str, tuple[int, int, int, bool]]:
    """Class code to purchase, completion, assessment and satisfied."""
    return {
        code: (purchase, completion, assessment, satisfied)
        for code, purchase, completion, assessment, satisfied in desk.rows(
            "SELECT class_code, purchase, completion, assessment, satisfied "
            "FROM projections.purchased_class"
        )
    }


def purchases(desk: Desk) -> list[tuple[Any, ...]]:
    """unresolved, complete, after_sales_end, class_codes, missing of each purchase."""
    return desk.rows(
        "SELECT unresolved, complete, after_sales_end, class_codes, missing FROM projections.purchase "
        "ORDER BY purchase_id"
    )


class TestAClassPublishedLater:
    def test_its_mastery_score_and_its_rule_are_applied(self, desk: Desk) -> None:
        lane = desk.lane()
        for number in range(5):
            person = f"PRK-{number}"
            paid = PurchasePaid(f"INV-{number}", None, (("C-1", None),))
            result = ClassAssessed("C-1", "post_test", 40.0 + 10 * number)
            desk.send(lane, event(1, paid, of=person), event(2, result, of=person))
        strict = event(0, ClassPublished("C-1", "t", "i", move_on="Passed", mastery_score=0.75))
        desk.send(desk.lane(partition=1), strict)
        assert [done.rows for done in desk.judge_again()] == [3]
        columns = (
            "SELECT assessment, satisfied FROM projections.purchased_class JOIN vault.person USING (person) "
            "ORDER BY participant_id"
        )
        assert desk.rows(columns) == [(2, False)] * 4 + [(3, True)]
        assert desk.judge_again() == []

    @pytest.mark.parametrize("few", [0, aggregates.FEW])
    def test_so_they_are_whatever_the_snapshot_has(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch, few: int
    ) -> None:
        monkeypatch.setattr(aggregates, "FEW", few)
        monkeypatch.setattr(aggregates, "SHARE", 1)
        lane = desk.lane()
        desk.send(lane, DONE)
        desk.send(lane, event(4, ClassAssessed("C-1", "post_test", 60.0)))
        if not few:
            assert desk.rows("SELECT whole, events FROM ledger.snapshot") == [(False, 1)]
        assert desk.rows("SELECT assessment FROM projections.purchased_class") == [(3,)]
        strict = event(0, ClassPublished("C-1", "t", "i", move_on="Passed", mastery_score=0.75))
        desk.send(desk.lane(partition=1), strict)
        assert [done.rows for done in desk.judge_again()] == [1]
        assert statuses(desk) == {"C-1": (0, 2, 2, False)}

    def test_a_later_publication_of_an_earlier_time_changes_no_row(self, desk: Desk) -> None:
        lane = desk.lane()
        desk.send(lane, event(5, ClassPublished("C-1", "t", "i", move_on="Completed")), DONE)
        desk.judge_again()
        desk.send(lane, event(4, ClassPublished("C-1", "t", "i", move_on="Passed")))
        assert [done.rows for done in desk.judge_again()] == [0]
        assert statuses(desk) == {"C-1": (0, 2, 0, True)}


class TestAPackagePublishedLater:
    def test_purchases_are_resolved(self, desk: Desk) -> None:
        lane = desk.lane()
        desk.send(lane, IN_PACKAGE, DONE)
        assert purchases(desk) == [(True, None, False, [], [])]
        assert statuses(desk) == {"C-1": (0, 2, 0, False)}
        desk.send(lane, BUNDLE)
        assert [done.purchases for done in desk.judge_again()] == [1]
        assert purchases(desk) == [(False, False, False, ["C-1", "C-2"], ["C-2"])]
        assert statuses(desk) == {"C-1": (1, 2, 0, False), "C-2": (1, 0, 0, False)}

    def test_other_unknown_packages_stay_unresolved(self, desk: Desk) -> None:
        lane = desk.lane()
        desk.send(lane, IN_PACKAGE, event(1, PurchasePaid("INV-2", "K-2")), BUNDLE)
        desk.send(lane, event(9, PackagePublished("K-9", "p", ("C-9",))))
        desk.judge_again()
        assert [unresolved for unresolved, *_ in purchases(desk)] == [False, True]
        assert set(statuses(desk)) == {"C-1", "C-2"}

    def test_a_withdrawn_purchase_moves_to_its_classes_as_well(self, desk: Desk) -> None:
        lane = desk.lane()
        desk.send(lane, IN_PACKAGE, event(2, EventVoided("paid", "mistake"), "void"))
        desk.send(lane, BUNDLE)
        desk.judge_again()
        assert set(statuses(desk)) == {"C-1", "C-2"}
        assert_as_if_known_before(desk)

    def test_a_writer_that_came_first_leaves_nothing_behind(self, desk: Desk) -> None:
        lane = desk.lane()
        desk.send(lane, IN_PACKAGE)
        desk.send(lane, BUNDLE)
        desk.send(lane, DONE)
        desk.judge_again()
        assert set(statuses(desk)) == {"C-1", "C-2"}
        assert purchases(desk) == [(False, False, False, ["C-1", "C-2"], ["C-2"])]

    def test_a_newer_catalogue_than_the_pass_began_with_is_not_undone(
        self, open_desk: Callable[[], Desk]
    ) -> None:
        desk, projector = open_desk(), open_desk()
        lane = desk.lane()
        desk.send(lane, IN_PACKAGE, event(1, PurchasePaid("INV-2", "K-2"), "second"))
        desk.send(lane, BUNDLE)

        def publish_and_resolve() -> None:
            more = event(0, PackagePublished("K-2", "p", ("C-2", "C-3")))
            desk.send(lane, more, event(4, ClassCompleted("C-3")))

        opened = meanwhile(projector, publish_and_resolve)
        rejudge.rejudge(opened, TOKOPEDIA)
        desk.judge_again()
        assert_as_if_known_before(desk)


class TestThePackageSalesEnd:
    def test_flags_and_purchases_follow_it(self, desk: Desk) -> None:
        lane = desk.lane()
        desk.send(lane, BUNDLE, IN_PACKAGE, DONE)
        desk.send(lane, event(1, PurchasePaid("INV-2", None, (("C-3", None),))))
        self.move(desk, day(1))
        assert purchases(desk)[0][2] is True
        assert self.flags(desk) == {
            "C-1": ["package_after_sales_end", "completed_without_assessment"],
            "C-2": ["package_after_sales_end"],
            "C-3": [],
        }
        self.move(desk, day(1) + 1)
        assert purchases(desk)[0][2] is False
        assert self.flags(desk)["C-2"] == []

    def test_setting_it_again_changes_nothing(self, desk: Desk) -> None:
        desk.send(desk.lane(), BUNDLE, IN_PACKAGE)
        desk.judge_again()
        with transaction(desk.session) as work:
            catalogue.set_package_sales_end(work, SALES_END)
        assert desk.judge_again() == []

    def move(self, desk: Desk, to: int) -> None:
        with transaction(desk.session) as work:
            catalogue.set_package_sales_end(work, to)
        desk.judge_again()

    def flags(self, desk: Desk) -> dict[str, list[str]]:
        return {
            code: flag_names(flags)
            for code, flags in desk.rows(
                "SELECT class_code, flags FROM projections.purchased_class"
            )
        }


def test_one_projector_at_a_time_judges_a_partner(open_desk: Callable[[], Desk]) -> None:
    first, second = (partial(transaction, open_desk().session) for _ in range(2))
    assert rejudge.claim(first, TOKOPEDIA)
    assert not rejudge.claim(second, TOKOPEDIA)
    assert rejudge.claim(second, PARTNER_IDS["sisnaker"])
    rejudge.release(first, TOKOPEDIA)
    assert rejudge.claim(second, TOKOPEDIA)


@settings(
    max_examples=examples(15, 60),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    told.of_participant(),
    told.of_participant("PRK-000000043"),
    told.of_catalogue(),
    st.integers(0, 2**32),
)
def test_rows_do_not_tell_when_the_catalogue_came(
    desk: Desk,
    mine: list[PartnerEvent],
    theirs: list[PartnerEvent],
    published: list[PartnerEvent],
    seed: int,
) -> None:
    chance = random.Random(seed)
    renamed = [
        PartnerEvent(e.partner, f"other {e.event_id}", e.happened, e.stream, e.fact) for e in theirs
    ]
    delivered = [*mine, *renamed, *published]
    chance.shuffle(delivered)
    desk.clear()
    lanes = [desk.lane(partition=number) for number in range(2)]
    while delivered:
        size = chance.randint(1, 6)
        desk.send(chance.choice(lanes), *delivered[:size])
        del delivered[:size]
        if chance.random() < 0.3:
            desk.judge_again()
    desk.judge_again()
    assert_as_if_known_before(desk, [*published, *mine, *renamed])


def assert_as_if_known_before(desk: Desk, events: list[PartnerEvent] | None = None) -> None:
    """The rows of Tokopedia are those of another partner with the same events, the catalogue's first."""
    if events is None:
        events = stored_events(desk)
    events = [e for e in events if is_catalogue(e)] + [e for e in events if not is_catalogue(e)]
    desk.write(batch(desk.lane("sisnaker"), events))
    desk.judge_again()
    assert desk.rows_of("tokopedia") == desk.rows_of("sisnaker")


def stored_events(desk: Desk) -> list[PartnerEvent]:
    """What the ledger holds of Tokopedia."""
    return [
        PartnerEvent("tokopedia", event_id, happened, stream, decode(topic, state))
        for event_id, happened, stream, topic, state in desk.rows(
            "SELECT event_id, (extract(epoch FROM happened) * 1000000)::bigint, "
            "coalesce('p:' || participant_id, stream), topic, state "
            "FROM ledger.event LEFT JOIN vault.person USING (person) WHERE partner_id = %s",
            (TOKOPEDIA,),
        )
    ]


def meanwhile(desk: Desk, happens: Callable[[], None]) -> Callable[[], AbstractContextManager[Any]]:
    """Opens transactions on the desk's connection; after the second of them something happens, once."""
    count = 0

    @contextmanager
    def opened() -> Iterator[Any]:
        nonlocal count
        with transaction(desk.session) as work:
            yield work
        count += 1
        if count == 2:
            happens()

    return opened


def test_a_pass_waits_for_who_may_be_writing_by_an_older_catalogue(
    open_desk: Callable[[], Desk],
) -> None:
    desk, writer, projector = open_desk(), open_desk(), open_desk()
    lane = desk.lane()
    desk.send(lane, DONE)
    published = event(0, ClassPublished("C-1", "t", "i", move_on="Completed"))
    desk.send(desk.lane(partition=1), published)
    with ThreadPoolExecutor(1) as thread:
        with transaction(writer.session) as work:
            ownership.hold(work, [lane.lane_id])
            passes = thread.submit(projector.judge_again)
            deadline = time.monotonic() + 60
            while not desk.rows("SELECT pid FROM pg_locks WHERE NOT granted"):
                assert not passes.done(), "it did not wait"
                assert time.monotonic() < deadline
        assert [done.rows for done in passes.result()] == [1]
