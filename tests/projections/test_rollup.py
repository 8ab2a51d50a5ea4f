"""The sums that are kept are those of counting everything again, whatever happened on the way."""

import random

import pytest

from domain.events import (
    CLASS_STREAM,
    PARTICIPANT_STREAM,
    ClassCompleted,
    ClassPublished,
    EventVoided,
    PartnerEvent,
    PurchasePaid,
)
from projections import catalogue
from projections.sums import rollup
from services.simulator import simulate
from tests.projections.kept import Kept
from tests.services.http.desk import SALES_END

PARTNER = "pintaria"
DAY = 86_400_000_000


@pytest.fixture
def kept(database_url: str) -> Kept:
    return Kept(database_url)


def assert_sums(kept: Kept) -> None:
    sums, of_institutions = kept.counted_again()
    assert sums
    assert kept.sums() == sums
    assert kept.institution_sums() == of_institutions


def test_sums_of_a_season_are_those_of_counting_again(kept: Kept) -> None:
    season = list(simulate(3_000, seed=1))
    kept.tell(season[:1_000])
    kept.settle()
    assert_sums(kept)
    kept.tell(season[1_000:], batch_records=300)
    kept.add_up()
    kept.settle()
    assert_sums(kept)


def test_what_was_taken_off_the_queue_is_there_again_when_it_was_not_added(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept.tell(simulate(600, seed=4))

    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(rollup, "add", dies)
        with pytest.raises(KeyboardInterrupt), kept.transaction() as work:
            rollup.add_up(work)
    kept.settle()
    assert_sums(kept)


def test_one_process_adds_up_at_a_time(kept: Kept, database_url: str) -> None:
    other = Kept(database_url)
    kept.tell(simulate(600, seed=4))
    with kept.transaction() as work, other.transaction() as beside:
        assert rollup.add_up(work) > 0
        beside.execute("SET LOCAL lock_timeout = 2000")
        assert rollup.add_up(beside) == 0
    kept.settle()
    assert_sums(kept)
    other.close()


def test_sums_follow_the_package_sales_end_and_a_rebuild(kept: Kept) -> None:
    kept.tell(simulate(2_000, seed=3))
    kept.settle()
    before = kept.sums()
    with kept.transaction() as work:
        catalogue.set_package_sales_end(work, SALES_END - 60 * DAY)
    kept.settle()
    assert kept.sums() != before
    assert_sums(kept)
    done = kept.rebuild()
    assert done.differences is not None
    assert not any(done.differences.values()), done.differences
    assert_sums(kept)
    kept.tell(simulate(500, seed=4))
    kept.settle()
    assert_sums(kept)


def test_a_rebuild_takes_along_what_is_still_queued(kept: Kept) -> None:
    kept.tell(simulate(1_500, seed=5))
    kept.rejudge()
    assert kept.rows("SELECT 1 FROM projections.delta")
    done = kept.rebuild()
    assert done.differences is not None
    assert not done.differences["rollup"] + done.differences["institution_rollup"]
    kept.settle()
    assert_sums(kept)


def told(number: int, fact: object, stream: str, day: int = 0) -> PartnerEvent:
    return PartnerEvent(PARTNER, f"e{number}", SALES_END + day * DAY, stream, fact)  # type: ignore[arg-type]


def test_a_class_that_moves_to_another_institution_takes_its_sums_along(kept: Kept) -> None:
    lane = kept.desk.lane(PARTNER)
    person = PARTICIPANT_STREAM + "one"
    kept.desk.send(
        lane,
        told(1, PurchasePaid("P", items=(("A", 1), ("B", 1))), person),
        told(2, ClassCompleted("A"), person, day=3),
    )
    kept.settle()
    assert kept.institution_sums() == {}
    published = [ClassPublished(code, code, "here") for code in "AB"]
    kept.desk.send(
        lane, *(told(3 + n, fact, CLASS_STREAM + "AB"[n]) for n, fact in enumerate(published))
    )
    kept.settle()
    assert {key[0] for key in kept.institution_sums()} == {"here"}
    assert_sums(kept)
    kept.desk.send(lane, told(5, ClassPublished("A", "A", "there"), CLASS_STREAM + "A", day=1))
    kept.desk.send(lane, told(6, EventVoided("e2", "a mistake"), person, day=4))
    kept.settle()
    assert {key[0] for key in kept.institution_sums()} == {"here", "there"}
    assert_sums(kept)
    kept.desk.send(lane, told(7, ClassPublished("B", "B", "there"), CLASS_STREAM + "B", day=1))
    kept.settle()
    assert {key[0] for key in kept.institution_sums()} == {"there"}
    assert_sums(kept)


def test_everything_withdrawn_leaves_no_sums(kept: Kept) -> None:
    lane = kept.desk.lane(PARTNER)
    person = PARTICIPANT_STREAM + "one"
    kept.desk.send(
        lane,
        told(0, ClassPublished("A", "A", "here"), CLASS_STREAM + "A"),
        told(1, PurchasePaid("P", package_code="K", items=(("A", 1),)), person),
        told(2, ClassCompleted("A"), person, day=3),
    )
    kept.settle()
    assert kept.sums()
    kept.desk.send(
        lane, *(told(n + 10, EventVoided(f"e{n}", "a mistake"), person, day=5) for n in (1, 2))
    )
    kept.settle()
    assert kept.sums() == {}
    assert kept.institution_sums() == {}
    assert kept.rows("SELECT withdrawn, purchased_at FROM projections.purchase") == [(True, None)]


def test_many_small_transactions_are_added_up_in_turns(kept: Kept) -> None:
    lane = kept.desk.lane(PARTNER)
    people = [PARTICIPANT_STREAM + f"p{n}" for n in range(1_200)]
    random.Random(1).shuffle(people)
    for number, person in enumerate(people[:600]):
        kept.desk.send(lane, told(number, PurchasePaid("P", items=(("A", 1),)), person))
    assert kept.add_up() == 2
    assert_sums(kept)


def test_sums_that_came_to_nothing_are_not_looked_for_in_all_that_is_staged(kept: Kept) -> None:
    with kept.transaction() as work:
        work.execute(
            "INSERT INTO projections.rollup (partner_id, package_code, class_code, metric, value, n) "
            "SELECT 4, '', 'C-1', 52, hour, 1 FROM generate_series(1, 20000) AS hour"
        )
        # To the planner no sum is 0, so whatever it does for each sum of 0 looks cheap.
        work.execute("ANALYZE projections.rollup")
        nothing = [("", "C-1", 52, float(hour), -1) for hour in range(1, 20_001, 2)]
        rollup.add(work, {4: nothing})
        work.execute(
            "SELECT count(*), sum(value::bigint % 2) FROM projections.rollup WHERE class_code = 'C-1'"
        )
        assert work.fetchall() == [(10_000, 0)]
        for name in ("tidy", "tidy_institutions"):
            work.execute("EXPLAIN " + rollup.SQL[name])
            plan = "\n".join(line for (line,) in work.fetchall())
            assert "Index Scan" in plan, plan
            assert "Seq Scan on rollup" not in plan, plan
            assert "Seq Scan on institution_rollup" not in plan, plan
