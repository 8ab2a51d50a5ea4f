"""What is counted as of a time: judged again from what was reported of every participant, streamed.

A participant's state keeps what was withdrawn, and every time; the catalogue keeps every publication. So each class can
say what it was, and what was counted then follows. Participants are read in pages, so that others get their turn; what
stays in memory is the tally and eight bytes a score and a completion, for their exact medians. A session is in one
snapshot.
"""

from array import array
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from msgspec import Struct, field

from domain.answer import Answer
from domain.class_evidence import ClassEvidence
from domain.counting import Counted, Metric, Tally, count_money, counted, parts
from domain.evaluation import Medians, by_metric
from domain.median import mean_of, middle_ranks, nth, scores_of_tenth, seconds_of_day
from projections.reading import package_purchases, purchased_classes
from projections.reading.catalogue import Known
from projections.reading.class_filter import only
from projections.reading.evidence import classes_paid, everybody, of_rows
from projections.reading.people import LOWEST
from projections.reading.purchased_class import answer_of
from projections.reading.session import Session
from projections.status.record import Rules

PAGE_ROWS: Final = 256


class Counting:
    """Purchased classes counted one by one."""

    def __init__(self) -> None:
        self.tally: Tally = Counter()
        self._scores = array("d")
        self._taken_seconds = array("q")

    def add(self, answer: Answer) -> None:
        """Counts an answer, if the class was purchased."""
        of = counted(answer)
        if of is None:
            return
        for metric, value, n in parts(of):
            if metric < Metric.FINE or metric == Metric.SILENT_HOUR:
                self.tally[metric, value] += n
        if of.best_scaled is not None:
            self._scores.append(of.best_scaled)
        if of.taken_seconds is not None:
            self._taken_seconds.append(of.taken_seconds)

    def medians(self) -> Medians:
        """The medians over what was counted."""
        of = by_metric(self.tally)
        return Medians(
            _median(of.get(Metric.SCORE_TENTH, {}), scores_of_tenth, self._scores),
            _median(of.get(Metric.TAKEN_DAYS, {}), seconds_of_day, self._taken_seconds),
        )


def _median(
    coarse: Mapping[float, int],
    values_of: Callable[[float], tuple[float, float]],
    values: Iterable[float],
) -> float | None:
    """The exact median of ``values``, of which only those around it are sorted."""
    middle: list[float] = []
    for rank in middle_ranks(sum(coarse.values())):
        found = nth(coarse, rank)
        low, below = values_of(found.value)
        middle.append(sorted(value for value in values if low <= value < below)[found.rank])
    return mean_of(middle)


class OfPackage(Struct):
    """A package as of a time: how many were bought and what became of them, and its classes one by one."""

    purchases: Tally = field(default_factory=Counter)
    classes: dict[str, Counting] = field(default_factory=dict)


async def of_class(
    session: Session, known: Known, partner_id: int, class_code: str, as_of: int
) -> Counting:
    """One class of one partner."""
    counting = Counting()
    async for _, answer in _answers(session, known.of(partner_id), partner_id, class_code, as_of):
        counting.add(answer)
    return counting


async def of_institution(
    session: Session, known: Known, classes: Iterable[tuple[int, str]], as_of: int
) -> Counting:
    """Some classes, (partner id, class code) each, together."""
    counting = Counting()
    for partner_id, class_code in classes:
        rules = known.of(partner_id)
        async for _, answer in _answers(session, rules, partner_id, class_code, as_of):
            counting.add(answer)
    return counting


async def of_partner(
    session: Session, known: Known, partner_id: int, as_of: int
) -> tuple[Counting, dict[str, tuple[int, int]]]:
    """Everything that one partner sold, and by class code how many were purchased and never reported."""
    counting = Counting()
    by_class: dict[str, tuple[int, int]] = {}
    rules = known.of(partner_id)
    async for class_code, answer in _answers(session, rules, partner_id, None, as_of):
        counting.add(answer)
        if answer.purchases:
            purchased, silent = by_class.get(class_code, (0, 0))
            silent += answer.completion == "never_reported"
            by_class[class_code] = (purchased + 1, silent)
    bought = package_purchases.Filter(partner_ids=(partner_id,))
    async for package in _packages(session, known, bought, as_of):
        _count_package(counting.tally, package)
    return counting, by_class


class Headline:
    """The plain counts, ratings and money of purchased classes counted one by one.

    Most purchased classes are like many others in these, so each is counted under what it has, and that is taken
    apart once.
    """

    def __init__(self) -> None:
        self._alike: Counter[tuple[Any, ...]] = Counter()
        self._money: Tally = Counter()

    def add(self, answer: Answer) -> None:
        """Counts an answer, if the class was purchased."""
        of = counted(answer)
        if of is not None:
            states = (of.refunded, of.completion, of.assessment, of.satisfied)
            self._alike[*states, of.flags, of.rating, of.certified] += 1
            count_money(self._money, of)

    def tally(self) -> Tally:
        """What was counted."""
        tally = Counter(self._money)
        for (refunded, *states, flags, rating, certified), times in self._alike.items():
            completion, assessment, satisfied = states
            one = Counted(
                purchased_at=0,
                refunded=refunded,
                completion=completion,
                assessment=assessment,
                satisfied=satisfied,
                flags=flags,
                best_scaled=None,
                pre_test_scaled=None,
                rating=rating,
                drop_off=None,
                taken_seconds=None,
                certified=certified,
            )
            for metric, value, n in parts(one):
                if metric < Metric.DROP_OFF:
                    tally[metric, value] += n * times
        return tally


