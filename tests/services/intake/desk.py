"""A ledger with lanes, a writer on it, and what the tables hold afterwards."""

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

from domain.errors import Refusal
from domain.events import PartnerEvent
from domain.vocabulary import PARTNER_IDS
from projections import catalogue
from projections.status import rejudge
from projections.sums import rollup
from services.intake.batch import BatchOutcome, Decoded, LaneBatch
from services.intake.lanes import Lane
from services.intake.writer import Writer
from services.postgres import lane_rows
from services.postgres.connect import connect, transaction
from services.postgres.migrations.run import migrate
from services.postgres.waiting import WaitingConnection
from tests.raw_record import raw_record

SALES_END = 1_593_450_000_000_000
"""2020-06-30T00:00:00+07:00."""

RAW = raw_record(b"key", b"value")

READ_MODELS = ("purchased_class", "purchase", "class", "package", "rollup")
LEDGER = ("event", "duplicate", "rejection")


class Desk:
    """One worker: a connection, a writer with its cache and the lanes it owns."""

    def __init__(self, database_url: str, *, cached_participants: int = 10_000) -> None:
        self.session: WaitingConnection = connect(database_url, "test")
        migrate(self.session)
        with transaction(self.session) as work:
            catalogue.set_package_sales_end(work, SALES_END)
        self.cached_participants = cached_participants
        self.forget()

    def lane(self, partner: str = "tokopedia", partition: int = 0, log_id: str = "log") -> Lane:
        """The lane of a topic partition, taken over by this worker."""
        topic = f"tuntas.partner.{partner}"
        with transaction(self.session) as work:
            opened = lane_rows.open_lane(
                work,
                log_id=log_id,
                topic=topic,
                partition=partition,
                partner_id=PARTNER_IDS[partner],
                first_offset=0,
            )
            (state,) = lane_rows.take_over(work, [opened.lane_id])
        return Lane(
            state.lane_id, topic, partition, state.partner_id, state.epoch, state.next_offset
        )

    def write(self, *batches: LaneBatch) -> BatchOutcome:
        return self.writer.write(batches)

    def send(self, lane: Lane, *records: PartnerEvent | Refusal) -> BatchOutcome:
        """One batch of one lane."""
        return self.write(batch(lane, records))

    def rows(self, statement: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with transaction(self.session) as work:
            work.execute(statement, values)
            return [
                tuple(bytes(v) if isinstance(v, memoryview) else v for v in row)
                for row in work.fetchall()
            ]

    def clear(self) -> None:
        """Empties the ledger, the read models and the catalogue's history, and forgets what is cached."""
        with transaction(self.session) as work:
            work.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'projections'")
            tables = [f"projections.{table}" for (table,) in work.fetchall()]
            tables += [
                f"ledger.{table}" for table in ("stored_event", *LEDGER[1:], "lane", "snapshot")
            ]
            tables += [
                f"control.{table}"
                for table in ("participant", "catalogue_change", "early_withdrawal")
            ]
            work.execute(f"TRUNCATE {', '.join(tables)}")
            work.execute("UPDATE control.catalogue_head SET revision = 0, applied_revision = 0")
        self.forget()

    def forget(self) -> None:
        """A writer that has cached nothing."""
        self.writer = Writer(self.session, self.cached_participants)

    def read_models(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of every read model; what is queued is added up first."""
        with transaction(self.session) as work:
            rollup.add_up_all(work)
        return {
            table: sorted(self.rows(f"TABLE projections.{table}"), key=repr)
            for table in READ_MODELS
        }

    def rows_of(self, partner: str) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of a partner in every read model, without the partner; what is queued is added up first."""
        self.read_models()
        rows: dict[str, list[tuple[Any, ...]]] = {}
        for table in READ_MODELS:
            columns = [
                column
                for (column,) in self.rows(
                    "SELECT column_name FROM information_schema.columns WHERE table_schema = "
                    "'projections' AND table_name = %s AND column_name <> 'partner_id' "
                    "ORDER BY ordinal_position",
                    (table,),
                )
            ]
            rows[table] = self.rows(
                f"SELECT {', '.join(columns)} FROM projections.{table} WHERE partner_id = %s "
                f"ORDER BY {', '.join(columns)}",
                (PARTNER_IDS[partner],),
            )
        return rows

    def judge_again(self) -> list[rejudge.Rejudged]:
        """Passes over every partner whose rows are behind its catalogue, until none is."""
        opened = partial(transaction, self.session)
        passes = []
        while behind := rejudge.partners_behind(opened):
            for partner_id in behind:
                assert rejudge.claim(opened, partner_id)
                passes.append(rejudge.rejudge(opened, partner_id))
                rejudge.release(opened, partner_id)
        return passes

    def counts(self, lane: Lane) -> tuple[int, int, int, int, int]:
        """accepted, duplicate, rejected, skipped, next_offset of the lane row."""
        (row,) = self.rows(
            "SELECT accepted, duplicate, rejected, skipped, next_offset FROM ledger.lane "
            "WHERE lane_id = %s",
            (lane.lane_id,),
        )
        return row

    def ledger_rows(self, lane: Lane) -> tuple[int, int, int]:
        """How many events, duplicates and rejections the ledger holds of the lane."""
        counts = [
            self.rows(f"SELECT count(*) FROM ledger.{t} WHERE lane_id = %s", (lane.lane_id,))[0][0]
            for t in LEDGER
        ]
        return counts[0], counts[1], counts[2]


def batch(
    lane: Lane, records: Iterable[PartnerEvent | Refusal], *, start: int | None = None
) -> LaneBatch:
    """Records at consecutive offsets from the lane's next one (or from ``start``)."""
    first = lane.next_offset if start is None else start
    decoded = [Decoded(first + index, record, RAW) for index, record in enumerate(records)]
    behind = first + len(decoded)
    return LaneBatch(lane, decoded, behind, behind)
