"""A worker's desk: a database with Tuntas' tables, lanes, and the intake's own writer to fill them."""

from collections.abc import Iterable
from functools import partial
from typing import Any

from psycopg2.extensions import connection

from domain.errors import Refusal
from domain.events import PartnerEvent
from domain.vocabulary import PARTNER_IDS
from projections import catalogue
from projections.days.following import follow_all
from projections.status.rejudge import rejudge
from projections.sums.rollup import add_up
from services.intake.batch import Decoded, LaneBatch
from services.intake.lanes import Lane
from services.intake.writer import Writer
from services.kafka.records import Record
from services.postgres import lane_rows
from services.postgres.connect import connect, transaction
from services.postgres.migrations.run import migrate
from services.projector import codes, delivered, happened, only_rejected
from tests.raw_record import raw_record

SALES_END = 1_593_450_000_000_000
"""2020-06-30T00:00:00+07:00."""


RAW = raw_record(b"key", b"value")


class Desk:
    """One worker on one database."""

    def __init__(self, database_url: str) -> None:
        self.session: connection = connect(database_url, "test")
        migrate(self.session)
        with transaction(self.session) as work:
            catalogue.set_package_sales_end(work, SALES_END)
        self._writer = Writer(self.session, 10_000)

    def lane(self, partner: str, partition: int = 0) -> Lane:
        """The lane of a topic partition, taken over by this worker."""
        topic = f"tuntas.partner.{partner}"
        with transaction(self.session) as work:
            opened = lane_rows.open_lane(
                work,
                log_id="log",
                topic=topic,
                partition=partition,
                partner_id=PARTNER_IDS[partner],
                first_offset=0,
            )
            (state,) = lane_rows.take_over(work, [opened.lane_id])
        return Lane(
            state.lane_id, topic, partition, state.partner_id, state.epoch, state.next_offset
        )

    def send(
        self,
        lane: Lane,
        *records: PartnerEvent | Refusal,
        raw: Record = RAW,
        waiting: int = 0,
    ) -> None:
        """One batch at the lane's next offsets; ``waiting`` records stand behind it in Kafka."""
        self.write(
            lane,
            [Decoded(lane.next_offset + index, each, raw) for index, each in enumerate(records)],
            waiting,
        )

    def write(self, lane: Lane, decoded: Iterable[Decoded], waiting: int = 0) -> None:
        """One batch as it is."""
        batch = list(decoded)
        behind = batch[-1].offset + 1 if batch else lane.next_offset
        self._writer.write([LaneBatch(lane, batch, behind, behind + waiting)])

    def follow_catalogue(self, partner: str) -> None:
        """What a projector does: every row follows what was published."""
        rejudge(lambda: transaction(self.session), PARTNER_IDS[partner])

    def add_up(self) -> None:
        """What a projector does: everything queued is added to the sums, every record counted, codes noted."""
        added = True
        while added:
            with transaction(self.session) as work:
                added = bool(add_up(work))
        with transaction(self.session) as work:
            follow_all(work)
        opened = partial(transaction, self.session)
        for follow in (delivered.count, codes.note, happened.count, only_rejected.find):
            while follow(opened):
                pass

    def execute(self, statement: str, *values: Any) -> None:
        with transaction(self.session) as work:
            work.execute(statement, values)
