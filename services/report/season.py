"""The season's evaluation: which figures are told, in which order, and what they mean."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from domain.silence import AGES
from domain.vocabulary import FLAGS, PARTNERS
from services.report import charts
from services.report.charts import Bar, Stack
from services.report.document import (
    Block,
    Chart,
    Document,
    Figure,
    Figures,
    Paragraph,
    Section,
    Table,
)
from services.report.figures import Answer, Gathered, together
from services.report.institutions import institutions
from services.report.known import known, last_recorded
from services.report.method import method
from services.report.money import money
from services.report.over_time import over_time
from services.report.packages import packages
from services.report.sentences import QUESTION, of_classes, of_money_in_short, of_packages
from services.report.words import day_and_time, decimal, number, share, words

TENTHS: Final = [f"{tenth * 10}–{tenth * 10 + 10}" for tenth in range(10)]

FUNNEL: Final = (
    "purchased",
    "started",
    "completed",
    "assessed",
    "passed",
    "satisfied",
    "reviewed",
)


def season(of: Gathered, *, partner: str | None, as_of: str | None, made: str) -> Document:
    """The report; ``as_of`` as it was asked for, ``made`` the time of writing (RFC 3339)."""
    everything = together(of.partners)
    facts = [
        f"What had happened by {day_and_time(of.as_of)}",
        f"Known: all that was recorded up to {last_recorded(of)}",
        f"Written {day_and_time(made)}",
        f"{number(everything['purchased'])} purchased classes",
    ]
    if of.events_behind is None:
        facts.append("Whether records wait in Kafka is not known")
    elif of.events_behind:
        facts.append(f"{number(of.events_behind)} records or changes waited and are not in it")
    sections = [
        Section("In short", list(_in_short(everything))),
        Section("In rupiah", list(money(of.partners, of.institutions, everything))),
        Section("In rupiah, over time", list(over_time(of.series))),
        Section("From purchase to the end", list(_funnel(of.partners, everything))),
        Section("Packages", list(packages(of.partners, everything))),
        Section("Assessments and reviews", list(_assessments(of.partners, everything))),
        Section("Silence", list(_silence(of.partners, everything))),
        Section("What does not fit together", list(_flags(of.partners, everything))),
        Section("Institutions", list(institutions(of.institutions))),
        Section("What was known, and when", list(known(of))),
        Section("Method", list(method(of, partner=partner, as_of=as_of))),
    ]
    return Document(
        title=QUESTION,
        answer=f"{of_classes(everything)} {of_money_in_short(everything['money'])}".strip(),
        subtitle=f"Evaluation of the season: {'all partners' if partner is None else PARTNERS[partner]}",
        facts=facts,
        sections=sections,
    )


def _in_short(of: Mapping[str, Any]) -> Iterable[Block]:
    bought = of["purchased"]
    yield Figures(
        [
            Figure("purchased classes", number(bought)),
            *(
                Figure(
                    words(name), share(of[name], bought), f"{number(of[name])} of {number(bought)}"
                )
                for name in ("completed", "assessed", "passed", "satisfied", "never_reported")
            ),
        ]
    )
    yield Paragraph(
        f"{number(of['passed'])} of {number(bought)} purchased classes ({share(of['passed'], bought)}) were passed; "
        f"that is {share(of['passed'], of['assessed'])} of the {number(of['assessed'])} that were assessed. On "
        f"{number(of['never_reported'])} ({share(of['never_reported'], bought)}) the partner never reported a word: "
        "that is silence, not failure, and is shown apart. " + of_packages(of["packages"])
    )


def _funnel(partners: Sequence[Answer], of: Mapping[str, Any]) -> Iterable[Block]:
    bought = of["purchased"]
    drawn = [Bar(name, of[name], number(of[name]), share(of[name], bought)) for name in FUNNEL]
    title = "How many purchased classes came how far, and their share of purchased"
    yield Chart(charts.bars(drawn, title, most=bought), title)
    if len(partners) > 1:
        stacks = [Stack(each["name"], _states(each)) for each in partners]
        title = (
            "Completion by partner: shares of its purchased classes, whose number stands at the end"
        )
        yield Chart(
            charts.stacks(stacks, ["completed", "in progress", "never reported"], title), title
        )
    names = (
        "purchased",
        "never_reported",
        "started",
        "completed",
        "assessed",
        "passed",
        "satisfied",
    )
    yield _by_partner(partners, of, [(words(name), name) for name in names])
    stopped = of["drop_off"]
    title = "Where classes under way have stopped: highest reported percent of the way"
    yield Chart(charts.columns(stopped, TENTHS, title, "percent of the way"), title)
    yield Paragraph(
        f"{number(of['drop_off_without_percent'])} more are under way without a percentage. The last tenth holds those "
        "who reached the end, or nearly, but of whom no completion was reported.",
        quiet=True,
    )


def _states(of: Answer) -> list[int]:
    return [of["completed"], of["started"] - of["completed"], of["never_reported"]]


def _assessments(partners: Sequence[Answer], of: Mapping[str, Any]) -> Iterable[Block]:
    title = "Best results of post-tests and performance tasks, percent of the scale"
    yield Chart(charts.columns(of["score_histogram"], TENTHS, title, "percent of the scale"), title)
    yield Paragraph(
        f"The mean is {decimal(of['score_mean'])} on a scale from 0 to 1. Where a pre-test is known as well "
        f"({number(of['gain_count'])} purchased classes), the best result is {decimal(of['gain_mean'])} above it in "
        "the mean."
    )
    stars = [f"{star} star{'s' if star != '1' else ''}" for star in of["rating_distribution"]]
    title = "Reviews of classes by their rating"
    yield Chart(
        charts.columns(
            list(of["rating_distribution"].values()), stars, title, "rating of the programme"
        ),
        title,
    )
    rows = [
        [
            each["name"],
            number(each["assessed"]),
            number(each["passed"]),
            share(each["passed"], each["assessed"]),
            decimal(each["score_mean"]),
            decimal(each["score_median"]),
            decimal(each["gain_mean"]),
            decimal(each["rating_mean"]),
            decimal(each["median_days_to_completion"], 1),
        ]
        for each in partners
    ]
    yield Table(
        [
            "Partner",
            "assessed",
            "passed",
            "passed, of assessed",
            "mean score",
            "median score",
            "gain",
            "mean rating",
            "days to completion",
        ],
        rows,
    )
    yield Paragraph(
        "Gain: best result less pre-test, mean. Days: median from the earliest "
        "purchase to the completion.",
        quiet=True,
    )


def _silence(partners: Sequence[Answer], of: Mapping[str, Any]) -> Iterable[Block]:
    yield Paragraph(
        "Purchased classes on which the partner never reported a word, by the age of the purchase. Institution and "
        "partner have a day each to report, so silence up to two days is nothing to remark on."
    )
    silent = of["never_reported"]
    drawn = [
        Bar(
            words(name),
            of["silence"][name],
            number(of["silence"][name]),
            share(of["silence"][name], silent),
        )
        for name, _ in AGES
    ]
    title = "Never reported, by age of the purchase, and their share of all never reported"
    yield Chart(charts.bars(drawn, title, most=silent or 1), title)
    rows = [_silence_row(each["name"], each) for each in partners]
    if len(partners) > 1:
        rows.append(_silence_row("All", of))
    yield Table(
        ["Partner", *(words(name) for name, _ in AGES), "all", "all, of purchased"],
        rows,
        total=len(partners) > 1,
    )
    gaps = [
        each for each in partners if each["sequence"] and each["sequence"]["highest"] is not None
    ]
    if gaps:
        yield Paragraph(
            "Running numbers of partners that number their events: accepted events carry them, or rejected records "
            "only, or they are missing: they never arrived, or in a record that is unreadable (as of the time of "
            "writing)."
        )
        yield Table(
            ["Partner", "accepted", "rejected", "missing", "gaps"],
            [
                [
                    each["name"],
                    *(
                        number(each["sequence"][name])
                        for name in ("received", "rejected", "missing", "gap_count")
                    ),
                ]
                for each in gaps
            ],
        )


def _silence_row(name: str, of: Mapping[str, Any]) -> list[str]:
    return [
        name,
        *(number(of["silence"][age]) for age, _ in AGES),
        number(of["never_reported"]),
        share(of["never_reported"], of["purchased"]),
    ]


def _flags(partners: Sequence[Answer], of: Mapping[str, Any]) -> Iterable[Block]:
    yield Paragraph(
        "A flag marks a purchased class whose evidence does not fit together. It says what to look at, not what "
        "happened."
    )
    bought = of["purchased"]
    drawn = [
        Bar(
            words(flag),
            of["flags"][flag],
            number(of["flags"][flag]),
            share(of["flags"][flag], bought),
        )
        for flag in FLAGS
    ]
    title = "Flagged purchased classes, and their share of purchased"
    yield Chart(charts.bars(drawn, title), title)
    if len(partners) > 1:
        rows = [
            [each["name"], *(number(each["flags"][flag]) for flag in FLAGS)]
            for each in [*partners, {**of, "name": "All"}]
        ]
        yield Table(["Partner", *(words(flag) for flag in FLAGS)], rows, total=True)


def _by_partner(
    partners: Sequence[Answer], of: Mapping[str, Any], columns: Sequence[tuple[str, str]]
) -> Table:
    rows = [[each["name"], *(number(each[name]) for _, name in columns)] for each in partners]
    if len(partners) > 1:
        rows.append(["All", *(number(of[name]) for _, name in columns)])
    return Table(["Partner", *(title for title, _ in columns)], rows, total=len(partners) > 1)
