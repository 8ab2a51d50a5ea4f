"""By which institutions a class is, or was, taught, and where its changes count."""

from collections.abc import Iterable, Iterator

from domain.catalogue import State as Catalogue
from domain.days import end_of
from domain.steps import days_of_terms


def taught_by(class_code: str, catalogue: Catalogue) -> list[tuple[int, str | None]]:
    """By whom a class is taught from which day on, in order of days."""
    path: list[tuple[int, str | None]] = []
    before: str | None = None
    for day in sorted(days_of_terms(class_code, catalogue)):
        institution = catalogue.terms(class_code, end_of(day)).institution
        if institution != before:
            path.append((day, institution))
            before = institution
    return path


def along(path: Iterable[tuple[int, str | None]], day: int) -> Iterator[tuple[int, str, int]]:
    """Where a change of a day counts: from which day on, the institution, and 1, or −1 where the class left it."""
    held: str | None = None
    since = day
    for moved, institution in path:
        if moved <= day:
            held = institution
            continue
        if held is not None:
            yield since, held, 1
            yield moved, held, -1
        held, since = institution, moved
    if held is not None:
        yield since, held, 1
