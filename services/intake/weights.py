"""What a record weighs: how much of a batch it takes, before anybody has looked at what it means.

A usual record weighs 1. A larger one weighs its KiB, and one that reaches many classes their number, since each of them
is a row to write. A batch is bounded by weight, and with it what it costs in time and memory.
"""

from collections.abc import Callable
from typing import Final, TypeAlias

from domain.events import (
    EventVoided,
    Fact,
    PackagePublished,
    PartnerEvent,
    PurchasePaid,
    PurchaseRefunded,
)

BYTES_BITS: Final = 10
"""A weight stands for so many bits of its bytes: for one KiB."""
FEW_CLASSES: Final = 8
"""So many classes are usual."""
REMEMBERED: Final = 50_000
"""So many purchases, and packages, are known by their size; the oldest are forgotten."""

InPackage: TypeAlias = Callable[[str, str], int]
"""Of a partner and a package code: how many classes it has, as far as the catalogue says."""

HEAVY: Final[frozenset[type[Fact]]] = frozenset(
    {PurchasePaid, PurchaseRefunded, PackagePublished, EventVoided}
)
"""The facts that may reach many classes."""


class Weights:
    """Weighs what one process reads, by what it has read before."""

    def __init__(self, in_package: InPackage) -> None:
        """``in_package`` is asked for packages whose publication was not read here."""
        self._in_package = in_package
        self._classes: dict[tuple[str, str, str], int] = {}

    def of_event(self, event: PartnerEvent, weight: int) -> int:
        """The weight of a record that weighs so much by its bytes and holds a fact that is HEAVY."""
        reached = self._reached(event)
        return max(weight, reached) if reached > FEW_CLASSES else weight

    def _reached(self, event: PartnerEvent) -> int:
        """How many classes an event reaches, where that can be known."""
        partner, fact = event.partner, event.fact
        if isinstance(fact, PackagePublished):
            return self._note((partner, "package", fact.package_code), len(fact.class_codes))
        if isinstance(fact, PurchasePaid):
            named = self._named(partner, fact)
            # A payment is looked at with all that were made of its purchase before.
            place = (partner, "purchase", fact.purchase_id)
            reached = self._note(place, named + self._classes.get(place, 0))
            return self._note((partner, "event", event.event_id), reached)
        if isinstance(fact, PurchaseRefunded):
            named = 0 if fact.class_codes is None else len(fact.class_codes)
            reached = self._classes.get((partner, "purchase", fact.purchase_id), 0)
            return self._note((partner, "event", event.event_id), max(named, reached))
        if isinstance(fact, EventVoided):
            return self._classes.get((partner, "event", fact.target_id), 0)
        return 0

    def _named(self, partner: str, fact: PurchasePaid) -> int:
        if fact.items is not None:
            return len(fact.items)
        package_code = fact.package_code or ""
        read_here = self._classes.get((partner, "package", package_code))
        return self._in_package(partner, package_code) if read_here is None else read_here

    def _note(self, place: tuple[str, str, str], classes: int) -> int:
        if len(self._classes) >= REMEMBERED and place not in self._classes:
            del self._classes[next(iter(self._classes))]
        self._classes[place] = classes
        return classes
