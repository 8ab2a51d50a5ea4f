"""The classes and packages of one partner: the aggregate behind titles, move-on rules and compositions.

Of several publications of a class the latest ``time`` stands. The composition of a package is that of its earliest
publication; publications with other classes are conflicts and count no more. A publication can be withdrawn: then it
is as if it had never been sent. Everything is kept, so that "as of" can look back, and so are refused conflicts: one
counts once those before it are withdrawn, so that the answer does not depend on what arrived first.
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from operator import attrgetter
from typing import Any, Final, TypeVar

from msgspec import Struct, field

from domain.errors import Reason, Refusal
from domain.events import ClassPublished, Fact, PackagePublished, PartnerEvent
from domain.marks import Mark, Withdrawn, ever_first, first_standing, key_of, stands
from domain.telling import tell
from domain.vocabulary import DEFAULT_MASTERY_SCORE, DEFAULT_MOVE_ON, MoveOn


class ClassTerms(Mark, frozen=True, array_like=True, order=True, gc=False):
    """One publication of a class: what it is called and when it counts as satisfied."""

    title: str | None = None
    institution: str | None = None
    units: int | None = None
    move_on: MoveOn = DEFAULT_MOVE_ON
    mastery_score: float = DEFAULT_MASTERY_SCORE


UNPUBLISHED: Final = ClassTerms(0, 0)
"""The terms of a class that its partner has not published (yet)."""


class PackageTerms(Mark, frozen=True, array_like=True, order=True, gc=False):
    """One publication of a package."""

    title: str = ""
    class_codes: tuple[str, ...] = ()


class Publication(Struct, frozen=True):
    """One publication by its key. ``accepted``: it is stored; else it was refused as a conflict."""

    fact: ClassPublished | PackagePublished
    happened: int
    accepted: bool


_M = TypeVar("_M", bound=Mark)
_K = TypeVar("_K")

NOTHING: Final[frozenset[str]] = frozenset()


class State(Struct):
    """A partner's catalogue: every publication of each code, in order of (happened, key).

    ``withdrawn``: key of a withdrawn event to its earliest withdrawal. What follows from the rest, for finding things:
    ``published`` by key; of each code those that stand now; the publications of a package by the classes they name;
    which classes packages ever had, as far as somebody asked.
    """

    classes: dict[str, list[ClassTerms]] = field(default_factory=dict)
    packages: dict[str, list[PackageTerms]] = field(default_factory=dict)
    withdrawn: dict[int, int] = field(default_factory=dict)
    published: dict[int, Publication] = field(default_factory=dict)
    standing_classes: dict[str, list[ClassTerms]] = field(default_factory=dict)
    standing_packages: dict[str, list[PackageTerms]] = field(default_factory=dict)
    alike: dict[tuple[str, frozenset[str]], list[PackageTerms]] = field(default_factory=dict)
    had: dict[str, frozenset[str]] = field(default_factory=dict)

    def terms(self, class_code: str, as_of: int | None = None) -> ClassTerms:
        """The terms of a class that stand (by ``as_of``, microseconds UTC, when given)."""
        if as_of is None:
            standing = self.standing_classes.get(class_code)
            return standing[-1] if standing else UNPUBLISHED
        latest = _latest(self.classes.get(class_code, ()), self.withdrawn, as_of)
        return UNPUBLISHED if latest is None else latest

    def composition(self, package_code: str, as_of: int | None = None) -> tuple[str, ...] | None:
        """The class codes of a package, or None when it is not known (by ``as_of``)."""
        terms = self._earliest(package_code, as_of)
        return None if terms is None else terms.class_codes

    def package_title(self, package_code: str, as_of: int | None = None) -> str | None:
        """The title of the latest publication with the package's classes; None when it is not known (by ``as_of``)."""
        earliest = self._earliest(package_code, as_of)
        if earliest is None:
            return None
        alike = self.alike[package_code, frozenset(earliest.class_codes)]
        latest = _latest(alike, self.withdrawn, as_of)
        return earliest.title if latest is None else latest.title

    def conflicts(self, package_code: str, as_of: int | None = None) -> list[PackageTerms]:
        """The publications of a package that stand and name other classes than the earliest does (by ``as_of``)."""
        earliest = self._earliest(package_code, as_of)
        return [
            terms
            for terms in self.packages.get(package_code, ())
            if earliest is not None
            and stands(terms, self.withdrawn, as_of)
            and not same_classes(terms, earliest)
        ]

    def ever_in(self, package_code: str) -> AbstractSet[str]:
        """Every class that the package has, or has had as of some time."""
        if package_code not in self.packages:
            return NOTHING
        found = self.had.get(package_code)
        if found is None:
            stood = ever_first(self.packages[package_code], self.withdrawn)
            found = frozenset(code for terms in stood for code in terms.class_codes)
            self.had[package_code] = found
        return found

    def _earliest(self, package_code: str, as_of: int | None) -> PackageTerms | None:
        if as_of is None:
            standing = self.standing_packages.get(package_code)
            return standing[0] if standing else None
        return first_standing(self.packages.get(package_code, ()), self.withdrawn, as_of)


