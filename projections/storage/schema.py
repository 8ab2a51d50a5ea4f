"""The SQL that makes the tables of the read models, for a migration or beside the live ones."""

from importlib.resources import files

LIVE = "projections"
NEXT = "projections_next"
PREVIOUS = "projections_previous"
"""Where a rebuild makes new tables, and where it puts the old ones aside."""


def scripts() -> tuple[str, str]:
    """The idempotent scripts for a migration: the read models and their control tables."""
    return tables(LIVE), _read("control.sql")


def tables(schema: str) -> str:
    """The script that makes the read models' tables in ``schema``."""
    script = _read("tables.sql")
    return script.replace(f"{LIVE}.", f"{schema}.").replace(
        f"SCHEMA IF NOT EXISTS {LIVE};", f"SCHEMA IF NOT EXISTS {schema};"
    )


def _read(name: str) -> str:
    return files("projections.storage").joinpath(name).read_text(encoding="utf-8")
