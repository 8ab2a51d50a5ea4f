"""What the figures rest on: the log is the season, its results are the oracle's, clocks hang where they should."""

from collections import defaultdict

import pytest

from services.simulator import SimulatedRecord, simulate
from services.simulator.expected import expected_answers
from services.simulator.expected_intake import take_in
from tests.benchmarks import stages
from tests.benchmarks.bench_growth import season
from tests.benchmarks.load import percentile
from tests.benchmarks.season_log import SeasonLog, count, is_participants, spread
from tests.partitioning import partition_of

EVENTS = 4_000


@pytest.fixture(scope="module")
def records() -> list[SimulatedRecord]:
    return list(simulate(EVENTS, 3))


def test_spreading_loses_nothing_and_keeps_the_order_of_each_key(
    records: list[SimulatedRecord],
) -> None:
    placed = spread(records, 1)
    before: dict[tuple[str, bytes], list[SimulatedRecord]] = defaultdict(list)
    after: dict[tuple[str, bytes], list[SimulatedRecord]] = defaultdict(list)
    for record in records:
        before[record.topic, record.key].append(record)
    for record in placed:
        after[record.topic, record.key].append(record)
    assert before == after
    assert placed != records


def test_spreading_leaves_the_catalogue_where_it_was(records: list[SimulatedRecord]) -> None:
    for was, now in zip(records, spread(records, 1), strict=True):
        assert was == now or (is_participants(was) and is_participants(now))


def test_a_participants_events_lie_all_over_the_log(records: list[SimulatedRecord]) -> None:
    busiest = max({r.key for r in records if is_participants(r)}, key=lambda k: _times(records, k))
    placed = spread(records, 1)
    places = [at for at, record in enumerate(placed) if record.key == busiest]
    assert max(places) - min(places) > EVENTS / 2


def _times(records: list[SimulatedRecord], key: bytes) -> int:
    return sum(record.key == key for record in records)


def test_what_the_log_comes_to_is_what_the_oracle_expects(records: list[SimulatedRecord]) -> None:
    placed = spread(records, 1)
    told = count(placed)
    expected = expected_answers(placed)
    totals = {
        outcome: sum(counts[outcome] for counts in expected.counts.values())
        for outcome in ("accepted", "duplicate", "rejected")
    }
    assert totals == {
        "accepted": told.accepted,
        "duplicate": told.duplicate,
        "rejected": told.rejected,
    }
    completed = [
        each for each in expected.purchased_classes if each["completion"]["state"] == "completed"
    ]
    assert told.completed == len(completed)


def test_a_window_is_some_records_in_a_row(records: list[SimulatedRecord]) -> None:
    window = SeasonLog(EVENTS, 3, records).window(500)
    assert window.told.records == 500
    assert sum(end - start for _, _, start, end in window.spans) == 500
    lanes: dict[tuple[str, int], list[SimulatedRecord]] = defaultdict(list)
    for record in records:
        lanes[record.topic, partition_of(record.key, 6)].append(record)
    inside = [r for topic, lane, start, end in window.spans for r in lanes[topic, lane][start:end]]
    assert sorted(r.value for r in inside) == sorted(r.value for r in records[2_000:2_500])


def test_each_season_of_growth_is_of_other_people_and_events(
    records: list[SimulatedRecord],
) -> None:
    log = SeasonLog(EVENTS, 3, records)
    seasons = [list(season(log, number)) for number in range(3)]
    keys = [{record.key for record in each if is_participants(record)} for each in seasons]
    assert len(keys[0]) == len(keys[1]) == len(keys[2])
    assert not keys[0] & keys[1]
    assert not keys[1] & keys[2]
    found = take_in(record for each in seasons for record in each).outcomes
    meant = [record.outcome for each in seasons for record in each]
    assert [each["outcome"] for each in found] == meant


@pytest.mark.parametrize(("stage", "module", "path"), stages.PLACES)
def test_the_clock_is_put_around_what_is_there(stage: str, module: str, path: str) -> None:
    owner, name = stages.find(module, path)
    assert callable(getattr(owner, name))
    assert stage in stages.STAGES


def test_time_counts_for_the_innermost_stage() -> None:
    clock = stages.Clock()
    inner = clock.around("find", lambda: sum(range(200_000)))
    outer = clock.around("rest", inner)
    outer()
    assert clock.stages["find"].calls == clock.stages["rest"].calls == 1
    assert clock.stages["rest"].wall < clock.stages["find"].wall


@pytest.mark.parametrize(("percent", "expected"), [(50, 50), (99, 99), (100, 100), (0, 1)])
def test_a_percentile_is_one_of_the_values(percent: float, expected: int) -> None:
    assert percentile(range(1, 101), percent) == expected
