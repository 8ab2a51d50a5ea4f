"""The example of a projection of one's own, on Kafka, killed in the middle: every event is counted once."""

import sys
from collections import Counter
from datetime import date, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from services.embedded.leash import Leash
from services.simulator import SimulatedRecord, simulate
from services.simulator.expected_intake import take_in
from tests.end_to_end.delivery import parts, shuffled
from tests.end_to_end.running_system import RunningSystem

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

EVENTS = 9_000
REPEATS = 900
SEED = 20_200_701
EXAMPLE = Path(__file__).parents[2] / "docs/examples/reports_a_day/reports_a_day.py"
JAKARTA = timezone(timedelta(hours=7))

KINDS = {
    "purchase.paid": "paid",
    "purchase.refunded": "refunded",
    "class.redeemed": "redeemed",
    "class.started": "started",
    "class.attended": "attended",
    "class.progressed": "progressed",
    "class.completed": "completed",
    "class.assessed": "assessed",
    "certificate.issued": "certificate",
    "class.reviewed": "reviewed",
    "event.voided": "voided",
    "class.published": "class",
    "package.published": "package",
}
"""The types of the contract, as they are called in storage."""

COUNTED = "SELECT partner, day, kind, reports FROM reports_a_day.report"
SUM = "SELECT coalesce(sum(reports), 0) FROM reports_a_day.report"
THERE = "SELECT to_regclass('reports_a_day.report') IS NOT NULL"
LEDGER = "SELECT sum(accepted) FROM ledger.lane WHERE log_id <> 'application'"

Day = tuple[str, date, str]


@pytest.fixture(scope="module")
def records() -> list[SimulatedRecord]:
    return shuffled(list(simulate(EVENTS, SEED)), SEED, repeats=REPEATS)


def expected(records: list[SimulatedRecord]) -> Counter[Day]:
    """What the oracle takes for accepted, by partner, day in Jakarta and kind."""
    return Counter(
        (event["partner"], event["at"].astimezone(JAKARTA).date(), KINDS[event["kind"]])
        for event in take_in(records).accepted
    )


class Example:
    """The example as a process that is started and killed."""

    def __init__(self, system: RunningSystem) -> None:
        self._system = system
        self._starts = 0
        self.process: Leash | None = None

    def start(self) -> None:
        self._starts += 1
        self.process = Leash(
            [sys.executable, str(EXAMPLE)],
            self._system.folder / f"example-{self._starts}.log",
            environment=self._system.environment(),
        )

    def kill(self) -> None:
        assert self.process is not None
        assert self.process.is_running(), self.process.log_tail()
        self.process.kill()

    def counted(self) -> int:
        ((there,),) = self._system.rows(THERE)
        if not there:
            return 0
        ((count,),) = self._system.rows(SUM)
        return int(count)

    def wait_for(self, count: int) -> None:
        def reached() -> bool:
            assert self.process is not None
            assert self.process.is_running(), self.process.log_tail()
            return self.counted() >= count

        self._system.wait_until(reached, f"{count} events are counted")


def accepted(system: RunningSystem) -> int:
    ((count,),) = system.rows(LEDGER)
    return int(count)


def test_killed_in_the_middle_it_counts_every_event_once(
    running_system: RunningSystem, records: list[SimulatedRecord]
) -> None:
    system = running_system
    example = Example(system)
    killed_at: list[int] = []
    first, second, third = parts(records, 3)
    try:
        system.publish(first)
        example.start()
        for share in (0.1, 0.3):
            # Killed while it counts and while the ledger grows, and started again.
            example.wait_for(int(share * len(first)))
            example.kill()
            killed_at.append(example.counted())
            system.publish(second if share == 0.1 else third)
            example.start()
        system.wait_until_drained()
        whole = accepted(system)
        example.wait_for(whole)
    finally:
        if example.process is not None and example.process.is_running():
            example.process.stop()
    found: dict[Any, int] = {
        (partner, day, kind): reports for partner, day, kind, reports in system.rows(COUNTED)
    }
    assert 0 < killed_at[0] < killed_at[1] < whole, "killed in the middle"
    assert sum(found.values()) == whole
    assert found == dict(expected(records))
    ledger = system.rows(
        """
        SELECT lane.topic || '/' || partition || ' of ' || log_id, position FROM ledger.lane WHERE position > 0
        """
    )
    assert dict(system.rows("SELECT * FROM reports_a_day.tracking")) == dict(ledger)
