"""The programme's questions, answered in a sentence each: the same on pages, in reports and on the terminal."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from services.language.language import Language
from services.language.marking import to_say
from services.report.words import share

PACKAGE_STATES: Final = {
    "complete": to_say("every class was completed"),
    "incomplete": to_say("some class was not completed"),
    "unresolved": to_say("the package is not published"),
}
"""Each package purchase is in exactly one of these states."""

QUESTION: Final = to_say("Was every class that somebody bought completed, and was it assessed?")


def of_classes(of: Mapping[str, Any], language: Language) -> str:
    """The answer to the question, from counts of purchased classes."""
    bought = of["purchased"]
    if not bought:
        return language.say("Nobody knows yet: no class was purchased.")
    if of["completed"] == of["assessed"] == bought:
        return language.say(
            "Yes: each of %(bought)s purchased classes was completed and assessed.",
            bought=language.number(bought),
        )
    text = (
        to_say(
            "No: of %(bought)s purchased classes %(completed)s were completed and %(assessed)s assessed; "
            "on %(silent)s the partner never reported a word."
        )
        if of["never_reported"]
        else to_say(
            "No: of %(bought)s purchased classes %(completed)s were completed and %(assessed)s assessed; "
            "none was passed over in silence."
        )
    )
    return language.say(
        text,
        bought=language.number(bought),
        completed=_counted(of["completed"], bought, language),
        assessed=_counted(of["assessed"], bought, language),
        silent=_counted(of["never_reported"], bought, language),
    )


def of_packages(of: Mapping[str, Any], language: Language) -> str:
    """What became of purchases of packages: the three states add up to all of them."""
    sold = of["purchases"]
    if not sold:
        return language.say("No package was bought.")
    return language.say(
        "Of %(sold)s package purchases %(complete)s are complete, %(incomplete)s incomplete and %(unresolved)s "
        "unresolved; %(after)s of them were sold after the sale of packages had ended.",
        sold=language.number(sold),
        **{state: _counted(of[state], sold, language) for state in PACKAGE_STATES},
        after=language.number(of["after_sales_end"]),
    )


def of_money_in_short(net: int, completed: int, language: Language) -> str:
    """The same as `of_money`, without what it is made of and what is not in it; empty where nothing was paid."""
    if not net:
        return ""
    return language.say(
        "%(open)s (%(share)s) of %(net)s paid was for classes that were not completed.",
        open=language.rupiah(net - completed),
        share=share(net - completed, net, language),
        net=language.rupiah(net),
    )


def of_money(of: Mapping[str, Any], language: Language) -> str:
    """The auditors' question, answered: what was paid for classes that were not finished. ``of``: the money."""
    return " ".join(filter(None, (of_paid(of, language), of_unknown_prices(of, language))))


def of_paid(of: Mapping[str, Any], language: Language) -> str:
    """As `of_money`, without what is not in it."""
    net = of["net"]
    if not net:
        return language.say("Nothing is known to have been paid for a class and not refunded.")
    by = of["net_by_completion"]
    return language.say(
        "Of %(net)s paid for classes and not refunded, %(open)s was for classes that were not completed: "
        "%(in_progress)s under way, %(never_reported)s on which the partner never reported a word.",
        net=language.rupiah(net),
        open=_worth(by["in_progress"] + by["never_reported"], net, language),
        in_progress=language.rupiah(by["in_progress"]),
        never_reported=language.rupiah(by["never_reported"]),
    )


def of_unknown_prices(of: Mapping[str, Any], language: Language) -> str:
    """What is in no amount: packages that are not published, classes without a price; empty where all is known."""
    said = []
    if of["unallocated"]:
        said.append(
            language.say(
                "Not in it: %(amount)s paid for packages that are not published, whose classes are not known.",
                amount=language.rupiah(of["unallocated"]),
            )
        )
    if of["unpriced"]:
        said.append(
            language.say(
                "Not in it: %(count)s purchased classes of which a price is not known.",
                count=language.number(of["unpriced"]),
            )
        )
    return " ".join(said)


def of_attendance(
    of: Mapping[str, Any], of_each: Sequence[Mapping[str, Any]], language: Language
) -> str:
    """The other half of the auditors' question: what was paid for classes that nobody attended.

    ``of_each``: the money of each partner that ``of`` is the sum of.
    """
    net = of["net"]
    if not net:
        return ""
    said = language.say(
        "%(amount)s was for classes of which no meeting is known to have been attended.",
        amount=_worth(of["net_not_attended"], net, language),
    )
    unknown = sum(each["net"] for each in of_each if not tells_attendance(each))
    if not unknown:
        return said
    silent = language.say(
        "%(amount)s of it was paid at partners that reported no attendance at all: who was there is not known.",
        amount=language.rupiah(unknown),
    )
    return f"{said} {silent}"


def tells_attendance(of: Mapping[str, Any]) -> bool:
    """Whether any of what was paid is known to have been for a class of which a meeting was attended."""
    return bool(of["net_attended"])


def package_state(of: Mapping[str, Any]) -> str:
    """The state that an answer's package purchase is in."""
    if of["unresolved"]:
        return "unresolved"
    return "complete" if of["complete"] else "incomplete"


def _counted(part: int, whole: int, language: Language) -> str:
    return f"{language.number(part)} ({share(part, whole, language)})"


def _worth(part: int, whole: int, language: Language) -> str:
    return f"{language.rupiah(part)} ({share(part, whole, language)})"
