"""The first page: what was paid for classes that were not attended or not finished, the auditors' question."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import time
from typing import Any, Final

from services.language.instants import WIB, local
from services.language.language import Language
from services.language.marking import to_say
from services.report import charts
from services.report.charts import Stack
from services.report.document import Block, Chart, Figure, Figures, Paragraph, Table
from services.report.figures import Answer, Gathered
from services.report.over_time import months
from services.report.sentences import of_unknown_prices, tells_attendance
from services.report.words import share

MOST_INSTITUTIONS: Final = 5
MOST_MONTHS: Final = 12

UNITS: Final = (
    (10**13, 10**9, to_say("billion rupiah")),
    (10**7, 10**6, to_say("million rupiah")),
    (0, 10**3, to_say("thousand rupiah")),
)
"""From which amount on, what a chart counts in, and its name."""


def question(as_of: str, language: Language) -> str:
    """The title; ``as_of`` as answered. The end of a day in Jakarta is told as the day."""
    at = local(as_of)
    is_day = at.tzinfo is WIB and at.time().replace(microsecond=0) == time(23, 59, 59)
    return language.say(
        "How much was paid for classes that were not attended or not finished by %(when)s?",
        when=language.long_day(at) if is_day else language.long_moment(as_of),
    )


def auditors(of: Gathered, everything: Mapping[str, Any], language: Language) -> Iterable[Block]:
    """The section's blocks."""
    money = everything["money"]
    if not money["paid"]:
        yield Paragraph(language.say("Nothing is known to have been paid for a class."))
        return
    yield Figures(
        [
            _figure(language.say("paid and not refunded"), money["net"], None, language),
            _figure(language.say("not finished"), unfinished(money), money["net"], language),
            _figure(language.say("of it never reported"), _silent(money), money["net"], language),
            _figure(
                language.say("not attended"), money["net_not_attended"], money["net"], language
            ),
        ]
    )
    rows = [money_row(each["name"], each["money"], language) for each in of.partners]
    if len(rows) > 1:
        rows.append(money_row(language.say("All"), money, language))
    yield Table(money_header(language.say("Partner"), language), rows, total=len(rows) > 1)
    yield from _chart(of.series, language)
    dearest = by_unfinished(of.institutions)
    if dearest:
        yield Table(
            money_header(language.say("Institution"), language),
            [
                money_row(each["institution"], each["money"], language)
                for each in dearest[:MOST_INSTITUTIONS]
            ],
        )
    notes = [
        language.say(
            "In rupiah, refunds taken off. Not finished: no completion was reported by then. Not attended: no meeting "
            "of the class was reported as attended; a class without meetings is among these, too. Not known: no "
            "meeting of any class of the row was reported as attended."
        ),
        of_unknown_prices(money, language),
    ]
    if len(dearest) > MOST_INSTITUTIONS:
        notes.append(
            language.say(
                "The institutions are those with the most rupiah in classes not finished; all of them stand below."
            )
        )
    yield Paragraph(" ".join(filter(None, notes)), quiet=True)


def money_header(name: str, language: Language) -> list[str]:
    """The columns of `money_row`."""
    of_net = language.say("of net")
    return [
        name,
        language.words("net"),
        language.say("not finished"),
        of_net,
        language.say("of it never reported"),
        language.say("not attended"),
        of_net,
    ]


def money_row(name: str, of: Mapping[str, Any], language: Language) -> list[str]:
    """One partner or institution: what was paid, and for what that was not finished or attended."""
    return [
        name,
        language.number(of["net"]),
        language.number(unfinished(of)),
        share(unfinished(of), of["net"], language),
        language.number(_silent(of)),
        language.number(of["net_not_attended"]),
        share(of["net_not_attended"], of["net"], language)
        if tells_attendance(of) or not of["net"]
        else language.say("not known"),
    ]


def by_unfinished(institutions: Sequence[Answer]) -> list[Answer]:
    """Institutions of which classes were paid, those with the most rupiah in unfinished ones first."""
    paid = [each for each in institutions if each["money"]["net"]]
    return sorted(paid, key=lambda each: (-unfinished(each["money"]), each["institution"]))


def unfinished(of: Mapping[str, Any]) -> int:
    """What was paid, and not refunded, for classes that were not completed."""
    by: Mapping[str, int] = of["net_by_completion"]
    return by["in_progress"] + by["never_reported"]


def _silent(of: Mapping[str, Any]) -> int:
    silent: int = of["net_by_completion"]["never_reported"]
    return silent


def _figure(name: str, value: int, whole: int | None, language: Language) -> Figure:
    note = language.rupiah(value)
    if whole is not None:
        note = f"{note} ({share(value, whole, language)})"
    return Figure(name, language.short_rupiah(value), note)


def _chart(series: Sequence[Sequence[Answer]], language: Language) -> Iterable[Block]:
    standing = {
        day: [of["in_progress"], of["never_reported"]]
        for day, of in list(months(series).items())[-MOST_MONTHS:]
    }
    most = max(map(sum, standing.values()), default=0)
    if most <= 0:
        return
    _, unit, name = next(each for each in UNITS if most >= each[0])
    title = language.say(
        "Paid for classes not finished by the end of each month, %(unit)s", unit=language.say(name)
    )
    drawn = charts.divided_columns(
        [Stack(language.short_month(day), parts) for day, parts in standing.items()],
        [language.words("in_progress"), language.words("never_reported")],
        [language.number(round(sum(parts) / unit)) for parts in standing.values()],
        title,
    )
    yield Chart(drawn, title)
