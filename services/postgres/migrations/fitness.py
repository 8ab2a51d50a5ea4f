"""Whether this program can work with a database, and the sentence for whoever has to do something where it cannot.

The questions are SQL that either driver may ask; what follows from the answers is decided here, once.
"""

from collections.abc import Sequence
from typing import Any, Final

from msgspec import Struct
from psycopg2.extensions import connection

from projections.storage.sql import load
from services.postgres.connect import close, connect, transaction
from services.postgres.migrations.baseline import migrations
from services.postgres.migrations.files import Migration
from services.postgres.migrations.stored_format import STORED_FORMAT, fingerprint
from services.unworkable import Unworkable

SQL: Final = load("services.postgres.migrations", "versions.sql")
OLDEST_SERVER: Final = 180_000
"""PostgreSQL 18, as the server numbers itself."""
START_ANEW: Final = (
    "Name an empty database in TUNTAS_DATABASE_URL and run `tuntas migrate`; "
    "the topics are then read from their start"
)


class DatabaseUnfit(Unworkable):
    """The database is there, but this version of Tuntas cannot work with it."""


class Applied(Struct, frozen=True):
    """One row about a migration that a database has had, or has begun with."""

    number: int
    name: str
    kind: str
    checksum: str
    program: str
    is_finished: bool
    reached: str | None
    rows_done: int
    rows_total: int | None


class Found(Struct, frozen=True):
    """What a database says of itself. ``others``: some tables in it, of whomever."""

    has_versions: bool
    has_tables: bool
    others: Sequence[str]
    applied: Sequence[Applied] = ()
    stored_format: tuple[int, str] | None = None


def check(session: connection, *, while_running: bool = False) -> None:
    """Returns when this program can work with the database; raises DatabaseUnfit, and the errors of `transaction`.

    ``while_running``: a database that was expanded since this process began will do.
    """
    known = migrations()
    with transaction(session) as work:
        server_fits(session.server_version, session.get_parameter_status("server_encoding"))
        found = look(work)
    fits(found, known, while_running=while_running)


def check_database(database_url: str) -> None:
    """As `check`, on a connection of its own; raises what `connect` raises, too."""
    session = connect(database_url, "tuntas check")
    try:
        check(session)
    finally:
        close(session)


def server_fits(version: int, encoding: str | None) -> None:
    """Raises DatabaseUnfit for a server that is too old, or a database that cannot hold every character."""
    if version < OLDEST_SERVER:
        raise DatabaseUnfit(
            f"The server is PostgreSQL {version // 10_000}, and Tuntas needs {OLDEST_SERVER // 10_000} or newer. "
            "Upgrade it, or name another one in TUNTAS_DATABASE_URL."
        )
    if encoding != "UTF8":
        raise DatabaseUnfit(
            f"The database's encoding is {encoding}, which cannot hold every character. Create one with UTF8."
        )


def look(work: Any) -> Found:
    """What a database says of itself, by a psycopg2 cursor."""
    work.execute(SQL["kinds_of_tables"])
    ((has_versions, has_tables, others),) = work.fetchall()
    if not has_versions:
        return Found(False, has_tables, others)
    work.execute(SQL["applied"])
    applied = [Applied(*row) for row in work.fetchall()]
    work.execute(SQL["stored_format"])
    rows = work.fetchall()
    return Found(True, has_tables, others, applied, rows[0] if rows else None)


def fits(found: Found, known: Sequence[Migration], *, while_running: bool = False) -> None:
    """Raises DatabaseUnfit unless ``found`` is a database that has had exactly the migrations that are ``known``."""
    usable(found, known, while_running=while_running)
    if not found.applied:
        raise DatabaseUnfit("The database has no tables of Tuntas yet. Run `tuntas migrate`.")
    _format_fits(found)
    begun = [applied for applied in found.applied if not applied.is_finished]
    missing = len(known) - len(found.applied)
    if begun and begun[0].number <= len(known):
        under_way = begun[0]
        raise DatabaseUnfit(
            f"Migration {under_way.number} ({under_way.name}) of the database has begun and is not finished"
            f"{progress(under_way)}. Wait for `tuntas migrate`, or run it again if it was stopped."
        )
    if missing > 0:
        raise DatabaseUnfit(
            f"The database is of an earlier version: {missing} of {len(known)} migrations are missing. "
            "Run `tuntas migrate` (`tuntas migrate --check` says what it would do)."
        )


def usable(found: Found, known: Sequence[Migration], *, while_running: bool = False) -> None:
    """Raises DatabaseUnfit for a database that no migration of this version leads on from."""
    if not found.has_versions:
        if found.has_tables:
            raise DatabaseUnfit(
                "The database was made by Tuntas before 0.2.0, which kept no versions: it cannot be brought up to this "
                f"one. {START_ANEW}."
            )
        if found.others:
            raise DatabaseUnfit(
                f"The database holds tables of something else ({', '.join(found.others)}) and none of Tuntas. "
                "Name one of its own in TUNTAS_DATABASE_URL."
            )
        return
    by_number = {migration.number: migration for migration in known}
    newer = [applied for applied in found.applied if applied.number not in by_number]
    if newer and not (while_running and all(applied.kind == "expand" for applied in newer)):
        raise DatabaseUnfit(
            f"The database is of a newer version: it has had migration {newer[-1].number} ({newer[-1].name}) by Tuntas "
            f"{newer[-1].program}, and this program knows {len(known)}. Install that version, or a newer one."
        )
    for applied in found.applied:
        migration = by_number.get(applied.number)
        if migration is not None and migration.checksum != applied.checksum:
            raise DatabaseUnfit(
                f"The database was made by another migration {applied.number} ({applied.name}) than this program's: "
                f"a version in between two releases made it. {START_ANEW}."
            )


def _format_fits(found: Found) -> None:
    mine = (STORED_FORMAT, fingerprint())
    if found.stored_format is not None and found.stored_format[0] > STORED_FORMAT:
        raise DatabaseUnfit(
            f"The database's events are stored in format {found.stored_format[0]}, and this program knows format "
            f"{STORED_FORMAT}. Install the version that wrote them, or a newer one."
        )
    if found.stored_format != mine and all(applied.is_finished for applied in found.applied):
        raise DatabaseUnfit(
            "The database's events are stored in another form than this program's, although both call it format "
            f"{STORED_FORMAT}: a version in between two releases wrote them. {START_ANEW}."
        )


def progress(applied: Applied) -> str:
    """How far a migration in chunks is, to be put behind its name; '' where nothing is known."""
    if not applied.rows_done:
        return ""
    of = f" of {applied.rows_total:,}" if applied.rows_total else ""
    return f" ({applied.rows_done:,}{of} rows are done)"
