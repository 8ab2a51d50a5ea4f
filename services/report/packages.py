"""Purchases of packages: complete, incomplete or unresolved, each exactly one of the three."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from services.language.language import Language
from services.report import charts
from services.report.charts import Stack
from services.report.document import Block, Chart, Paragraph, Table
from services.report.figures import Answer
from services.report.sentences import PACKAGE_STATES, of_packages
from services.report.words import share

STATES: Final = tuple(PACKAGE_STATES)


def packages(
    partners: Sequence[Answer], of: Mapping[str, Any], language: Language
) -> Iterable[Block]:
    """The section, from the partners' evaluations and all of them together."""
    everything = of["packages"]
    yield Paragraph(of_packages(everything, language))
    if not everything["purchases"]:
        return
    yield Paragraph(
        language.say(
            "One purchase of a package gives several classes. It is complete when every one of them was completed, and "
            "incomplete when some class was not; while the package is not published its classes are not known, and it "
            "is unresolved. Packages bought before the sales end are followed exactly like all others."
        )
    )
    states = [language.words(state) for state in STATES]
    stacks = [
        Stack(each["name"], [each["packages"][state] for state in STATES]) for each in partners
    ]
    title = language.say(
        "Package purchases by partner: shares of its package purchases, whose number stands at the end"
    )
    yield Chart(charts.stacks(stacks, states, title, language), title)
    rows = [_row(each["name"], each["packages"], language) for each in partners]
    if len(partners) > 1:
        rows.append(_row(language.say("All"), everything, language))
    yield Table(
        [
            language.say("Partner"),
            language.words("purchases"),
            *states,
            language.say("complete, of purchases"),
            language.say("sold after sales end"),
        ],
        rows,
        total=len(partners) > 1,
    )


def _row(name: str, of: Answer, language: Language) -> list[str]:
    return [
        name,
        *(language.number(of[count]) for count in ("purchases", *STATES)),
        share(of["complete"], of["purchases"], language),
        language.number(of["after_sales_end"]),
    ]
