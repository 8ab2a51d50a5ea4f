"""Institutions, ranked by what is certain about them."""

from collections.abc import Iterable, Sequence
from typing import Final

from domain.share import FEW
from services.language.language import Language
from services.report import charts
from services.report.charts import Bar
from services.report.document import Block, Chart, Paragraph, Table
from services.report.figures import Answer
from services.report.words import share

RANKED: Final = 10


def institutions(of: Sequence[Answer], language: Language) -> Iterable[Block]:
    """The section. Many are shown from both ends: by what their share is at least, and by what it is at most."""
    ranked = [each for each in of if each["completed_of_started"]]
    yield Paragraph(
        language.say(
            "Of %(all)s institutions, %(ranked)s teach classes that partners reported anything on. One denominator "
            "holds for every share here: the purchased classes that were reported on. What was never reported is the "
            "partners' silence, not the institution's failure, and is counted beside it.",
            all=language.number(len(of)),
            ranked=language.number(len(ranked)),
        )
    )
    if not ranked:
        return
    yield Paragraph(
        language.say(
            "The interval holds the true share 95 times of 100 (Wilson's score interval): institutions whose intervals "
            "overlap cannot be told apart. Of fewer than %(few)s a share says little; these are marked%(mark)s.",
            few=FEW,
            mark=_few_mark(language),
        ),
        quiet=True,
    )
    surely_high = sorted(ranked, key=_lowest_first, reverse=True)
    if len(ranked) > 2 * RANKED:
        surely_low = sorted(ranked, key=_highest_first)
        high = language.say(
            "The %(count)s whose share is surely high: by the lower end of the interval",
            count=RANKED,
        )
        low = language.say(
            "The %(count)s whose share is surely low: by the upper end of the interval",
            count=RANKED,
        )
        yield from _ranking(high, surely_high[:RANKED], language)
        yield from _ranking(low, surely_low[:RANKED], language)
    else:
        order = language.say("By the lower end of the interval, the highest first")
        yield from _ranking(order, surely_high, language)


def _lowest_first(of: Answer) -> tuple[float, str]:
    return of["completed_of_started"]["low"], of["institution"]


def _highest_first(of: Answer) -> tuple[float, str]:
    return of["completed_of_started"]["high"], of["institution"]


def _ranking(order: str, of: Sequence[Answer], language: Language) -> Iterable[Block]:
    drawn = [
        Bar(
            _name(each, language),
            each["completed_of_started"]["share"],
            share(each["completed"], each["started"], language),
            _interval(each, language),
        )
        for each in of
    ]
    title = language.say(
        "Completed, share of those reported on, and its interval (95 of 100). %(order)s",
        order=order,
    )
    yield Chart(charts.bars(drawn, title, most=1), title)
    yield Table(
        [
            language.say("Institution"),
            language.words("purchased"),
            language.words("never_reported"),
            language.say("reported on"),
            *(language.words(name) for name in ("completed", "assessed", "passed")),
            language.say("completed, of reported on"),
            language.say("mean rating (reviews)"),
        ],
        [_row(each, language) for each in of],
    )


def _row(of: Answer, language: Language) -> list[str]:
    names = ("purchased", "never_reported", "started", "completed", "assessed", "passed")
    return [
        _name(of, language),
        *(language.number(of[name]) for name in names),
        share(of["completed"], of["started"], language),
        f"{language.number(of['rating_mean'])} ({language.number(of['reviewed'])})",
    ]


def _name(of: Answer, language: Language) -> str:
    name: str = of["institution"]
    return name + _few_mark(language) if of["completed_of_started"]["few"] else name


def _few_mark(language: Language) -> str:
    return f" ({language.gettext('few')})"


def _interval(of: Answer, language: Language) -> str:
    ends = of["completed_of_started"]
    low = language.percent(ends["low"]).removesuffix("%")
    return f"{low}–{language.percent(ends['high'])}"
