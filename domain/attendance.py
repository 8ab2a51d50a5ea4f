"""At which meetings of a class a participant was, from the reports that stand (contract section 3, "attendance")."""

from collections.abc import Sequence

from msgspec import Struct

from domain.marks import Attendance


class Attended(Struct, frozen=True, gc=False):
    """``sessions`` counts meetings by number; ``minutes`` None: said of none. Times in microseconds UTC."""

    sessions: int = 0
    first_at: int | None = None
    last_at: int | None = None
    minutes: int | None = None


NOWHERE = Attended()


def attended(reports: Sequence[Attendance]) -> Attended:
    """What reports in order of time come to. A meeting that is reported twice counts once, with its most minutes."""
    if not reports:
        return NOWHERE
    minutes: dict[int, int | None] = {}
    for report in reports:
        known = minutes.get(report.session)
        told = report.minutes
        minutes[report.session] = told if known is None else max(known, told or 0)
    said = [each for each in minutes.values() if each is not None]
    return Attended(
        len(minutes), reports[0].happened, reports[-1].happened, sum(said) if said else None
    )
