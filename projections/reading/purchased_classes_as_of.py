"""Which rows a list of purchased classes as of a time can have, by what the rows are now (since_then.py).

What is listed is judged as of the time; here is only told where not to look.
"""

from collections.abc import Sequence
from typing import Any, Final

from domain.vocabulary import FLAGS, CompletionState
from projections.reading.class_filter import Filter
from projections.reading.instants import instant
from projections.reading.since_then import Since
from projections.reading.watched import Rows
from projections.status.record import CERTIFIED, COMPLETION_NUMBER
from projections.storage.sql import load

SQL: Final = load("projections.reading", "purchased_classes_as_of.sql")

LATER: Final[dict[CompletionState, tuple[CompletionState, ...]]] = {
    "completed": ("completed",),
    "in_progress": ("in_progress", "completed"),
}
"""A state of completion to those that evidence can have made of it since."""

NEVER_LOST: Final = frozenset({"package_after_sales_end", "purchased_twice"})
"""Flags that evidence only adds."""
LASTING: Final = NEVER_LOST | {"evidence_before_purchase", "evidence_after_refund"}
"""Flags whose rows stay unusual, as tables.sql says it, whatever evidence comes: who buys again has bought twice."""
OF_WORDS: Final = frozenset({"certificate_without_completion", "completed_without_assessment"})
"""Flags that only the partner's words decide."""


def rows(wanted: Filter, as_of: int, since: Since, codes: Sequence[str] | None) -> Rows:
    """The statement for the next rows of a partner, and its values behind those of the place."""
    values = values_of(wanted, as_of, since, codes)
    if wanted.package_code is not None:
        return Rows(SQL["of_package"], (*values, since.packages, wanted.package_code))
    if is_lasting(wanted):
        return Rows(SQL["unusual"], (*values, since.packages))
    return Rows(SQL["every"], values)


def values_of(
    wanted: Filter, as_of: int, since: Since, codes: Sequence[str] | None
) -> tuple[Any, ...]:
    """The values of ``can_have_been``, with the classes between."""
    was_refunded = wanted.purchase == "refunded"
    return (*_ever(wanted, as_of, since), codes, *_settled(wanted, as_of, since), was_refunded)


def _ever(wanted: Filter, as_of: int, since: Since) -> tuple[Any, ...]:
    """What rows must be now to have been what is wanted: time, participants, completion, whether assessed, flags."""
    completions = None if wanted.completion is None else LATER.get(wanted.completion)
    flag = None
    if wanted.flag == "completed_without_assessment":
        completions = LATER["completed"]
    elif wanted.flag == "certificate_without_completion":
        flag = CERTIFIED
    elif wanted.flag in NEVER_LOST:
        flag = 1 << FLAGS.index(wanted.flag)
    return (
        # What was not purchased then may have been purchased since.
        None if wanted.purchase == "none" else instant(as_of),
        since.persons,
        None if completions is None else [COMPLETION_NUMBER[state] for state in completions],
        wanted.assessment not in {None, "not_assessed"},
        flag,
    )


def _settled(wanted: Filter, as_of: int, since: Since) -> tuple[Any, ...]:
    """The same of rows with no word since: whether to ask, completion, flags, not assessed, silent since, the time."""
    completion = None if wanted.completion is None else COMPLETION_NUMBER[wanted.completion]
    flag = 1 << FLAGS.index(wanted.flag) if wanted.flag in OF_WORDS else None
    is_not_assessed = wanted.assessment == "not_assessed"
    silent = instant(wanted.stalled_since)
    asked = (completion, flag, is_not_assessed or None, silent)
    is_asked = since.is_followed and any(of is not None for of in asked)
    return (is_asked, completion, flag, is_not_assessed, silent, instant(as_of))


def is_lasting(wanted: Filter) -> bool:
    """Whether only rows can be wanted that are unusual, or of a package published since."""
    return wanted.purchase not in {None, "active"} or wanted.flag in LASTING
