"""PostgreSQL over TLS with its certificate and name verified: by the writers' driver and by the API's alike."""

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from services.postgres.connect import close, connect, transaction
from services.postgres.errors import DatabaseUnavailable
from tests.services.http.conftest import running
from tests.services.http.desk import Desk
from tests.services.http.test_refusals import problem
from tests.services.kafka.secured.cluster import Authority
from tests.services.postgres.tls.server import TlsPostgres, fetched_program

pytestmark = [pytest.mark.apache, pytest.mark.slow]  # Maven is there, and Apache Kafka's jars


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """Not below pytest's own folder: the user that the server runs as cannot enter that."""
    with TemporaryDirectory(prefix="tuntas-tests-") as made:
        Path(made).chmod(0o755)
        yield Path(made)


@pytest.fixture(scope="module")
def program(folder: Path) -> Path:
    return fetched_program(folder)


def served(folder: Path, program: Path, name: str, **how: bool) -> TlsPostgres:
    (folder / name).mkdir()
    return TlsPostgres(folder / name, program, **how)


@pytest.fixture(scope="module")
def database(folder: Path, program: Path) -> Iterator[TlsPostgres]:
    found = served(folder, program, "tls")
    with found.server:
        Desk(found.url()).session.close()
        yield found


def test_both_drivers_read_the_same_url_and_are_encrypted(database: TlsPostgres) -> None:
    session = connect(database.url(), "test")
    with transaction(session) as work:
        work.execute("SELECT ssl, version FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
        assert work.fetchall() == [(True, "TLSv1.3")]
    with running(database.url()) as api:
        assert api.get("/v1/purchased-classes")["items"] == []
        with transaction(session) as work:
            work.execute(
                "SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) "
                "WHERE application_name = 'tuntas api'"
            )
            assert work.fetchall() == [(True,)]
    close(session)


REFUSED: dict[str, tuple[Callable[[TlsPostgres, Path], str], str, str]] = {
    "another authority": (
        lambda database, tmp: database.url(ca_file=Authority(tmp / "other").ca_file),
        "The certificate that PostgreSQL shows is not to be trusted: it has expired, or no authority in ",
        "No authority in the file that sslrootcert names in TUNTAS_DATABASE_URL has signed ",
    ),
    "another name": (
        lambda database, _: database.url("localhost"),
        "The certificate that PostgreSQL shows is not for the host that TUNTAS_DATABASE_URL names: ",
        "The certificate that PostgreSQL shows is not for the host that TUNTAS_DATABASE_URL names: ",
    ),
    "a missing file": (
        lambda database, tmp: database.url(ca_file=tmp / "none"),
        "There is no file of authorities to check PostgreSQL's certificate by: ",
        "There is no file of authorities to check PostgreSQL's certificate by: ",
    ),
}


def assert_refused(url: str, writers: str, apis: str, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(DatabaseUnavailable) as refused:
        connect(url, "test")
    assert str(refused.value).startswith(writers)
    with caplog.at_level(logging.ERROR), running(url) as api:
        said = problem(api.ask("/readyz"), 503)
        assert api.ask("/livez").status_code == 200
    assert f'database not reached why="{apis}' in caplog.text
    assert said["detail"] == "the database cannot be reached"


@pytest.mark.parametrize("what", REFUSED)
def test_a_server_that_is_not_to_be_trusted_is_told_in_a_sentence(
    database: TlsPostgres, tmp_path: Path, caplog: pytest.LogCaptureFixture, what: str
) -> None:
    url, writers, apis = REFUSED[what]
    assert_refused(url(database, tmp_path), writers, apis, caplog)


def test_an_expired_certificate_is_told(
    folder: Path, program: Path, caplog: pytest.LogCaptureFixture
) -> None:
    database = served(folder, program, "expired")
    database.show(expired=True)
    with database.server:
        assert_refused(
            database.url(),
            "The certificate that PostgreSQL shows is not to be trusted: it has expired, or ",
            "The certificate that PostgreSQL shows has expired: have it renewed on the server ",
            caplog,
        )


def test_a_server_without_tls_is_told(
    folder: Path, program: Path, caplog: pytest.LogCaptureFixture
) -> None:
    database = served(folder, program, "plain", tls=False)
    sentence = (
        "PostgreSQL does not speak TLS there, and sslmode in TUNTAS_DATABASE_URL asks for it: "
    )
    with database.server:
        assert_refused(database.url(), sentence, sentence, caplog)
