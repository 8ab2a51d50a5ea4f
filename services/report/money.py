"""What was paid for classes, and what became of them, of every partner and every institution."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from services.language.language import Language
from services.report import charts
from services.report.auditors import by_unfinished, money_header, money_row, unfinished
from services.report.charts import Stack
from services.report.document import Block, Chart, Paragraph, Table
from services.report.figures import Answer
from services.report.sentences import of_money
from services.report.words import share

STATES: Final = ("completed", "in_progress", "never_reported")


def money(
    partners: Sequence[Answer],
    institutions: Sequence[Answer],
    of: Mapping[str, Any],
    language: Language,
) -> Iterable[Block]:
    """The section, from the evaluations of partners and institutions and of all partners together."""
    yield Paragraph(of_money(of["money"], language))
    if not of["money"]["paid"]:
        return
    yield Paragraph(
        language.say(
            "What was paid for a class is the price that its item states, or an even share of what stated prices leave "
            "of a payment's amount. Refunded purchases are taken off. Whether a class was worth its price is not said "
            "here: only how far it was reported to have come. The tables are in rupiah."
        )
    )
    states = [language.words(state) for state in STATES]
    stacks = [
        Stack(each["name"], [each["money"]["net_by_completion"][state] for state in STATES])
        for each in partners
        if each["money"]["net"] > 0
    ]
    title = language.say(
        "Paid and not refunded, by what became of the class: shares of each partner's rupiah"
    )
    yield Chart(charts.stacks(stacks, states, title, language), title)
    rows = [_row(each["name"], each["money"], language) for each in partners]
    if len(partners) > 1:
        rows.append(_row(language.say("All"), of["money"], language))
    yield Table(
        [
            language.say("Partner"),
            language.words("paid"),
            language.words("refunded"),
            language.words("net"),
            *states,
            language.say("not completed, of net"),
            language.say("unpriced classes"),
        ],
        rows,
        total=len(partners) > 1,
    )
    dearest = by_unfinished(institutions)
    if dearest:
        yield Paragraph(
            language.say(
                "Every institution for whose classes something was paid, those with the most rupiah in classes that "
                "were not finished first."
            )
        )
        yield Table(
            money_header(language.say("Institution"), language),
            [money_row(each["institution"], each["money"], language) for each in dearest],
        )


def _row(name: str, of: Mapping[str, Any], language: Language) -> list[str]:
    return [
        name,
        language.number(of["paid"]),
        language.number(of["refunded"]),
        language.number(of["net"]),
        *(language.number(of["net_by_completion"][state]) for state in STATES),
        share(unfinished(of), of["net"], language),
        language.number(of["unpriced"]),
    ]
