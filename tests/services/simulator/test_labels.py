"""What the simulator meant by a record, and what the oracle reads from its bytes, are the same."""

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

import pytest

from services.simulator import SimulatedRecord, as_json_lines, simulate
from services.simulator.expected import Expected, expected_answers

REASONS = {
    "not_json",
    "not_cloudevents",
    "unknown_type",
    "invalid_data",
    "too_large",
    "source_mismatch",
    "id_conflict",
    "package_conflict",
    "personal_data",
}


class Line(NamedTuple):
    """A line of a file, as it is published to a topic."""

    topic: str
    headers: list[tuple[str, bytes]]
    value: bytes


def meant(records: Iterable[SimulatedRecord]) -> list[tuple[str, str | None, str]]:
    return [(record.outcome, record.reason, record.shape) for record in records]


def read(records: list[SimulatedRecord], found: Expected) -> list[tuple[str, str | None, str]]:
    return [
        (each["outcome"], each["reason"], record.shape)
        for record, each in zip(records, found.outcomes, strict=True)
    ]


def test_the_oracle_reads_what_was_meant(season: list[SimulatedRecord], expected: Expected) -> None:
    assert read(season, expected) == meant(season)


@pytest.mark.parametrize("seed", range(4))
def test_of_other_seasons_too_with_many_bad_records(seed: int) -> None:
    records = list(simulate(4_000, seed, bad_share=0.2, repeat_share=0.2))
    assert read(records, expected_answers(records)) == meant(records)


@pytest.mark.parametrize("seed", range(4))
def test_every_reason_is_there_from_2000_events_on(seed: int) -> None:
    assert {record.reason for record in simulate(2_000, seed)} - {None} == REASONS


def test_counts_per_topic_add_up(season: list[SimulatedRecord], expected: Expected) -> None:
    assert len(expected.counts) == 8
    for topic, counts in expected.counts.items():
        records = [record for record in season if record.topic == topic]
        assert counts["accepted"] + counts["duplicate"] + counts["rejected"] == len(records)
        assert counts["reasons"] == Counter(r.reason for r in records if r.reason is not None)


def test_a_published_line_has_the_outcome_of_its_record(season: list[SimulatedRecord]) -> None:
    lines = list(as_json_lines(season))
    assert not any(b"\n" in line for line in lines)
    published = [Line(record.topic, [], line) for record, line in zip(season, lines, strict=True)]
    assert read(season, expected_answers(published)) == meant(season)


def test_a_structured_record_is_its_own_line(season: list[SimulatedRecord]) -> None:
    for record, line in zip(season, as_json_lines(season), strict=True):
        if not any(name.startswith("ce_") for name, _ in record.headers):
            assert line == record.value
