"""The programme's questions, answered in a sentence each: the same on pages, in reports and on the terminal."""

from collections.abc import Mapping
from typing import Any, Final

from services.report.words import number, rupiah, share

PACKAGE_STATES: Final = {
    "complete": "every class was completed",
    "incomplete": "some class was not completed",
    "unresolved": "the package is not published",
}
"""Each package purchase is in exactly one of these states."""

QUESTION: Final = "Was every class that somebody bought completed, and was it assessed?"


def of_classes(of: Mapping[str, Any]) -> str:
    """The answer to the question, from counts of purchased classes."""
    bought = of["purchased"]
    if not bought:
        return "Nobody knows yet: no class was purchased."
    completed, assessed, silent = (of[name] for name in ("completed", "assessed", "never_reported"))
    if completed == assessed == bought:
        return f"Yes: each of {number(bought)} purchased classes was completed and assessed."
    silence = (
        f"on {_counted(silent, bought)} the partner never reported a word"
        if silent
        else "none was passed over in silence"
    )
    return (
        f"No: of {number(bought)} purchased classes {_counted(completed, bought)} were completed and "
        f"{_counted(assessed, bought)} assessed; {silence}."
    )


def of_packages(of: Mapping[str, Any]) -> str:
    """What became of purchases of packages: the three states add up to all of them."""
    sold = of["purchases"]
    if not sold:
        return "No package was bought."
    return (
        f"Of {number(sold)} package purchases {_counted(of['complete'], sold)} are complete, "
        f"{_counted(of['incomplete'], sold)} incomplete and {_counted(of['unresolved'], sold)} unresolved; "
        f"{number(of['after_sales_end'])} of them were sold after the sale of packages had ended."
    )


def of_money_in_short(of: Mapping[str, Any]) -> str:
    """The same as `of_money`, without what it is made of and what is not in it."""
    net = of["net"]
    if not net:
        return ""
    open_ones = net - of["net_by_completion"]["completed"]
    return (
        f"{_worth(open_ones, net)} of {rupiah(net)} paid was for classes that were not completed."
    )


def of_money(of: Mapping[str, Any]) -> str:
    """The auditors' question, answered: what was paid for classes that were not finished. ``of``: the money."""
    net = of["net"]
    if not net:
        return "Nothing is known to have been paid for a class and not refunded."
    by = of["net_by_completion"]
    open_ones = by["in_progress"] + by["never_reported"]
    said = (
        f"Of {rupiah(net)} paid for classes and not refunded, {_worth(open_ones, net)} was for classes that were not "
        f"completed: {rupiah(by['in_progress'])} under way, {rupiah(by['never_reported'])} on which the partner never "
        "reported a word."
    )
    unknown = []
    if of["unallocated"]:
        unknown.append(
            f"{rupiah(of['unallocated'])} paid for packages that are not published, whose classes are not known"
        )
    if of["unpriced"]:
        unknown.append(f"{number(of['unpriced'])} purchased classes of which a price is not known")
    return f"{said} Not in it: {' and '.join(unknown)}." if unknown else said


def package_state(of: Mapping[str, Any]) -> str:
    """The state that an answer's package purchase is in."""
    if of["unresolved"]:
        return "unresolved"
    return "complete" if of["complete"] else "incomplete"


def _counted(part: int, whole: int) -> str:
    return f"{number(part)} ({share(part, whole)})"


def _worth(part: int, whole: int) -> str:
    return f"{rupiah(part)} ({share(part, whole)})"
