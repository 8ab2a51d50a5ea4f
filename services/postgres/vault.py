"""Participants and their numbers: the one place that writes who a participant is (schema ``vault``).

Numbers are given in a transaction of their own, before the one that writes anything under them. So two workers that
meet somebody new at once wait for each other for that moment only, and agree; a number whose batch then fails is
there for the next one.
"""

import struct
from collections.abc import Iterable, Iterator
from itertools import islice
from secrets import token_bytes
from typing import Final

from psycopg2.extensions import cursor

from projections.storage.copy import bigint_array, text_array
from projections.storage.sql import load
from services.postgres.connect import transaction
from services.postgres.waiting import WaitingConnection

SQL: Final = load("services.postgres", "vault_queries.sql")

NUMBER_BITS: Final = 63
"""A number is above 0 and fits a bigint."""
TRIES: Final = 10


class Vault:
    """The numbers of participants, those that were used last from memory. A number never changes."""

    def __init__(self, session: WaitingConnection, limit: int) -> None:
        """``limit`` counts participants that are kept in memory."""
        self._session = session
        self._limit = limit
        self._numbers: dict[str, int] = {}

    def numbers(self, participant_ids: Iterable[str]) -> dict[str, int]:
        """The number of each participant, given to those who have none. Not inside a transaction."""
        held = self._numbers
        found: dict[str, int] = {}
        unknown: list[str] = []
        for participant_id in participant_ids:
            number = held.get(participant_id)
            if number is None:
                unknown.append(participant_id)
            else:
                found[participant_id] = number
        if unknown:
            with transaction(self._session) as work:
                new = numbers(work, unknown)
            found |= new
            self._keep(new)
        return found

    def _keep(self, new: dict[str, int]) -> None:
        held = self._numbers
        held |= new
        surplus = len(held) - self._limit
        if surplus > 0:
            for participant_id in list(islice(held, surplus)):
                del held[participant_id]


def numbers(work: cursor, participant_ids: Iterable[str]) -> dict[str, int]:
    """The number of each participant, given to those who have none: the caller commits before they are used."""
    wanted = dict.fromkeys(participant_ids)
    found = known_numbers(work, wanted)
    for attempt in range(TRIES):
        new = [participant_id for participant_id in wanted if participant_id not in found]
        if not new:
            return found
        if attempt == 0:
            work.execute(SQL["soon"])
        offered = list(_random_numbers(len(new)))
        work.execute(
            SQL["give"],
            {"persons": bigint_array(offered), "participant_ids": text_array(new)},
        )
        found |= dict(work.fetchall())
        # Who is missing now has a number of another worker's, or was offered somebody else's.
        left = [participant_id for participant_id in new if participant_id not in found]
        found |= known_numbers(work, left)
    raise RuntimeError(f"no number was free in {TRIES} tries")


def known_numbers(work: cursor, participant_ids: Iterable[str]) -> dict[str, int]:
    """The numbers of those of the participants that have one."""
    ids = text_array(participant_ids)
    if ids == "{}":
        return {}
    work.execute(SQL["numbers"], {"participant_ids": ids})
    return dict(work.fetchall())


def _random_numbers(count: int) -> Iterator[int]:
    """Numbers that say nothing; those of a batch are drawn at once, as each draw asks the operating system."""
    for drawn in struct.unpack(f"{count}Q", token_bytes(8 * count)):
        yield drawn >> 64 - NUMBER_BITS or 1
