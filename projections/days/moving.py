"""Classes that are, or were, taught by other institutions than had been known: their sums move along."""

from collections.abc import Iterable

from domain.catalogue import State as Catalogue
from projections.days.changed import EXACT, Changed, range_of
from projections.days.tallies import days_in, items, packed, unpacked
from projections.days.teaching import along, taught_by
from projections.days.writing import rows_of_class
from projections.storage.cursor import Cursor


def move_classes(
    cursor: Cursor, changed: Changed, class_codes: Iterable[str], before: Catalogue, schema: str
) -> None:
    """Adds what moves between institutions, of all that is summed of some classes.

    ``before``: the catalogue that it was summed by; ``changed`` has the new one.
    """
    for class_code in class_codes:
        old, new = taught_by(class_code, before), changed.taught(class_code)
        if old == new:
            continue
        for _, days in rows_of_class(cursor, changed.partner_id, class_code, schema):
            for day, tally in days_in(days):
                moves = [
                    (since, institution, times * sign)
                    for path, sign in ((old, -1), (new, 1))
                    for since, institution, times in along(path, day)
                ]
                for key, n in items(tally):
                    metric, value = unpacked(key)
                    if metric in EXACT:
                        key = packed(*range_of(metric, value))  # noqa: PLW2901
                    for since, institution, times in moves:
                        changed.move(institution, since, key, n * times)
