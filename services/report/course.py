"""How far purchased classes came: the funnel, where they stopped, and with which results and reviews."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from services.language.language import Language
from services.report import charts
from services.report.charts import Bar, Stack
from services.report.document import Block, Chart, Paragraph, Table
from services.report.figures import Answer
from services.report.words import share

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

COUNTS: Final = (
    "purchased",
    "never_reported",
    "started",
    "completed",
    "assessed",
    "passed",
    "satisfied",
)


def funnel(
    partners: Sequence[Answer], of: Mapping[str, Any], language: Language
) -> Iterable[Block]:
    """The section, from the partners' evaluations and all of them together."""
    bought = of["purchased"]
    drawn = [
        Bar(
            language.words(name),
            of[name],
            language.number(of[name]),
            share(of[name], bought, language),
        )
        for name in FUNNEL
    ]
    title = language.say("How many purchased classes came how far, and their share of purchased")
    yield Chart(charts.bars(drawn, title, most=bought), title)
    if len(partners) > 1:
        stacks = [Stack(each["name"], _states(each)) for each in partners]
        title = language.say(
            "Completion by partner: shares of its purchased classes, whose number stands at the end"
        )
        states = [language.words(name) for name in ("completed", "in_progress", "never_reported")]
        yield Chart(charts.stacks(stacks, states, title, language), title)
    rows = [[each["name"], *(language.number(each[name]) for name in COUNTS)] for each in partners]
    if len(partners) > 1:
        rows.append([language.say("All"), *(language.number(of[name]) for name in COUNTS)])
    yield Table(
        [language.say("Partner"), *(language.words(name) for name in COUNTS)],
        rows,
        total=len(partners) > 1,
    )
    title = language.say(
        "Where classes under way have stopped: highest reported percent of the way"
    )
    axis = language.say("percent of the way")
    yield Chart(charts.columns(of["drop_off"], TENTHS, title, axis, language), title)
    yield Paragraph(
        language.say(
            "%(count)s more are under way without a percentage. The last tenth holds those who reached the end, or "
            "nearly, but of whom no completion was reported.",
            count=language.number(of["drop_off_without_percent"]),
        ),
        quiet=True,
    )


def assessments(
    partners: Sequence[Answer], of: Mapping[str, Any], language: Language
) -> Iterable[Block]:
    """The section, from the partners' evaluations and all of them together."""
    title = language.say("Best results of post-tests and performance tasks, percent of the scale")
    axis = language.say("percent of the scale")
    yield Chart(charts.columns(of["score_histogram"], TENTHS, title, axis, language), title)
    yield Paragraph(
        language.say(
            "The mean is %(mean)s on a scale from 0 to 1. Where a pre-test is known as well (%(count)s purchased "
            "classes), the best result is %(gain)s above it in the mean.",
            mean=language.number(of["score_mean"]),
            count=language.number(of["gain_count"]),
            gain=language.number(of["gain_mean"]),
        )
    )
    stars = [
        language.ngettext("%(count)s star", "%(count)s stars", int(star)) % {"count": star}
        for star in of["rating_distribution"]
    ]
    title = language.say("Reviews of classes by their rating")
    axis = language.say("rating of the programme")
    counts = list(of["rating_distribution"].values())
    yield Chart(charts.columns(counts, stars, title, axis, language), title)
    yield Table(
        [
            language.say("Partner"),
            language.words("assessed"),
            language.words("passed"),
            language.say("passed, of assessed"),
            language.say("mean score"),
            language.say("median score"),
            language.say("gain"),
            language.say("mean rating"),
            language.say("days to completion"),
        ],
        [_results(each, language) for each in partners],
    )
    yield Paragraph(
        language.say(
            "Gain: best result less pre-test, mean. Days: median from the earliest purchase to the completion."
        ),
        quiet=True,
    )


def _states(of: Answer) -> list[int]:
    return [of["completed"], of["started"] - of["completed"], of["never_reported"]]


def _results(of: Answer, language: Language) -> list[str]:
    return [
        of["name"],
        language.number(of["assessed"]),
        language.number(of["passed"]),
        share(of["passed"], of["assessed"], language),
        *(
            language.number(of[name])
            for name in ("score_mean", "score_median", "gain_mean", "rating_mean")
        ),
        language.number(of["median_days_to_completion"], 1),
    ]
