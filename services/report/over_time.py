"""The auditors' question month by month: what had been paid and not refunded, by what had become of the class."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from services.language.language import Language
from services.report import charts
from services.report.charts import Stack
from services.report.document import Block, Chart, Paragraph, Table
from services.report.words import share

STATES: Final = ("completed", "in_progress", "never_reported")
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


def over_time(series: Sequence[Sequence[Mapping[str, Any]]], language: Language) -> Iterable[Block]:
    """The section's blocks; none where nothing was paid."""
    standing = {day: of for day, of in months(series).items() if any(of.values())}
    if not standing:
        return
    yield Paragraph(
        language.say(
            "Month by month, as of its last day in Jakarta (or of the report's time): what had been paid by then and "
            "not refunded, by what had become of the class by then. Shares of each month's rupiah."
        )
    )
    title = language.say(
        "Paid and not refunded by the end of each month, by what had become of the class"
    )
    states = [language.words(state) for state in STATES]
    stacks = [
        Stack(language.short_month(day), [of[state] for state in STATES])
        for day, of in standing.items()
    ]
    yield Chart(charts.stacks(stacks, states, title, language), title)
    yield Table(
        [
            language.say("Month"),
            language.words("net"),
            *states,
            language.say("not completed, of net"),
        ],
        [
            [
                language.short_month(day),
                language.number(sum(of.values())),
                *(language.number(of[state]) for state in STATES),
                share(sum(of.values()) - of["completed"], sum(of.values()), language),
            ]
            for day, of in standing.items()
        ],
    )