async def headline(
    session: Session, known: Known, classes: Iterable[tuple[int, str | None]], as_of: int
) -> Tally:
    """The headline of some classes together: (partner id, class code) each.

    A class code of None stands for everything that the partner sold.
    """
    counting = Headline()
    unallocated = 0
    for partner_id, class_code in classes:
        rules = known.of(partner_id)
        if class_code is None:
            bought = package_purchases.Filter(partner_ids=(partner_id,))
            async for package in _packages(session, known, bought, as_of):
                unallocated += package.money.unallocated
        async for _, answer in _answers(session, rules, partner_id, class_code, as_of):
            counting.add(answer)
    tally = counting.tally()
    if unallocated:
        tally[Metric.UNALLOCATED, 0] = unallocated
    return tally


async def headlines(
    session: Session, known: Known, partner_id: int, as_of: int
) -> dict[str, Tally]:
    """The headline of each class that a partner had sold."""
    by_class: defaultdict[str, Headline] = defaultdict(Headline)
    async for code, answer in _answers(session, known.of(partner_id), partner_id, None, as_of):
        if answer.purchases:
            by_class[code].add(answer)
    return {code: counting.tally() for code, counting in by_class.items()}


async def package_headlines(
    session: Session, known: Known, partner_id: int, as_of: int
) -> dict[str, Tally]:
    """Of each package that a partner had sold, how many and what became of them, with the headline of its classes."""
    sold: defaultdict[str, Tally] = defaultdict(Counter)
    bought = package_purchases.Filter(partner_ids=(partner_id,))
    async for package in _packages(session, known, bought, as_of):
        _count_package(sold[package.package_code], package)
    within: defaultdict[str, Headline] = defaultdict(Headline)
    async for _, answer in _answers(session, known.of(partner_id), partner_id, None, as_of):
        for code in {purchase.package_code for purchase in answer.purchases}:
            if code is not None:
                within[code].add(answer)
    for code, counting in within.items():
        sold[code].update(counting.tally())
    return dict(sold)


def most_silent(by_class: Mapping[str, tuple[int, int]], limit: int) -> list[tuple[str, int, int]]:
    """(class code, purchased, never reported) of so many classes, the most silent first."""
    silent = [(code, *count) for code, count in by_class.items() if count[1]]
    return sorted(silent, key=lambda of: (-of[2], of[0]))[:limit]


async def of_package(
    session: Session, known: Known, partner_id: int, package_code: str, as_of: int
) -> OfPackage:
    """One package of one partner, with the classes of its composition, or of its purchases while that is unknown."""
    found = OfPackage()
    rules = known.of(partner_id)
    bought = package_purchases.Filter(partner_ids=(partner_id,), package_code=package_code)
    named: set[str] = set()
    async for package in _packages(session, known, bought, as_of):
        _count_package(found.purchases, package)
        named.update(of.class_code for of in package.classes)
    composition = rules.catalogue.composition(package_code, as_of)
    for class_code in sorted(named) if composition is None else dict.fromkeys(composition):
        counting = found.classes[class_code] = Counting()
        async for _, answer in _answers(session, rules, partner_id, class_code, as_of):
            if any(purchase.package_code == package_code for purchase in answer.purchases):
                counting.add(answer)
    return found


async def _answers(
    session: Session, rules: Rules, partner_id: int, class_code: str | None, as_of: int
) -> AsyncIterator[tuple[str, Answer]]:
    """(class code, answer) of each row of one class of a partner, or of all (None), with a payment by ``as_of``."""
    if class_code is None:
        rows = _rows_of_everybody(session, rules, partner_id)
    else:
        rows = _rows_of_class(session, rules, partner_id, class_code)
    async for code, held in rows:
        if _was_paid(held, as_of):
            yield code, answer_of(code, held, rules, as_of)


async def _rows_of_class(
    session: Session, rules: Rules, partner_id: int, class_code: str
) -> AsyncIterator[tuple[str, ClassEvidence]]:
    behind: Sequence[Any] = (class_code, LOWEST)
    statement = purchased_classes.SQL["rows"]
    while True:
        rows = await session.fetch(
            statement, partner_id, *behind, class_code, PAGE_ROWS, *only(None)
        )
        kept = [(person, code) for code, person in rows]
        for held in await of_rows(session, partner_id, rules, kept):
            yield class_code, held
        if len(rows) < PAGE_ROWS:
            return
        behind = rows[-1]


async def _rows_of_everybody(
    session: Session, rules: Rules, partner_id: int
) -> AsyncIterator[tuple[str, ClassEvidence]]:
    """Participant by participant, so that each is loaded once; only what was ever paid."""
    async for page in everybody(session, partner_id, rules):
        for person, state in page.states.items():
            for code in classes_paid(state, rules):
                yield code, page.of_class(person, code)


def _was_paid(evidence: ClassEvidence, as_of: int) -> bool:
    """Whether a payment had happened by then: without one nothing was purchased, and nothing is counted."""
    for purchase in evidence.purchases:
        for paid in purchase.paid:
            if paid.happened <= as_of:
                return True
    return False


async def _packages(
    session: Session, known: Known, bought: package_purchases.Filter, as_of: int
) -> AsyncIterator[package_purchases.PackagePurchase]:
    pages = package_purchases.pages(session, known, bought, as_of, None, PAGE_ROWS)
    async for page in pages:
        for _, package in page.items:
            yield package


def _count_package(tally: Tally, package: package_purchases.PackagePurchase) -> None:
    tally[Metric.PACKAGES, 0] += 1
    tally[Metric.PACKAGES_COMPLETE, 0] += package.complete is True
    tally[Metric.PACKAGES_UNRESOLVED, 0] += package.unresolved
    tally[Metric.PACKAGES_AFTER_SALES_END, 0] += package.after_sales_end
    tally[Metric.UNALLOCATED, 0] += package.money.unallocated
