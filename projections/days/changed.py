"""What days changed in the evaluations of one partner, and in which sums that counts.

A change of one class is one of the class itself, of the partner, and of the institution that teaches the class: of the
one that did so on that day, and where the class moved later, of each one from then on.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from enum import IntEnum
from typing import Final, NamedTuple, TypeAlias

from domain.catalogue import State as Catalogue
from domain.counting import Metric
from domain.median import hundredth
from domain.steps import Change
from domain.watched import Watched
from projections.days.tallies import (
    Key,
    Tally,
    add_encoded,
    add_to,
    encoded,
    is_plain,
    metric_of,
    no_tally,
    packed,
    unpacked,
)
from projections.days.teaching import along, taught_by

EVERYWHERE: Final = 0
"""The partner id under which an institution's plain counts are kept over all partners."""


class Kind(IntEnum):
    """What a row of projections.day_block is about. The numbers stand in storage: never renumber.

    SCOPE: one class, one class within the purchases of one package, or one package. SCOPE_EXACT: the exact scores and
    seconds of these, which medians need. PLAIN is what lists and series show, FURTHER the rest. PARTNER_EXACT: exact
    values by the hundredth, or the hour, that they are in. SILENCE: class codes, how often each was purchased and never
    reported.
    """

    SCOPE = 0
    SCOPE_EXACT = 1
    PARTNER_PLAIN = 2
    PARTNER_FURTHER = 3
    PARTNER_EXACT = 4
    INSTITUTION_PLAIN = 5
    INSTITUTION_FURTHER = 6
    SILENCE = 7


BLOCK_OF: Final = {
    Kind.SCOPE: 3,
    Kind.SCOPE_EXACT: 8,
    Kind.PARTNER_PLAIN: 3,
    Kind.PARTNER_FURTHER: 4,
    Kind.PARTNER_EXACT: 30,
    Kind.INSTITUTION_PLAIN: 3,
    Kind.INSTITUTION_FURTHER: 6,
    Kind.SILENCE: 3,
}
"""A row is about two to the power of so many days."""

CUMULATIVE: Final = frozenset(
    {
        Kind.SCOPE,
        Kind.PARTNER_PLAIN,
        Kind.PARTNER_FURTHER,
        Kind.INSTITUTION_PLAIN,
        Kind.INSTITUTION_FURTHER,
        Kind.SILENCE,
    }
)
"""Kinds whose rows also hold what is counted of everything before: one row says all until any of its days.

Of SCOPE that is so of what is plain, which lists of very many ask for; of the rest the days are added up.
"""

EXACT: Final = frozenset({int(Metric.SCORE), int(Metric.TAKEN_SECONDS)})

PURCHASED, NEVER_REPORTED = "+", "-"
"""What stands before a class code in keys of silences."""


class Sum(NamedTuple):
    """Whose sum: kind, partner id, package code, and class code, institution or range of exact values."""

    kind: int
    partner_id: int
    package_code: str
    code: str


Days: TypeAlias = defaultdict[int, Tally]
Sums: TypeAlias = dict[Sum, Days]
Scope: TypeAlias = tuple[str, str]
"""Package code and class code; either is '' for all."""


class Part(NamedTuple):
    """What one day changed of a class, alone or within a package, or of a package; as bytes."""

    partner_id: int
    package_code: str
    class_code: str
    day: int
    tally: bytes | memoryview


