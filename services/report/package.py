"""The evaluation of one package: its purchases, its classes within them, and what the season says of them."""

from collections.abc import Iterable, Sequence
from typing import Final

from msgspec.structs import replace

from domain.vocabulary import PARTNERS
from services.language.language import Language
from services.report import charts
from services.report.auditors import question
from services.report.charts import Stack
from services.report.course import COUNTS
from services.report.document import Block, Chart, Document, Section, Table
from services.report.figures import Answer, together
from services.report.packages import packages
from services.report.scope import scope
from services.report.sentences import of_packages

PURCHASES: Final = ("purchases", "complete", "incomplete", "unresolved", "after_sales_end")


def package(
    evaluation: Answer, series: Sequence[Answer], *, made: str, language: Language
) -> Document:
    """The report; ``series`` is the package's by month, ``made`` the time of writing (RFC 3339)."""
    say = language.say
    about = evaluation["title"] or evaluation["package_code"]
    counts = {name: evaluation[name] for name in PURCHASES}
    sold = {"name": PARTNERS[evaluation["partner"]], "packages": counts}
    purchases = Section(say("Packages"), list(packages([sold], sold, language)))
    classes = evaluation["classes"]
    if not classes:  # it is not published
        return Document(
            title=question(evaluation["as_of"], language),
            answer=of_packages(counts, language),
            subtitle=say("Evaluation: %(whose)s", whose=about),
            facts=[say("Written %(when)s", when=language.long_moment(made))],
            sections=[purchases],
            language=language.code,
        )
    # Medians do not add up over classes.
    medians = dict.fromkeys(("score_median", "median_days_to_completion"))
    whole = {**together(classes), **sold, **medians, "as_of": evaluation["as_of"]}
    told = scope(about, [whole], [series], made=made, language=language)
    heading = say("Class by class, within purchases of the package")
    by_class = Section(heading, list(_by_class(classes, language)))
    return replace(told, sections=[purchases, by_class, *told.sections])


def _by_class(classes: Sequence[Answer], language: Language) -> Iterable[Block]:
    names = [each["title"] or each["class_code"] for each in classes]
    title = language.say("Classes of the package by state of completion")
    states = [language.words(name) for name in ("completed", "in_progress", "never_reported")]
    stacks = [
        Stack(
            name,
            [each["completed"], each["started"] - each["completed"], each["never_reported"]],
        )
        for name, each in zip(names, classes, strict=True)
    ]
    yield Chart(charts.stacks(stacks, states, title, language), title)
    counted = [
        [*(language.number(each[count]) for count in COUNTS), language.number(each["money"]["net"])]
        for each in classes
    ]
    yield Table(
        [
            language.say("Class"),
            *(language.words(count) for count in COUNTS),
            language.words("net"),
        ],
        [[name, *row] for name, row in zip(names, counted, strict=True)],
    )
