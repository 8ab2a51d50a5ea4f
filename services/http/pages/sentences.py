"""The programme's questions, answered in a sentence each, in the reader's language."""

from collections.abc import Mapping
from typing import Any

from services.language.language import Language


def answer_of_classes(of: Mapping[str, Any], language: Language) -> str:
    """Whether every class that somebody bought was completed and assessed, from counts of purchased classes."""
    bought = of["purchased"]
    if not bought:
        return language.gettext("Nobody knows yet: no class was purchased.")
    if of["completed"] == of["assessed"] == bought:
        text = language.gettext(
            "Yes: each of %(bought)s purchased classes was completed and assessed."
        )
        return text % {"bought": language.number(bought)}
    text = (
        language.gettext(
            "No: of %(bought)s purchased classes %(completed)s were completed and %(assessed)s assessed; "
            "on %(silent)s the partner never reported a word."
        )
        if of["never_reported"]
        else language.gettext(
            "No: of %(bought)s purchased classes %(completed)s were completed and %(assessed)s assessed; "
            "none was passed over in silence."
        )
    )
    return text % {
        "bought": language.number(bought),
        "completed": _counted(of["completed"], bought, language),
        "assessed": _counted(of["assessed"], bought, language),
        "silent": _counted(of["never_reported"], bought, language),
    }


def answer_of_money(of: Mapping[str, int], language: Language) -> str:
    """How much of what was paid was for classes that were not completed; empty where nothing was paid.

    ``of``: ``net`` and ``completed``, in rupiah.
    """
    net, completed = of["net"], of["completed"]
    if not net:
        return ""
    text = language.gettext(
        "%(open)s (%(share)s) of %(net)s paid was for classes that were not completed."
    )
    return text % {
        "open": language.rupiah(net - completed),
        "share": language.share(net - completed, net),
        "net": language.rupiah(net),
    }


def _counted(part: int, whole: int, language: Language) -> str:
    return f"{language.number(part)} ({language.share(part, whole)})"
