"""Looks at participants as they were and as they are, for what that changes in the sums over time."""

from collections.abc import Iterable
from typing import Final

from domain.catalogue import State as Catalogue
from domain.class_evidence import Slices, classes_named
from domain.days import day_of, end_of, midnight_beside
from domain.events import Fact
from domain.marks import key_of
from domain.participant import State, Touched, evolve
from domain.steps import View, class_differences, days_of_terms, purchase_differences, without
from domain.watched import watched
from projections.days.changed import Changed
from projections.status.record import Rules
from projections.storage import facts

ALWAYS: Final = -(1 << 40)
"""A day before everything."""

Told = tuple[int, str, int, str, bytes, int]
"""An event: whose, topic, when (microseconds UTC), event id, fact in MessagePack, and its block in the ledger."""


def beside_midnight(times: Iterable[int]) -> set[int]:
    """The days at whose ends there are midnights beside some times."""
    return {day for time in times if (day := midnight_beside(time)) is not None}


def look_at_all(person: int, state: State, rules: Rules, changed: Changed) -> None:
    """Adds everything that a participant (by number) counts for, of whom nothing is counted yet."""
    touched = (Touched(tuple(state.classes), tuple(state.purchases)),)
    view = View(state, rules.catalogue, rules.package_sales_end)
    _compare(person, None, view, touched, ALWAYS, changed)


def look(person: int, state: State, events: Iterable[Told], rules: Rules, changed: Changed) -> None:
    """Evolves a participant by events, and adds what that changed."""
    withdrawn = dict(state.withdrawn)
    keys: list[int] = []
    touched: list[Touched] = []
    first: int | None = None
    for _, topic, happened, event_id, encoded, _ in events:
        key = key_of(event_id)
        fact: Fact = facts.decode(topic, encoded)
        touched.append(evolve(state, happened, key, fact))
        keys.append(key)
        first = happened if first is None else min(first, happened)
    if first is None:
        return
    after = View(state, rules.catalogue, rules.package_sales_end)
    before = without(after, keys, withdrawn)
    _compare(person, before, after, touched, day_of(first), changed)


def look_again(
    person: int, state: State, before: Rules, after: Rules, since: int, changed: Changed
) -> None:
    """Adds what another catalogue changes of a participant."""
    touched = (Touched(tuple(state.classes), tuple(state.purchases)),)
    old = View(state, before.catalogue, before.package_sales_end)
    new = View(state, after.catalogue, after.package_sales_end)
    _compare(person, old, new, touched, since, changed)


def _compare(
    person: int,
    before: View | None,
    after: View,
    touched: Iterable[Touched],
    since: int,
    changed: Changed,
) -> None:
    """Adds what is counted otherwise of the touched parts, since a day, and what is watched of them now."""
    state = after.state
    class_codes: set[str] = set()
    purchase_ids: set[str] = set()
    slices = Slices(state, after.catalogue)
    for part in touched:
        class_codes.update(part.class_codes)
        purchase_ids.update(part.purchase_ids)
        if part.completion:
            for code in part.class_codes:
                purchase_ids |= slices.package_purchases(code)
    catalogues = [after.catalogue]
    if before is not None and before.catalogue is not after.catalogue:
        catalogues.append(before.catalogue)
    for purchase_id in purchase_ids:
        for known in catalogues:
            class_codes |= classes_named(state.purchases[purchase_id], known)
    for class_code in class_codes:
        changed.add(class_differences(class_code, before, after, since))
        if class_code in state.classes:
            evidence, answer = after.evidence(class_code), after.now(class_code)
            of = watched(class_code, evidence, after.catalogue, answer)
            if of is not None or before is not None:
                changed.watch(person, class_code, of)
    for purchase_id in purchase_ids:
        changed.add(purchase_differences(purchase_id, before, after, since))


def judges_otherwise(class_code: str, before: Catalogue, after: Catalogue) -> bool:
    """Whether the rule of a class is, or at any time was, another one."""
    return _rules_over_time(class_code, before) != _rules_over_time(class_code, after)


def _rules_over_time(class_code: str, known: Catalogue) -> list[tuple[int, str, float]]:
    found: list[tuple[int, str, float]] = []
    held = known.terms(class_code, end_of(ALWAYS))
    rule = (held.move_on, held.mastery_score)
    for day in sorted(days_of_terms(class_code, known)):
        terms = known.terms(class_code, end_of(day))
        if (terms.move_on, terms.mastery_score) != rule:
            rule = (terms.move_on, terms.mastery_score)
            found.append((day, *rule))
    return found
