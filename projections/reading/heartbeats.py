"""Which processes of the intake and the project service live, by what they say of themselves."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from msgspec import Struct

from projections.reading.intake import SQL
from projections.reading.session import Session

SILENT_SECONDS: Final = 5.0
"""A process that was not heard of for so long is taken for dead; it says that it lives every second."""


class Heard(Struct, frozen=True):
    """One process: how many seconds ago it was heard of; ``trouble`` is what it waits for, if anything."""

    service: str
    host: str
    pid: int
    seconds: float
    is_stopped: bool
    trouble: str | None

    @property
    def lives(self) -> bool:
        return not self.is_stopped and self.seconds <= SILENT_SECONDS


async def heard(session: Session) -> list[Heard]:
    """The processes that were heard of within a day, and the last one of each service."""
    return [from_row(row) for row in await session.fetch(SQL["heartbeats"])]


def from_row(row: Sequence[Any]) -> Heard:
    """One row of the query heartbeats, whichever driver read it."""
    return Heard(*row)


def living(of: Iterable[Heard], service: str) -> list[Heard]:
    """The processes of a service that live."""
    return [each for each in of if each.service == service and each.lives]


def silence(of: Sequence[Heard], service: str) -> str | None:
    """A sentence when a service has run and no process of it lives; None while one does, or when none ever ran."""
    ran = [each for each in of if each.service == service]
    if not ran or living(ran, service):
        return None
    last = min(ran, key=lambda each: each.seconds)
    how = "was stopped" if last.is_stopped else "was last heard of"
    return f"no `tuntas {service}` process runs: the last one {how} {last.seconds:.0f} s ago"
