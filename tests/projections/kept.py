"""A database that seasons are written into as the services do it, and its evaluations counted afresh."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from domain.catalogue import State as Catalogue
from domain.class_evidence import Slices
from domain.counting import Metric
from domain.median import hundredth
from domain.vocabulary import PARTNER_CODES
from projections import catalogue
from projections.aggregates import load_records
from projections.days.following import Follower
from projections.rebuild.run import Rebuilt
from projections.status.record import Rules
from projections.status.rejudge import partners_behind, rejudge
from projections.status.rows import class_row
from projections.sums.deltas import Deltas
from projections.sums.rollup import add_up
from services.cloudevents.decode import decode
from services.embedded.postgres import EmbeddedPostgres
from services.intake.batch import Decoded
from services.intake.lanes import Lane
from services.postgres.connect import close, transaction
from services.rebuilding import rebuild
from services.simulator import SimulatedRecord
from tests.raw_record import raw_record
from tests.services.http.desk import Desk

PARTITIONS = 2

Sums = dict[tuple[Any, ...], int]
"""(partner id, package code, class code, metric, value) to how often."""


class Kept:
    """One worker and one projector on one database."""

    def __init__(self, database_url: str) -> None:
        self.url = database_url
        self.desk = Desk(database_url)
        self._lanes: dict[tuple[str, int], Lane] = {}
        self._follower = Follower()

    def close(self) -> None:
        close(self.desk.session)

    def tell(self, season: Iterable[SimulatedRecord], batch_records: int = 500) -> None:
        """Writes records in the order of their arrival, batch by batch, by key to the lanes of their topics."""
        waiting: list[SimulatedRecord] = []
        for record in season:
            waiting.append(record)
            if len(waiting) == batch_records:
                self._write(waiting)
                waiting = []
        self._write(waiting)

    def _write(self, records: Sequence[SimulatedRecord]) -> None:
        lanes: dict[tuple[str, int], list[SimulatedRecord]] = defaultdict(list)
        for record in records:
            partner = record.topic.rpartition(".")[2]
            lanes[partner, sum(record.key or b"") % PARTITIONS].append(record)
        for (partner, partition), group in sorted(lanes.items()):
            lane = self._lanes.get((partner, partition))
            if lane is None:
                lane = self._lanes[partner, partition] = self.desk.lane(partner, partition)
            self.desk.write(
                lane,
                [
                    Decoded(
                        lane.next_offset + index,
                        decode(partner, record.key, record.headers, record.value),
                        raw_record(record.key, record.value),
                    )
                    for index, record in enumerate(group)
                ],
            )

    @contextmanager
    def transaction(self) -> Iterator[Any]:
        with transaction(self.desk.session) as work:
            yield work

    def settle(self) -> None:
        """What the project service does until nothing is behind."""
        self.rejudge()
        self.add_up()

    def rejudge(self) -> None:
        """Every row follows the catalogue and the package sales end."""
        for partner_id in partners_behind(self.transaction):
            rejudge(self.transaction, partner_id)

    def follow_days(self) -> None:
        """Brings the sums over time up to now."""
        with self.transaction() as work:
            behind = self._follower.behind(work)
        for partner_id in behind:
            step = 1
            while step:
                with self.transaction() as work:
                    step = self._follower.follow(work, partner_id)

    def add_up(self) -> int:
        """Adds up everything queued; returns in how many turns."""
        self.follow_days()
        turns = 0
        while True:
            with self.transaction() as work:
                if not add_up(work):
                    return turns
            turns += 1

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with self.transaction() as work:
            work.execute(query)
            return list(work.fetchall())

    def sums(self) -> Sums:
        """The sums as they are kept."""
        kept = self.rows(
            "SELECT partner_id, package_code, class_code, metric, value, n FROM projections.rollup"
        )
        return {tuple(key): n for *key, n in kept}

    def institution_sums(self) -> Sums:
        """The sums of institutions as they are kept."""
        kept = self.rows(
            "SELECT institution, partner_id, metric, value, n FROM projections.institution_rollup"
        )
        return {tuple(key): n for *key, n in kept}

    def counted_again(self) -> tuple[Sums, Sums]:
        """The sums, of scopes and of institutions, counted from what the ledger has of every row's participant."""
        deltas = Deltas()
        rules = self._rules()
        for partner_id, person, class_codes in self.rows(
            "SELECT partner_id, person, array_agg(class_code) FROM projections.purchased_class GROUP BY 1, 2"
        ):
            laid_down = rules[partner_id]
            with self.transaction() as work:
                known = load_records(work, {partner_id: [person]})[partner_id]
            slices = Slices(known[person].state, laid_down.catalogue)
            for code in class_codes:
                row = class_row(person, code, slices.of(code), laid_down)
                deltas.class_row(partner_id, code, row.package_codes, row.counted, 1)
        for partner_id, *columns in self.rows(
            "SELECT partner_id, package_code, complete, unresolved, after_sales_end, unallocated"
            " FROM projections.purchase"
        ):
            deltas.purchase_row(partner_id, tuple(columns), 1)
        sums: Counter[tuple[Any, ...]] = Counter()
        of_institutions: Counter[tuple[Any, ...]] = Counter()
        for partner_id, counts in deltas.counts().items():
            taught = rules[partner_id].catalogue
            for package_code, class_code, metric, value, n in counts:
                sums[partner_id, package_code, class_code, metric, value] += n
                if not package_code or not class_code:
                    sums[partner_id, "", "", metric, value] += n
                    if metric == Metric.SCORE:
                        sums[partner_id, "", "", Metric.SCORE_HUNDREDTH, hundredth(value)] += n
                    if metric == Metric.TAKEN_SECONDS:
                        sums[partner_id, "", "", Metric.TAKEN_HOURS, value // 3_600] += n
                institution = taught.terms(class_code).institution
                if package_code or institution is None:
                    continue
                place: tuple[int, float] = (metric, value)
                if metric == Metric.SCORE:
                    place = (Metric.SCORE_HUNDREDTH, hundredth(value))
                if metric == Metric.TAKEN_SECONDS:
                    place = (Metric.TAKEN_HOURS, value // 3_600)
                of_institutions[institution, partner_id, *place] += n
                if place[0] < 20 or 40 <= place[0] < 50:
                    of_institutions[institution, 0, *place] += n
        return (
            {key: n for key, n in sums.items() if n},
            {key: n for key, n in of_institutions.items() if n},
        )

    def _rules(self) -> dict[int, Rules]:
        found: dict[int, Rules] = {}
        with self.transaction() as work:
            for partner_id, head in catalogue.heads(work, PARTNER_CODES).items():
                found[partner_id] = Rules(Catalogue(), head[1])
                catalogue.follow(work, partner_id, found[partner_id], *head)
        return found

    def rebuild(self) -> Rebuilt:
        """Rebuilds beside what is live, compares, and switches."""
        return rebuild(self.url, 1, compare=True)


@contextmanager
def kept_on(server: EmbeddedPostgres, name: str) -> Iterator[Kept]:
    """A worker and a projector on an empty database of that name, which is gone afterwards."""
    kept = Kept(server.create_database(name))
    try:
        yield kept
    finally:
        kept.close()
        server.drop_database(name)