def _latest(marks: Sequence[_M], withdrawn: Withdrawn, as_of: int | None) -> _M | None:
    """The latest that stands (by ``as_of``), of marks in order of time."""
    behind = len(marks) if as_of is None else bisect_right(marks, as_of, key=_happened)
    for index in range(behind - 1, -1, -1):
        if stands(marks[index], withdrawn, as_of):
            return marks[index]
    return None


def copied(state: State) -> State:
    """A state of its own with the same publications, for whoever changes it while others read this one."""
    return State(
        {code: marks[:] for code, marks in state.classes.items()},
        {code: marks[:] for code, marks in state.packages.items()},
        dict(state.withdrawn),
        dict(state.published),
        {code: marks[:] for code, marks in state.standing_classes.items()},
        {code: marks[:] for code, marks in state.standing_packages.items()},
        {name: marks[:] for name, marks in state.alike.items()},
        dict(state.had),
    )


def same_classes(one: PackageTerms, other: PackageTerms) -> bool:
    """Whether two publications name the same classes, in any order."""
    return one.class_codes == other.class_codes or set(one.class_codes) == set(other.class_codes)


def decide(state: State, event: PartnerEvent) -> list[PartnerEvent] | Refusal:
    """The events to store: the event, nothing when it is stored already, or a refusal of another composition."""
    fact = event.fact
    if not isinstance(fact, ClassPublished | PackagePublished):
        raise TypeError(f"not a catalogue fact: {type(fact).__name__}")
    key = key_of(event.event_id)
    held = state.published.get(key)
    if held is not None and held.accepted:
        return []
    if isinstance(fact, PackagePublished) and key not in state.withdrawn:
        standing = state.standing_packages.get(fact.package_code)
        terms = PackageTerms(event.happened, key, fact.title, fact.class_codes)
        if standing and standing[0] < terms and not same_classes(standing[0], terms):
            return Refusal(
                Reason.PACKAGE_CONFLICT,
                tell(
                    "this package code was published with other classes at an earlier time, and the earliest stands: "
                    "publish the new composition under a new package_code, or withdraw the earlier publication with "
                    "event.voided if it was wrong"
                ),
                event.event_id,
            )
    return [event]


def publish(state: State, event: PartnerEvent) -> list[PartnerEvent] | Refusal:
    """`decide` and, unless the event is stored already, `evolve`: also by what is refused."""
    decision = decide(state, event)
    refused = isinstance(decision, Refusal)
    if decision:
        evolve(state, event.happened, key_of(event.event_id), event.fact, accepted=not refused)
    return decision


def evolve(state: State, happened: int, key: int, fact: Fact, *, accepted: bool = True) -> None:
    """Changes ``state`` by one publication, stored or refused; never refuses.

    Under a key that was refused before, another publication takes the place of the refused one.
    """
    if not isinstance(fact, ClassPublished | PackagePublished):
        raise TypeError(f"not a catalogue fact: {type(fact).__name__}")
    before = state.published.get(key)
    if before is not None:
        _take_out(state, key, before)
    state.published[key] = Publication(fact, happened, accepted)
    stand = key not in state.withdrawn
    if isinstance(fact, ClassPublished):
        terms = ClassTerms(
            happened,
            key,
            fact.title,
            fact.institution,
            fact.units,
            fact.move_on,
            fact.mastery_score,
        )
        insort(state.classes.setdefault(fact.class_code, []), terms)
        if stand:
            insort(state.standing_classes.setdefault(fact.class_code, []), terms)
        return
    package = PackageTerms(happened, key, fact.title, fact.class_codes)
    insort(state.packages.setdefault(fact.package_code, []), package)
    insort(state.alike.setdefault((fact.package_code, frozenset(fact.class_codes)), []), package)
    if stand:
        insort(state.standing_packages.setdefault(fact.package_code, []), package)
    state.had.pop(fact.package_code, None)


def withdraw(state: State, happened: int, target_key: int) -> None:
    """Changes ``state`` by the withdrawal of the event with this key, whether it is known here or not (yet)."""
    since = state.withdrawn.get(target_key)
    if since is None or happened < since:
        state.withdrawn[target_key] = happened
    publication = state.published.get(target_key)
    if since is None and publication is not None:
        _stands_no_more(state, target_key, publication)


def _take_out(state: State, key: int, publication: Publication) -> None:
    """Forgets a publication that was refused."""
    if key not in state.withdrawn:
        _stands_no_more(state, key, publication)
    fact, mark = publication.fact, Mark(publication.happened, key)
    if isinstance(fact, ClassPublished):
        _remove(state.classes, fact.class_code, mark)
    else:
        _remove(state.packages, fact.package_code, mark)
        _remove(state.alike, (fact.package_code, frozenset(fact.class_codes)), mark)


def _stands_no_more(state: State, key: int, publication: Publication) -> None:
    fact, mark = publication.fact, Mark(publication.happened, key)
    if isinstance(fact, ClassPublished):
        _remove(state.standing_classes, fact.class_code, mark)
    else:
        _remove(state.standing_packages, fact.package_code, mark)
        state.had.pop(fact.package_code, None)


def _remove(lists: dict[_K, list[Any]], name: _K, mark: Mark) -> None:
    """Takes the mark with this time and key out of a list of marks in their order; an empty list goes."""
    marks = lists[name]
    del marks[bisect_left(marks, (mark.happened, mark.key), key=_place)]
    if not marks:
        del lists[name]


_happened = attrgetter("happened")
_place = attrgetter("happened", "key")
