"""What evaluations count of a purchased class, day by day: a step function of when things happened.

At the end of each day a purchased class counts as something (domain/counting.py), and between the days on which
something happened that concerns it, it counts as the same. So what is counted over time is kept as what each day
changed. When more becomes known, old steps become new ones: `differences` says by what.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, NamedTuple, TypeAlias

from msgspec import Struct, field

from domain.answer import Answer, judge
from domain.catalogue import State as Catalogue
from domain.class_evidence import ClassEvidence, Slices, classes_named
from domain.counting import Metric, Part, counted, parts
from domain.days import day_of, end_of
from domain.marks import Mark, Withdrawn, first_standing
from domain.package_purchase import contents_of
from domain.participant import State

NEVER_HAPPENED: Final = -(1 << 62)
"""As the time of a withdrawal: what it withdraws has never stood."""

Change: TypeAlias = tuple[str, str, int, int, float, int]
"""Package code, class code, day, metric, value, and how much more often it is counted from that day on."""

Counts: TypeAlias = Mapping[str, frozenset[Part]]
"""What is counted: by package code, '' for the class or package by itself."""

NOTHING: Final[Counts] = {}
NO_PARTS: Final[frozenset[Part]] = frozenset()


class View(Struct):
    """What is known of one participant, and by which rules it is judged."""

    state: State
    catalogue: Catalogue
    package_sales_end: int
    slices: Slices | None = None
    answers: dict[str, Answer] = field(default_factory=dict)

    def now(self, class_code: str) -> Answer:
        """The answer of now about one class."""
        found = self.answers.get(class_code)
        if found is None:
            evidence = self.evidence(class_code)
            found = judge(class_code, evidence, self.catalogue, self.package_sales_end)
            self.answers[class_code] = found
        return found

    def evidence(self, class_code: str) -> ClassEvidence:
        """Everything about one class."""
        if self.slices is None:
            self.slices = Slices(self.state, self.catalogue, whole=True)
        return self.slices.of(class_code)


def without(view: View, keys: Iterable[int], withdrawn: Withdrawn) -> View:
    """The view as it was before some events, when ``withdrawn`` was what had been withdrawn."""
    state = view.state
    before = dict(withdrawn)
    before.update(dict.fromkeys(keys, NEVER_HAPPENED))
    earlier = State(
        state.classes, state.purchases, before, state.known, state.naming, state.bundles
    )
    return View(earlier, view.catalogue, view.package_sales_end)


class Course(NamedTuple):
    """How something counts over time: the days on which that may change, and what it is as of a time (None: now)."""

    days: set[int]
    at: Callable[[int | None], Counts]


NO_COURSE: Final = Course(set(), lambda _: NOTHING)


def class_differences(
    class_code: str, before: View | None, after: View | None, since: int
) -> Iterator[Change]:
    """What is counted otherwise of one class. Nothing that the two differ in has an effect before the day ``since``."""
    old, new = _course_of_class(class_code, before), _course_of_class(class_code, after)
    return (
        (package_code, class_code, day, metric, value, n)
        for package_code, day, metric, value, n in differences(old, new, since)
    )


def purchase_differences(
    purchase_id: str, before: View | None, after: View | None, since: int
) -> Iterator[Change]:
    """The same of one purchase, as far as it is one of a package."""
    old, new = _course_of_purchase(purchase_id, before), _course_of_purchase(purchase_id, after)
    return (
        (package_code, "", day, metric, value, n)
        for package_code, day, metric, value, n in differences(old, new, since)
    )


def differences(old: Course, new: Course, since: int) -> Iterator[tuple[str, int, int, float, int]]:
    """Package code, day, metric, value and how much more often: what the day changes in ``new`` beyond ``old``."""
    days_of = [sorted(day for day in course.days if day >= since) for course in (old, new)]
    if not any(days_of):
        return
    changed: defaultdict[tuple[str, int, int, float], int] = defaultdict(int)
    if days_of[0] == days_of[1] and len(days_of[0]) == 1:  # nearly every event
        _add_step(changed, days_of[0][0], old.at(None), new.at(None), 1)
        for (package_code, day, metric, value), n in changed.items():
            yield package_code, day, metric, value, n
        return
    base = _base(old, new, days_of, since)
    for course, days, times in ((old, days_of[0], -1), (new, days_of[1], 1)):
        before = base
        for day in days:
            # Nothing happens behind the last day, and what is so now is told most quickly.
            counts = course.at(None if day == days[-1] else end_of(day))
            if counts != before:
                _add_step(changed, day, before, counts, times)
                before = counts
    for (package_code, day, metric, value), n in changed.items():
        if n:
            yield package_code, day, metric, value, n


def moves(
    view: View,
    class_codes: Iterable[str],
    purchase_ids: Iterable[str],
    instants: tuple[int, int],
    day: int,
) -> Iterator[Change]:
    """By what the counts as of the second instant are more than as of the first one, as changes of a day."""
    first, second = instants
    courses = [(code, _course_of_class(code, view)) for code in class_codes]
    courses += [("", _course_of_purchase(purchase_id, view)) for purchase_id in purchase_ids]
    for class_code, course in courses:
        before, after = course.at(first), course.at(second)
        if before == after:
            continue
        changed: defaultdict[tuple[str, int, int, float], int] = defaultdict(int)
        _add_step(changed, day, before, after, 1)
        for (package_code, _, metric, value), n in changed.items():
            yield package_code, class_code, day, metric, value, n


def _base(old: Course, new: Course, days_of: list[list[int]], since: int) -> Counts:
    """What both count before the day ``since``; anything where that makes no difference."""
    if days_of[0][:1] == days_of[1][:1]:
        return NOTHING
    for course, days in zip((old, new), days_of, strict=True):
        if not days:
            return course.at(None) if course.days else NOTHING
    course = old if len(old.days) > len(days_of[0]) else new
    return course.at(end_of(since - 1)) if min(course.days) < since else NOTHING


def _add_step(
    changed: defaultdict[tuple[str, int, int, float], int],
    day: int,
    before: Counts,
    counts: Counts,
    times: int,
) -> None:
    for package_code in before.keys() | counts.keys():
        was, now = before.get(package_code, NO_PARTS), counts.get(package_code, NO_PARTS)
        for metric, value, n in now - was:
            changed[package_code, day, metric, value] += n * times
        for metric, value, n in was - now:
            changed[package_code, day, metric, value] -= n * times


def _course_of_class(class_code: str, view: View | None) -> Course:
    evidence = None if view is None else view.evidence(class_code)
    if view is None or evidence is None or (evidence.record is None and not evidence.purchases):
        return NO_COURSE

    def at(as_of: int | None) -> Counts:
        if as_of is None:
            answer = view.now(class_code)
        else:
            answer = judge(class_code, evidence, view.catalogue, view.package_sales_end, as_of)
        of = counted(answer)
        if of is None:
            return NOTHING
        found = frozenset(parts(of))
        counts = {"": found}
        for purchase in answer.purchases:
            if purchase.package_code is not None:
                counts[purchase.package_code] = found
        return counts

    return Course(_days_of_class(class_code, evidence, view.catalogue), at)


def _course_of_purchase(purchase_id: str, view: View | None) -> Course:
    purchase = None if view is None else view.state.purchases.get(purchase_id)
    if view is None or purchase is None:
        return NO_COURSE
    if not any(paid.package_code is not None for paid in purchase.paid):
        return NO_COURSE
    state, catalogue, sales_end = view.state, view.catalogue, view.package_sales_end

    def at(as_of: int | None) -> Counts:
        contents = contents_of(purchase, state.withdrawn, catalogue, as_of)
        if contents is None or contents.package_code is None:
            return NOTHING

        def is_completed(class_code: str) -> bool:
            record = state.classes.get(class_code)
            marks = (record.completed if record is not None else None) or ()
            return first_standing(marks, state.withdrawn, as_of) is not None

        found: list[Part] = [(int(Metric.PACKAGES), 0.0, 1)]
        if contents.is_complete(contents.missing(is_completed)):
            found.append((int(Metric.PACKAGES_COMPLETE), 0.0, 1))
        if contents.unresolved:
            found.append((int(Metric.PACKAGES_UNRESOLVED), 0.0, 1))
        if contents.purchased_at >= sales_end:
            found.append((int(Metric.PACKAGES_AFTER_SALES_END), 0.0, 1))
        if contents.unallocated:
            found.append((int(Metric.UNALLOCATED), 0.0, contents.unallocated))
        return {contents.package_code: frozenset(found)}

    days = _days_of_marks(purchase.paid, state.withdrawn)
    for code in classes_named(purchase, catalogue):
        if (record := state.classes.get(code)) is not None:
            days |= _days_of_marks(record.completed or (), state.withdrawn)
    for paid in purchase.paid:
        if paid.class_codes is None and paid.package_code is not None:
            days |= days_of_package(paid.package_code, catalogue)
    return Course(days, at)


def _days_of_class(class_code: str, evidence: ClassEvidence, catalogue: Catalogue) -> set[int]:
    days: set[int] = set()
    withdrawn = evidence.withdrawn
    if evidence.record is not None:
        for marks in evidence.record.lists():
            for mark in marks:
                if not withdrawn or withdrawn.get(mark.key) != NEVER_HAPPENED:
                    days.add(day_of(mark.happened))
    for bought in evidence.purchases:
        for paid in bought.paid:
            if withdrawn and withdrawn.get(paid.key) == NEVER_HAPPENED:
                continue
            days.add(day_of(paid.happened))
            if paid.names is None and paid.package_code is not None:
                days |= days_of_package(paid.package_code, catalogue)
        for refund in bought.refunds:
            if not withdrawn or withdrawn.get(refund.key) != NEVER_HAPPENED:
                days.add(day_of(refund.happened))
    if not days:
        return days
    days.update(day_of(since) for since in withdrawn.values() if since != NEVER_HAPPENED)
    return days | days_of_terms(class_code, catalogue)


def days_of_package(package_code: str, catalogue: Catalogue) -> set[int]:
    """The days on which what a package consists of may change."""
    return _days_of_marks(catalogue.packages.get(package_code, ()), catalogue.withdrawn)


def days_of_terms(class_code: str, catalogue: Catalogue) -> set[int]:
    """The days on which the terms of a class may change."""
    return _days_of_marks(catalogue.classes.get(class_code, ()), catalogue.withdrawn)


def _days_of_marks(marks: Iterable[Mark], withdrawn: Withdrawn) -> set[int]:
    days: set[int] = set()
    for mark in marks:
        days.add(day_of(mark.happened))
        if withdrawn:
            since = withdrawn.get(mark.key, NEVER_HAPPENED)
            if since != NEVER_HAPPENED:
                days.add(day_of(since))
    return days
