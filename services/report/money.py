"""What was paid for classes, and what became of them: the auditors' question, in rupiah."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from services.report import charts
from services.report.charts import Stack
from services.report.document import Block, Chart, Paragraph, Table
from services.report.figures import Answer
from services.report.sentences import of_money
from services.report.words import number, share

STATES: Final = ("completed", "in_progress", "never_reported")
TITLES: Final = ("completed", "in progress", "never reported")


def money(
    partners: Sequence[Answer], institutions: Sequence[Answer], of: Mapping[str, Any]
) -> Iterable[Block]:
    """The section, from the evaluations of partners and institutions and of all partners together."""
    yield Paragraph(of_money(of["money"]))
    if not of["money"]["paid"]:
        return
    yield Paragraph(
        "What was paid for a class is the price that its item states, or an even share of what stated prices leave of "
        "a payment's amount. Refunded purchases are taken off. Whether a class was worth its price is not said here: "
        "only how far it was reported to have come. The tables are in rupiah."
    )
    stacks = [
        Stack(each["name"], [each["money"]["net_by_completion"][state] for state in STATES])
        for each in partners
        if each["money"]["net"] > 0
    ]
    title = "Paid and not refunded, by what became of the class: shares of each partner's rupiah"
    yield Chart(charts.stacks(stacks, TITLES, title), title)
    rows = [_row(each["name"], each["money"]) for each in partners]
    if len(partners) > 1:
        rows.append(_row("All", of["money"]))
    yield Table(
        [
            "Partner",
            "paid",
            "refunded",
            "net",
            *TITLES,
            "not completed, of net",
            "unpriced classes",
        ],
        rows,
        total=len(partners) > 1,
    )
    dearest = sorted(institutions, key=lambda each: (-_open(each["money"]), each["institution"]))
    shown = [each for each in dearest if _open(each["money"])][:20]
    if shown:
        yield Paragraph(
            "The institutions with the most rupiah in classes that were not completed, at most twenty; in rupiah."
        )
        yield Table(
            ["Institution", "net", *TITLES[1:], "not completed, of net"],
            [
                [
                    each["institution"],
                    number(each["money"]["net"]),
                    *(number(each["money"]["net_by_completion"][state]) for state in STATES[1:]),
                    share(_open(each["money"]), each["money"]["net"]),
                ]
                for each in shown
            ],
        )


def _open(of: Mapping[str, Any]) -> int:
    """What was paid, and not refunded, for classes that were not completed."""
    by: Mapping[str, int] = of["net_by_completion"]
    return by["in_progress"] + by["never_reported"]


def _row(name: str, of: Mapping[str, Any]) -> list[str]:
    return [
        name,
        number(of["paid"]),
        number(of["refunded"]),
        number(of["net"]),
        *(number(of["net_by_completion"][state]) for state in STATES),
        share(_open(of), of["net"]),
        number(of["unpriced"]),
    ]
