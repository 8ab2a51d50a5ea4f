"""Institutions, ranked by what is certain about them."""

from collections.abc import Iterable, Sequence
from typing import Final

from domain.share import FEW
from services.report import charts
from services.report.charts import Bar
from services.report.document import Block, Chart, Paragraph, Table
from services.report.figures import Answer
from services.report.words import decimal, number, percent, share

RANKED: Final = 10

FEW_MARK: Final = " (few)"


def institutions(of: Sequence[Answer]) -> Iterable[Block]:
    """The section. Many are shown from both ends: by what their share is at least, and by what it is at most."""
    ranked = [each for each in of if each["completed_of_started"]]
    yield Paragraph(
        f"Of {number(len(of))} institutions, {number(len(ranked))} teach classes that partners reported anything on. "
        "One denominator holds for every share here: the purchased classes that were reported on. What was never "
        "reported is the partners' silence, not the institution's failure, and is counted beside it."
    )
    if not ranked:
        return
    yield Paragraph(
        "The interval holds the true share 95 times of 100 (Wilson's score interval): institutions whose intervals "
        f"overlap cannot be told apart. Of fewer than {FEW} a share says little; these are marked{FEW_MARK}.",
        quiet=True,
    )
    surely_high = sorted(ranked, key=_lowest_first, reverse=True)
    if len(ranked) > 2 * RANKED:
        surely_low = sorted(ranked, key=_highest_first)
        yield from _ranking(
            f"The {RANKED} whose share is surely high: by the lower end of the interval",
            surely_high[:RANKED],
        )
        yield from _ranking(
            f"The {RANKED} whose share is surely low: by the upper end of the interval",
            surely_low[:RANKED],
        )
    else:
        yield from _ranking("By the lower end of the interval, the highest first", surely_high)


def _lowest_first(of: Answer) -> tuple[float, str]:
    return of["completed_of_started"]["low"], of["institution"]


def _highest_first(of: Answer) -> tuple[float, str]:
    return of["completed_of_started"]["high"], of["institution"]


def _ranking(order: str, of: Sequence[Answer]) -> Iterable[Block]:
    drawn = [
        Bar(
            _name(each),
            each["completed_of_started"]["share"],
            share(each["completed"], each["started"]),
            _interval(each),
        )
        for each in of
    ]
    title = f"Completed, share of those reported on, and its 95 % interval. {order}"
    yield Chart(charts.bars(drawn, title, most=1), title)
    names = ("purchased", "never_reported", "started", "completed", "assessed", "passed")
    yield Table(
        [
            "Institution",
            "purchased",
            "never reported",
            "reported on",
            "completed",
            "assessed",
            "passed",
            "completed, of reported on",
            "mean rating (reviews)",
        ],
        [
            [
                _name(each),
                *(number(each[name]) for name in names),
                share(each["completed"], each["started"]),
                f"{decimal(each['rating_mean'])} ({number(each['reviewed'])})",
            ]
            for each in of
        ],
    )


def _name(of: Answer) -> str:
    name: str = of["institution"]
    return name + FEW_MARK if of["completed_of_started"]["few"] else name


def _interval(of: Answer) -> str:
    ends = of["completed_of_started"]
    return f"{ends['low'] * 100:.1f}–{percent(ends['high'])}"
