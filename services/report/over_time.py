"""The auditors' question month by month: what had been paid and not refunded, by what had become of the class."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from services.report import charts
from services.report.charts import Stack
from services.report.document import Block, Chart, Paragraph, Table
from services.report.words import number, share

STATES: Final = ("completed", "in_progress", "never_reported")
TITLES: Final = ("completed", "in progress", "never reported")
MOST_MONTHS: Final = 24

Standing = dict[str, dict[str, int]]
"""Last day to rupiah by state."""


def months(series: Sequence[Sequence[Mapping[str, Any]]]) -> Standing:
    """What stood at the end of each month over several partners' series, whose first months may differ."""
    found: Standing = {}
    for of_partner in series:
        for period in of_partner:
            standing = found.setdefault(period["last_day"], dict.fromkeys(STATES, 0))
            for state in STATES:
                standing[state] += period["standing"]["money"]["net_by_completion"][state]
    return dict(sorted(found.items())[-MOST_MONTHS:])


def over_time(series: Sequence[Sequence[Mapping[str, Any]]]) -> Iterable[Block]:
    """The section's blocks; none where nothing was paid."""
    standing = {day: of for day, of in months(series).items() if any(of.values())}
    if not standing:
        return
    yield Paragraph(
        "Month by month, as of its last day in Jakarta (or of the report's time): what had been paid by then and not "
        "refunded, by what had become of the class by then. Shares of each month's rupiah."
    )
    title = "Paid and not refunded by the end of each month, by what had become of the class"
    stacks = [Stack(day[:7], [of[state] for state in STATES]) for day, of in standing.items()]
    yield Chart(charts.stacks(stacks, TITLES, title), title)
    yield Table(
        ["Month", "net", *TITLES, "not completed, of net"],
        [
            [
                day[:7],
                number(sum(of.values())),
                *(number(of[state]) for state in STATES),
                share(sum(of.values()) - of["completed"], sum(of.values())),
            ]
            for day, of in standing.items()
        ],
    )
