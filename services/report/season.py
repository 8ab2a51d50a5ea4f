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
from services.report.method import method
from services.report.words import day_and_time, decimal, number, share, words

LEAST_STARTED: Final = 30
"""Purchased classes that were reported on, for an institution to be ranked: of fewer a share says little."""

RANKED: Final = 10

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
        f"Written {day_and_time(made)}",
        f"{number(everything['purchased'])} purchased classes",
    ]
    if of.events_behind:
        facts.append(f"{number(of.events_behind)} events were not in it yet")
    sections = [
        Section("In short", list(_in_short(everything))),
        Section("From purchase to the end", list(_funnel(of.partners, everything))),
        Section("Packages", list(_packages(of.partners, everything))),
        Section("Assessments and reviews", list(_assessments(of.partners, everything))),
        Section("Silence", list(_silence(of.partners, everything))),
        Section("What does not fit together", list(_flags(of.partners, everything))),
        Section("Institutions", list(_institutions(of.institutions))),
        Section("Method", list(method(of, partner=partner, as_of=as_of))),
    ]
    return Document(
        title="Was every class completed, and was it assessed?",
        subtitle=f"Evaluation of the season: {'all partners' if partner is None else PARTNERS[partner]}",
        facts=facts,
        sections=sections,
    )


def _in_short(of: Mapping[str, Any]) -> Iterable[Block]:
    bought = of["purchased"]
    yield Figures(
        [
            Figure("purchased classes", number(bought)),
            Figure("completed", share(of["completed"], bought), number(of["completed"])),
            Figure("assessed", share(of["assessed"], bought), number(of["assessed"])),
            Figure("satisfied", share(of["satisfied"], bought), number(of["satisfied"])),
            Figure(
                "never reported", share(of["never_reported"], bought), number(of["never_reported"])
            ),
        ]
    )
    packages = of["packages"]
    yield Paragraph(
        f"Of {number(bought)} purchased classes, {share(of['completed'], bought)} were reported as completed and "
        f"{share(of['assessed'], bought)} were assessed; of those assessed, "
        f"{share(of['passed'], of['assessed'])} passed. On {share(of['never_reported'], bought)} the partner never "
        "reported a word: that is silence, not failure, and is shown apart. "
        f"Of {number(packages['purchases'])} package purchases, "
        f"{share(packages['complete'], packages['purchases'])} had every one of their classes completed; "
        f"{number(packages['after_sales_end'])} were sold after the sale of packages had ended."
    )


def _funnel(partners: Sequence[Answer], of: Mapping[str, Any]) -> Iterable[Block]:
    bought = of["purchased"]
    drawn = [Bar(name, of[name], number(of[name]), share(of[name], bought)) for name in FUNNEL]
    title = "How many purchased classes came how far, and their share of all"
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


def _packages(partners: Sequence[Answer], of: Mapping[str, Any]) -> Iterable[Block]:
    packages = of["packages"]
    if not packages["purchases"]:
        yield Paragraph("No package was bought.")
        return
    yield Paragraph(
        "One purchase of a package gives several classes. It is complete when every one of them was completed; while "
        "the package is not published its classes are not known, and it is unresolved. Packages bought before the "
        "sales end are followed exactly like all others."
    )
    stacks = [
        Stack(
            each["name"],
            [
                each["packages"]["complete"],
                each["packages"]["purchases"]
                - each["packages"]["complete"]
                - each["packages"]["unresolved"],
                each["packages"]["unresolved"],
            ],
        )
        for each in partners
    ]
    title = "Package purchases by partner: shares, and their number at the end"
    yield Chart(charts.stacks(stacks, ["complete", "incomplete", "unresolved"], title), title)
    rows = [
        _package_row(name, counts)
        for name, counts in [(each["name"], each["packages"]) for each in partners]
    ]
    if len(partners) > 1:
        rows.append(_package_row("All", packages))
    yield Table(
        ["Partner", "purchases", "complete", "share", "unresolved", "after sales end"],
        rows,
        total=len(partners) > 1,
    )


def _package_row(name: str, of: Answer) -> list[str]:
    return [
        name,
        number(of["purchases"]),
        number(of["complete"]),
        share(of["complete"], of["purchases"]),
        number(of["unresolved"]),
        number(of["after_sales_end"]),
    ]


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
            "mean score",
            "median score",
            "gain",
            "mean rating",
            "days to completion",
        ],
        rows,
    )
    yield Paragraph(
        "Passed: share of those assessed. Gain: best result less pre-test, mean. Days: median from the earliest "
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
    title = "Never reported, by age of the purchase"
    yield Chart(charts.bars(drawn, title, most=silent or 1), title)
    rows = [_silence_row(each["name"], each) for each in partners]
    if len(partners) > 1:
        rows.append(_silence_row("All", of))
    yield Table(
        ["Partner", *(words(name) for name, _ in AGES), "all", "of purchased"],
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
    title = "Flagged purchased classes, and their share of all"
    yield Chart(charts.bars(drawn, title), title)
    if len(partners) > 1:
        rows = [
            [each["name"], *(number(each["flags"][flag]) for flag in FLAGS)]
            for each in [*partners, {**of, "name": "All"}]
        ]
        yield Table(["Partner", *(words(flag) for flag in FLAGS)], rows, total=True)


def _institutions(institutions: Sequence[Answer]) -> Iterable[Block]:
    ranked = sorted(
        (each for each in institutions if each["started"] >= LEAST_STARTED),
        key=lambda each: (-each["completed"] / each["started"], each["institution"]),
    )
    yield Paragraph(
        "Institutions by the share completed of the purchased classes that were reported on. Of "
        f"{number(len(institutions))} institutions, {number(len(ranked))} have at least {LEAST_STARTED} of these and "
        "are ranked. The share never reported stands beside it: it is the partners' silence, not the institution's "
        "failure."
    )
    if len(ranked) > 2 * RANKED:
        yield from _ranking(f"The {RANKED} with the highest share", ranked[:RANKED])
        yield from _ranking(f"The {RANKED} with the lowest share", ranked[-RANKED:])
    elif ranked:
        yield from _ranking("From the highest share to the lowest", ranked)


def _ranking(title: str, of: Sequence[Answer]) -> Iterable[Block]:
    drawn = [
        Bar(
            each["institution"],
            each["completed"] / each["started"],
            share(each["completed"], each["started"]),
        )
        for each in of
    ]
    yield Chart(charts.bars(drawn, title, most=1), title)
    yield Table(
        [
            "Institution",
            "classes",
            "purchased",
            "never reported",
            "completed",
            "passed",
            "satisfied",
            "rating",
        ],
        [
            [
                each["institution"],
                number(each["classes"]),
                number(each["purchased"]),
                share(each["never_reported"], each["purchased"]),
                share(each["completed"], each["started"]),
                share(each["passed"], each["assessed"]),
                share(each["satisfied"], each["purchased"]),
                decimal(each["rating_mean"]),
            ]
            for each in of
        ],
    )


def _by_partner(
    partners: Sequence[Answer], of: Mapping[str, Any], columns: Sequence[tuple[str, str]]
) -> Table:
    rows = [[each["name"], *(number(each[name]) for _, name in columns)] for each in partners]
    if len(partners) > 1:
        rows.append(["All", *(number(of[name]) for _, name in columns)])
    return Table(["Partner", *(title for title, _ in columns)], rows, total=len(partners) > 1)
