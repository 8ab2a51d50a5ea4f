"""How many reports of each kind every partner made on each day, Jakarta's: a projection of one's own.

`python docs/examples/reports_a_day/reports_a_day.py` follows the ledger at TUNTAS_DATABASE_URL until it is stopped and
keeps `reports_a_day.report`, in the same database. It may be killed at any moment and started again: every event is
counted once. docs/own-projections.md explains it line by line.
"""

import os
import signal
import threading
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from eventsourcing.persistence import Tracking
from eventsourcing.projection import Projection

from services import logs
from services.following.follow import Following
from services.following.view import View
from services.postgres.mapper import Reported

JAKARTA = timezone(timedelta(hours=7))


class ReportsView(View):
    """The table, in a schema of its own."""

    schema = "reports_a_day"
    tables = """
        CREATE TABLE IF NOT EXISTS {schema}.report (
            partner text   NOT NULL,
            day     date   NOT NULL,
            kind    text   NOT NULL,
            reports bigint NOT NULL,
            PRIMARY KEY (partner, day, kind)
        )
    """

    def count(self, reported: Reported, tracking: Tracking) -> None:
        """Counts one event and notes that it was counted, in one transaction."""
        event = reported.event
        happened = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=event.happened)
        day = happened.astimezone(JAKARTA).date()
        with self.transaction(tracking) as work:
            work.execute(self.statement(COUNT), (event.partner, day, event.fact.topic))


COUNT = """
INSERT INTO {schema}.report AS kept (partner, day, kind, reports) VALUES (%s, %s, %s, 1)
ON CONFLICT (partner, day, kind) DO UPDATE SET reports = kept.reports + 1
"""


class ReportsADay(Projection[ReportsView]):
    """What is done with each event: every one of a lane comes here once, in the lane's order."""

    def process_event(self, domain_event: Any, tracking: Tracking) -> None:
        self.view.count(domain_event, tracking)


def main() -> None:
    """Follows the ledger until SIGTERM or SIGINT."""
    logs.configure("info")
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    Following(ReportsADay, ReportsView, os.environ["TUNTAS_DATABASE_URL"]).run(stop)


if __name__ == "__main__":
    main()
