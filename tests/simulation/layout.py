"""A database as it was before a run: how one is put back to that, in less time than a new one takes."""

from __future__ import annotations

from io import StringIO
from typing import Any, Final, Self

from msgspec import Struct

OF_USERS: Final = r"'^(pg_|information_schema$)'"
SCHEMAS: Final = f"""
SELECT coalesce(array_agg(quote_ident(nspname) ORDER BY nspname), '{{}}') FROM pg_namespace
WHERE nspname !~ {OF_USERS}
"""
RELATIONS: Final = f"""
SELECT coalesce(array_agg(named ORDER BY named), '{{}}')
FROM pg_class CROSS JOIN LATERAL concat_ws(' ', relkind, oid::regclass) AS named
WHERE relkind <> 't' AND relnamespace::regnamespace::text !~ {OF_USERS}
"""
TABLE: Final = "r "
SEQUENCES: Final = f"""
SELECT format('%I.%I', schemaname, sequencename), start_value, last_value FROM pg_sequences
WHERE schemaname !~ {OF_USERS}
"""


class Layout(Struct, frozen=True):
    """What there is in a database: schemas, relations with their kind, rows of tables, and where sequences are."""

    schemas: list[str]
    relations: list[str]
    rows: dict[str, str]
    sequences: dict[str, tuple[int, int | None]]

    @classmethod
    def of(cls, session: Any) -> Self:
        """What a database has now."""
        with session.cursor() as work:
            schemas, relations = _first(work, SCHEMAS), _first(work, RELATIONS)
            rows = {}
            for table in _with_rows(work, relations):
                text = StringIO()
                work.copy_expert(f"COPY {table} TO STDOUT", text)
                rows[table] = text.getvalue()
            return cls(schemas, relations, rows, _sequences(work))

    def restore(self, session: Any) -> bool:
        """Has a database hold what it held then; False where it cannot, as its tables are others by now."""
        with session.cursor() as work:
            for schema in _first(work, SCHEMAS):
                if schema not in self.schemas:
                    work.execute(f"DROP SCHEMA {schema} CASCADE")
            if _first(work, RELATIONS) != self.relations:
                return False
            if filled := _with_rows(work, self.relations):
                work.execute(f"TRUNCATE {', '.join(filled)}")
            for table, text in self.rows.items():
                work.copy_expert(f"COPY {table} FROM STDIN", StringIO(text))
            now = _sequences(work)
            for name, (first, last) in self.sequences.items():
                if now[name] != (first, last):
                    value = first if last is None else last
                    work.execute("SELECT setval(%s, %s, %s)", (name, value, last is not None))
        return True


def _with_rows(work: Any, relations: list[str]) -> list[str]:
    """The tables that have rows."""
    tables = [each.removeprefix(TABLE) for each in relations if each.startswith(TABLE)]
    work.execute(
        " UNION ALL ".join(f"SELECT '{name}' WHERE EXISTS (SELECT FROM {name})" for name in tables)
    )
    return [name for (name,) in work.fetchall()]


def _sequences(work: Any) -> dict[str, tuple[int, int | None]]:
    work.execute(SEQUENCES)
    return {name: (first, last) for name, first, last in work.fetchall()}


def _first(work: Any, question: str) -> list[str]:
    work.execute(question)
    ((found,),) = work.fetchall()
    return list(found)
