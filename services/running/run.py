"""One run of all services: servers (embedded unless named in the settings), ingest, project and API."""

import os
import secrets
import shutil
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from time import monotonic, sleep
from types import TracebackType
from typing import TYPE_CHECKING, Self
from urllib.error import URLError
from urllib.request import urlopen

import msgspec

from services.running import run_file
from services.running.api_port import api_port
from services.running.run_file import Run
from services.running.services import Service, Services
from services.settings import Settings
from services.unworkable import SETTING_EXIT_CODE, Unworkable
from services.wiring import prepare_database, prepare_topics

if TYPE_CHECKING:
    from services.embedded.broker import Broker

READY_TIMEOUT_SECONDS = 120.0


class AlreadyRunning(Exception):
    """Another run uses this state directory."""


class ServiceFailed(Exception):
    """A service does not start, or has ended in a way that only somebody can mend."""


class StateDirUnusable(Unworkable):
    """Nothing can be kept where the state directory is to be."""

    exit_code = SETTING_EXIT_CODE


class EverythingHere:
    """A run of all services, from `start` to `stop`, and word of it in the state directory."""

    def __init__(
        self,
        settings: Settings,
        *,
        data: str,
        fresh: bool,
        ingest_processes: int = 1,
        is_port_set: bool = False,
        apache: bool = False,
    ) -> None:
        """Starts nothing yet.

        ``data`` names the folder within the state directory for the embedded servers; ``fresh`` empties it first.
        ``is_port_set``: the API's port was chosen, and is not exchanged for another one. ``apache``: a broker that is
        not named is Apache Kafka itself, which needs Java and Maven and keeps its log.
        """
        self.settings = settings
        self._data_dir = settings.state_dir / data
        self._fresh = fresh
        self._ingest_processes = ingest_processes
        self._is_port_set = is_port_set
        self._apache = apache
        self._services: Services | None = None
        self._stack = ExitStack()

    def start(self) -> Run:
        """Blocks until the API answers.

        Raises StateDirUnusable, AlreadyRunning, ServerFailed, PortTaken, ServiceFailed, or what named servers raise.
        """
        state_dir = self.settings.state_dir
        _make(state_dir)
        if (other := run_file.read(state_dir)) is not None:
            raise AlreadyRunning(
                f"process {other.pid} already runs Tuntas on {state_dir}; stop it, or choose another TUNTAS_STATE_DIR"
            )
        if self._fresh and self._data_dir.exists():
            shutil.rmtree(self._data_dir)
        self._data_dir.mkdir(parents=True, exist_ok=True)
        with ExitStack() as starting:
            settings = self._with_servers(starting)
            token = secrets.token_urlsafe(24)
            prepare_database(settings)
            prepare_topics(settings)
            port = starting.enter_context(
                api_port(settings.api_host, settings.api_port, is_set=self._is_port_set)
            )
            services = Services(
                _services(self._ingest_processes),
                _environment(settings, port, token),
                self._data_dir / "logs",
            )
            starting.callback(services.stop)
            services.start()
            self._services = services
            run = Run(
                pid=os.getpid(),
                kafka_bootstrap=settings.kafka_bootstrap,
                database_url=settings.database_url,
                api_url=f"http://{settings.api_host}:{port}",
                evaluator_token=token,
            )
            run_file.write(state_dir, run)
            starting.callback(run_file.remove, state_dir)
            _wait_until_ready(run.api_url, services)
            self._stack = starting.pop_all()
        return run

    def wait(self, seconds: float) -> None:
        """Blocks so long; raises ServiceFailed as soon as a service ended in a way that only somebody can mend."""
        if self._services is None:
            sleep(seconds)
        elif self._services.given_up.wait(seconds):
            raise ServiceFailed(self._services.why_given_up)

    def stop(self) -> None:
        """Stops services, then servers; blocks until all are gone."""
        self._stack.close()

    def __enter__(self) -> Self:
        """Itself, started before; leaving stops everything."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _with_servers(self, starting: ExitStack) -> Settings:
        """The settings with the addresses of embedded servers where none are named."""
        settings = self.settings
        if not settings.database_url:
            from services.embedded.postgres import EmbeddedPostgres  # noqa: PLC0415 - an extra

            postgres = starting.enter_context(EmbeddedPostgres(self._data_dir / "postgres"))
            url = postgres.create_database("tuntas")
            settings = msgspec.structs.replace(settings, database_url=url)
        if not settings.kafka_bootstrap:
            broker = starting.enter_context(_broker(self._data_dir, apache=self._apache))
            settings = msgspec.structs.replace(settings, kafka_bootstrap=broker.bootstrap)
        return settings


def _make(state_dir: Path) -> None:
    """Makes the state directory where there is none; raises StateDirUnusable."""
    try:
        state_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StateDirUnusable(
            f"TUNTAS_STATE_DIR names {state_dir}, where nothing can be kept: {error.strerror}."
        ) from error


def _broker(data_dir: Path, *, apache: bool) -> "Broker":
    """A broker that is started when it is entered."""
    if apache:
        from services.embedded.apache_kafka import ApacheKafka  # noqa: PLC0415 - an extra

        return ApacheKafka(data_dir / "kafka")
    from services.embedded.broker import EmbeddedBroker  # noqa: PLC0415 - an extra

    return EmbeddedBroker(data_dir / "broker")


def _services(ingest_processes: int) -> Sequence[Service]:
    ingest = [Service(f"ingest-{number}", ("ingest",)) for number in range(1, ingest_processes + 1)]
    return [*ingest, Service("project", ("project",)), Service("api", ("api",))]


def _environment(settings: Settings, port: int, token: str) -> Mapping[str, str]:
    tokens = ",".join([*sorted(settings.evaluator_tokens), token])
    return {
        "TUNTAS_KAFKA_BOOTSTRAP": settings.kafka_bootstrap,
        "TUNTAS_DATABASE_URL": settings.database_url,
        "TUNTAS_STATE_DIR": str(settings.state_dir),
        "TUNTAS_API_PORT": str(port),
        "TUNTAS_EVALUATOR_TOKENS": tokens,
    }


def _wait_until_ready(api_url: str, services: Services) -> None:
    """Blocks until the API says that it can answer; raises ServiceFailed."""
    deadline = monotonic() + READY_TIMEOUT_SECONDS
    while True:
        try:
            with urlopen(f"{api_url}/readyz", timeout=5):  # noqa: S310 - our own address
                return
        except (URLError, OSError) as error:
            if services.given_up.wait(0.1):
                raise ServiceFailed(services.why_given_up) from None
            if monotonic() > deadline:
                raise ServiceFailed(
                    f"the API at {api_url} is not ready after {READY_TIMEOUT_SECONDS:.0f} s ({error}); its log is "
                    f"{services.log_path('api')}"
                ) from None
