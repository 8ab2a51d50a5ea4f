"""Why a batch was not written: because of what is in it, or because of something that broke."""

from typing import Final

from msgspec.structs import replace

from domain.errors import Reason, Refusal
from domain.events import PartnerEvent
from domain.telling import tell
from services.intake.batch import Decoded
from services.intake.judging import StaleRules
from services.postgres.errors import CommitUnknown, DatabaseUnavailable, LaneLost, PostgresError

_BROKEN: Final = (DatabaseUnavailable, CommitUnknown, LaneLost, StaleRules)

_OF_ONE_STATEMENT: Final = frozenset({"53200", "XX000"})
"""Out of memory, and an internal error: a server says so of a statement that is too much, and lives on."""

_NOT_STORABLE: Final = ("22", "54")
"""Classes of codes: PostgreSQL says that a value is none of its type, or beyond what a row or an index takes."""


def is_of_the_batch(error: Exception) -> bool:
    """Whether less of the same, or another batch, may well be written on the same connection."""
    if isinstance(error, PostgresError) and error.sqlstate in _OF_ONE_STATEMENT:
        return True
    return not isinstance(error, _BROKEN)


def refused_by_database(one: Decoded, error: Exception) -> Decoded | None:
    """The record as one that is rejected, where the database says that it cannot store what is in it; else None."""
    event = one.outcome
    if not isinstance(event, PartnerEvent) or not isinstance(error, PostgresError):
        return None
    code = error.sqlstate or ""
    if not code.startswith(_NOT_STORABLE):
        return None
    detail = tell(
        "The event holds something that the database cannot store (SQLSTATE %(code)s): send it in a simpler form,"
        " and tell who runs Tuntas.",
        code=code,
    )
    refusal = Refusal(Reason.INVALID_DATA, detail, event.event_id)
    return replace(one, outcome=refusal, entry=None)
