"""The classes and packages of one partner: the aggregate behind titles, move-on rules and compositions.

Of several publications of a class the latest ``time`` stands. The composition of a package is fixed by the first
publication that is accepted; its title may change. Every publication is kept, so that "as of" can look back.
"""

from bisect import insort

from msgspec import Struct, field

from domain.errors import Reason, Refusal
from domain.events import ClassPublished, Fact, PackagePublished, PartnerEvent
from domain.participant import Mark, key_of
from domain.vocabulary import DEFAULT_MASTERY_SCORE, DEFAULT_MOVE_ON


class ClassTerms(Mark, frozen=True, array_like=True, order=True, gc=False):
    """One publication of a class: what it is called and when it counts as satisfied."""

    title: str | None = None
    institution: str | None = None
    units: int | None = None
    move_on: str = DEFAULT_MOVE_ON
    mastery_score: float = DEFAULT_MASTERY_SCORE


UNPUBLISHED = ClassTerms(0, 0)
"""The terms of a class that its partner has not published (yet)."""


class PackageTerms(Mark, frozen=True, array_like=True, order=True, gc=False):
    """One publication of a package."""

    title: str = ""
    class_codes: tuple[str, ...] = ()


class State(Struct):
    """A partner's catalogue: every publication of each code, in order of (happened, key)."""

    classes: dict[str, list[ClassTerms]] = field(default_factory=dict)
    packages: dict[str, list[PackageTerms]] = field(default_factory=dict)

    def terms(self, class_code: str, as_of: int | None = None) -> ClassTerms:
        """The terms of a class that stand (by ``as_of``, microseconds UTC, when given)."""
        for terms in reversed(self.classes.get(class_code, ())):
            if as_of is None or terms.happened <= as_of:
                return terms
        return UNPUBLISHED

    def package(self, package_code: str, as_of: int | None = None) -> PackageTerms | None:
        """The package as it stands (by ``as_of``), or None when it is not known."""
        for terms in reversed(self.packages.get(package_code, ())):
            if as_of is None or terms.happened <= as_of:
                return terms
        return None

    def composition(self, package_code: str, as_of: int | None = None) -> tuple[str, ...] | None:
        """The class codes of a package, or None when it is not known (by ``as_of``)."""
        terms = self.package(package_code, as_of)
        return None if terms is None else terms.class_codes


def decide(state: State, event: PartnerEvent) -> list[PartnerEvent] | Refusal:
    """The events to store: the event, nothing when the state holds it, or a refusal of another composition."""
    fact = event.fact
    key = key_of(event.event_id)
    if isinstance(fact, PackagePublished):
        known = state.packages.get(fact.package_code, [])
        if any(terms.key == key for terms in known):
            return []
        if known and set(known[0].class_codes) != set(fact.class_codes):
            return Refusal(
                Reason.PACKAGE_CONFLICT,
                "this package code is already published with other classes; the composition of a code is fixed: "
                "publish the new composition under a new package_code",
                event.event_id,
            )
        return [event]
    if isinstance(fact, ClassPublished):
        return [] if any(t.key == key for t in state.classes.get(fact.class_code, ())) else [event]
    raise TypeError(f"not a catalogue fact: {type(fact).__name__}")


def evolve(state: State, event: PartnerEvent) -> None:
    """Changes ``state`` by one publication; never refuses."""
    publish(state, event.happened, key_of(event.event_id), event.fact)


def publish(state: State, happened: int, key: int, fact: Fact) -> None:
    """Adds one publication to ``state``."""
    if isinstance(fact, ClassPublished):
        terms = ClassTerms(
            happened,
            key,
            None,
            fact.title,
            fact.institution,
            fact.units,
            fact.move_on,
            fact.mastery_score,
        )
        insort(state.classes.setdefault(fact.class_code, []), terms)
    elif isinstance(fact, PackagePublished):
        package = PackageTerms(happened, key, None, fact.title, fact.class_codes)
        insort(state.packages.setdefault(fact.package_code, []), package)
