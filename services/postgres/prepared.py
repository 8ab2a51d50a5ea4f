"""Statements that a connection repeats are prepared: parsed once, and planned once where that is as good.

psycopg2 sends every statement as text. psycopg 3 prepares what is executed for the sixth time, and so does this:
https://www.psycopg.org/psycopg3/docs/advanced/prepare.html
"""

import re
from collections import Counter
from typing import Any, Final

from msgspec import Struct
from psycopg2.errors import FeatureNotSupported

REPEATED: Final = 5
"""A statement that was sent so often as text is prepared the next time."""
MOST: Final = 300
"""So many texts of a connection are counted; a program that writes texts anew each time gains nothing by more."""
MOST_NAME_CHARACTERS: Final = 50
"""PostgreSQL cuts a longer name off behind 63 bytes."""

_PREPARABLE: Final = re.compile(r"\s*(?:SELECT|WITH|INSERT|UPDATE|DELETE)\b")
_PLACEHOLDER: Final = re.compile(r"%\((\w+)\)s|%%")


class TableChanged(FeatureNotSupported):
    """A table has other columns than when a statement on it was prepared; it is prepared anew the next time."""


class Call(Struct, frozen=True):
    """How a prepared statement is run, with its values by name; ``prepare`` is sent first, where it is not None."""

    execute: str
    prepare: str | None = None


class PreparedStatements:
    """Those of one connection."""

    def __init__(self) -> None:
        self._sent: Counter[str] = Counter()
        self._calls: dict[str, Call] = {}
        self._named = 0

    def call(self, statement: str, values: Any) -> Call | None:
        """How to run a statement now; None: as it is."""
        call = self._calls.get(statement)
        if call is not None:
            return call
        if self._sent[statement] < REPEATED:
            if statement in self._sent or len(self._sent) < MOST:
                self._sent[statement] += 1
            return None
        return self._new(statement, values)

    def is_prepared(self, statement: str, call: Call) -> None:
        """Notes that ``call.prepare`` was run."""
        self._calls[statement] = Call(call.execute)

    def forget(self) -> None:
        """Has everything prepared anew, under other names."""
        self._calls.clear()

    def _new(self, statement: str, values: Any) -> Call | None:
        if not _PREPARABLE.match(statement) or not (values is None or isinstance(values, dict)):
            return None
        numbers: dict[str, int] = {}

        def number(found: re.Match[str]) -> str:
            named = found[1]
            return "%" if named is None else f"${numbers.setdefault(named, len(numbers) + 1)}"

        numbered = statement if values is None else _PLACEHOLDER.sub(number, statement)
        self._named += 1
        words = " ".join(re.sub('["%]', "", numbered).split())
        name = f'"{self._named} {words[:MOST_NAME_CHARACTERS]}"'
        given = ", ".join(f"%({named})s" for named in numbers)
        return Call(
            f"EXECUTE {name} ({given})" if given else f"EXECUTE {name}",
            f"PREPARE {name} AS {numbered}",
        )