class Changed:
    """What days changed in the evaluations of one partner. ``entries`` counts what was added.

    ``watched``: by person and class what worklists ask of it now; None: nothing.
    """

    def __init__(self, partner_id: int, catalogue: Catalogue) -> None:
        self.partner_id = partner_id
        self.entries = 0
        self.watched: dict[tuple[int, str], Watched | None] = {}
        self._catalogue = catalogue
        self._scopes: defaultdict[Scope, Days] = defaultdict(_no_days)
        self._moved: defaultdict[str, Days] = defaultdict(_no_days)
        self._paths: dict[str, list[tuple[int, str | None]]] = {}

    def add(self, changes: Iterable[Change]) -> None:
        """Adds changes of classes, alone or within a package, and of packages."""
        scopes = self._scopes
        for package_code, class_code, day, metric, value, n in changes:
            self.entries += 1
            scopes[package_code, class_code][day][packed(metric, value)] += n

    def watch(self, person: int, class_code: str, of: Watched | None) -> None:
        """Notes what worklists ask of a class of a participant."""
        self.watched[person, class_code] = of

    def move(self, institution: str, day: int, key: Key, n: int) -> None:
        """Adds something to an institution by itself."""
        self._moved[institution][day][key] += n

    def taught(self, class_code: str) -> list[tuple[int, str | None]]:
        """By whom a class is taught from which day on, in order of days."""
        path = self._paths.get(class_code)
        if path is None:
            path = self._paths[class_code] = taught_by(class_code, self._catalogue)
        return path

    def parts(self) -> Iterator[Part]:
        """Everything that was added, day by day, for `take`. Nothing may have been moved."""
        for (package_code, class_code), days in self._scopes.items():
            for day, tally in days.items():
                if (content := encoded(tally)) is not None:
                    yield Part(self.partner_id, package_code, class_code, day, content)

    def take(self, part: Part) -> None:
        """Adds a part of another one."""
        tally = self._scopes[part.package_code, part.class_code][part.day]
        before = len(tally)
        add_encoded(tally, part.tally)
        self.entries += len(tally) - before

    def sums(self) -> Sums:
        """Everything that is to be added, also to partners and institutions."""
        sums: Sums = defaultdict(_no_days)
        for institution, days in self._moved.items():
            for day, tally in days.items():
                self._add_to_institution(sums, institution, day, divided(tally))
        for (package_code, class_code), days in self._scopes.items():
            of = (self.partner_id, package_code, class_code)
            for day, tally in days.items():
                coarse, exact = no_tally(), no_tally()
                for key, n in tally.items():
                    if n:
                        (exact if metric_of(key) in EXACT else coarse)[key] = n
                if coarse:
                    sums[Sum(Kind.SCOPE, *of)][day] = coarse
                if exact:
                    sums[Sum(Kind.SCOPE_EXACT, *of)][day] = exact
                if (coarse or exact) and not (package_code and class_code):
                    self._add_to_wholes(sums, class_code, day, coarse, exact)
        for of_institution in [of for of in sums if of.kind == Kind.INSTITUTION_PLAIN]:
            sums[of_institution._replace(partner_id=EVERYWHERE)] = sums[of_institution]
        return {of: days for of, days in sums.items() if days}

    def _add_to_wholes(
        self, sums: Sums, class_code: str, day: int, coarse: Tally, exact: Tally
    ) -> None:
        """To the partner, and to the institutions that teach the class."""
        plain, further = divided(coarse)
        for key, n in exact.items():
            metric, of_range = range_of(*unpacked(key))
            further[packed(metric, of_range)] += n
            code = exact_code(metric, of_range)
            sums[Sum(Kind.PARTNER_EXACT, self.partner_id, "", code)][day][key] += n
        of = (self.partner_id, "", "")
        if plain:
            add_to(sums[Sum(Kind.PARTNER_PLAIN, *of)][day], plain)
        if further:
            add_to(sums[Sum(Kind.PARTNER_FURTHER, *of)][day], further)
        if not class_code:
            return
        for since, institution, sign in along(self.taught(class_code), day):
            self._add_to_institution(sums, institution, since, (plain, further), sign)
        silent = sums[Sum(Kind.SILENCE, *of)]
        for key, prefix in ((_PURCHASED, PURCHASED), (_NEVER_REPORTED, NEVER_REPORTED)):
            if n := coarse.get(key, 0):
                silent[day][prefix + class_code] += n

    def _add_to_institution(
        self, sums: Sums, institution: str, day: int, of: tuple[Tally, Tally], sign: int = 1
    ) -> None:
        for kind, tally in zip(_OF_INSTITUTION, of, strict=True):
            if tally:
                add_to(sums[Sum(kind, self.partner_id, "", institution)][day], tally, sign)


def _no_days() -> Days:
    return defaultdict(no_tally)


def divided(tally: Tally) -> tuple[Tally, Tally]:
    """What is plain of a tally, and the rest."""
    plain, further = no_tally(), no_tally()
    for key, n in tally.items():
        (plain if is_plain(metric_of(key)) else further)[key] = n
    return plain, further


def stays(kind: int, tally: Mapping[Key, int]) -> Mapping[Key, int]:
    """What rows of a cumulative kind hold of a tally once its day is before them."""
    if kind != Kind.SCOPE:
        return tally
    return {key: n for key, n in tally.items() if is_plain(metric_of(key))}


def range_of(metric: int, value: float) -> tuple[int, float]:
    """The coarser metric of an exact value, and its value: a hundredth for a score, an hour for seconds."""
    if metric == Metric.SCORE:
        return int(Metric.SCORE_HUNDREDTH), float(hundredth(value))
    return int(Metric.TAKEN_HOURS), value // 3_600


def exact_code(metric: int, value: float) -> str:
    """The code of the sums of exact values within a hundredth or an hour."""
    return f"{int(metric)} {int(value)}"


_OF_INSTITUTION: Final = (Kind.INSTITUTION_PLAIN, Kind.INSTITUTION_FURTHER)
_PURCHASED: Final = packed(Metric.PURCHASED, 0)
_NEVER_REPORTED: Final = packed(Metric.NEVER_REPORTED, 0)
