"""`tuntas health`: whether one service of this machine is well, for supervisors: one line, and an exit code."""

import logging
import os
import socket
import threading
from collections.abc import Callable
from enum import StrEnum
from typing import Annotated, Final
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import typer

from projections.reading.heartbeats import living
from services.cli.reached import reached_settings
from services.kafka.admin import admin_client
from services.kafka.failures import KafkaFailure
from services.kafka.security import security_of
from services.postgres.connect import close, connect, transaction
from services.postgres.errors import PostgresError
from services.postgres.migrations.fitness import check
from services.running.lanes import heard
from services.settings import Settings
from services.unworkable import Unworkable

ILL: Final = 1


class Service(StrEnum):
    """The services that can be asked."""

    ingest = "ingest"
    project = "project"
    api = "api"


class NotWell(Exception):
    """The service is not well; the message says why."""


def health(
    service: Annotated[Service, typer.Argument(help="Which service of this machine.")],
    timeout: Annotated[
        float, typer.Option(min=0.1, max=600, help="Seconds after which it is not well.")
    ] = 10.0,
) -> None:
    """Say whether a service of this machine is well: exit 0, or 1 with the reason. Prints no secret."""
    settings = reached_settings()
    logging.disable(logging.CRITICAL)  # what failed is said in one line
    ended = threading.Event()
    speaks = threading.Lock()  # whoever says how it is; the other one has come too late

    def give_up() -> None:
        if not ended.wait(timeout) and speaks.acquire(blocking=False):
            typer.secho(f"{service}: no answer within {timeout:g} s.", fg="red", err=True)
            os._exit(ILL)  # whatever it hangs in

    threading.Thread(target=give_up, daemon=True).start()
    try:
        LOOKS[service](settings, timeout)
    except (NotWell, PostgresError, KafkaFailure, Unworkable, OSError) as failure:
        speaks.acquire()
        typer.secho(f"{service}: {failure}", fg="red", err=True)
        raise typer.Exit(ILL) from None
    finally:
        ended.set()
    speaks.acquire()
    typer.echo(f"{service}: well.")


def _lives(settings: Settings, service: Service) -> None:
    """Returns when the database fits and a process of the service on this machine was heard of just now."""
    session = connect(settings.database_url, "tuntas health")
    try:
        check(session, while_running=True)
        with transaction(session) as work:
            found = heard(work)
    finally:
        close(session)
    here = [each for each in living(found, service) if each.host == socket.gethostname()]
    if not here:
        raise NotWell(f"no `tuntas {service}` process of this machine was heard of")
    if troubles := [each.trouble for each in here if each.trouble]:
        raise NotWell(f"it waits: {troubles[0]}")


def _worker(service: Service) -> Callable[[Settings, float], None]:
    """A worker needs both servers, and lives."""

    def look(settings: Settings, timeout: float) -> None:
        _lives(settings, service)
        with admin_client(
            settings.kafka_bootstrap,
            security_of(settings),
            "asking Kafka",
            client_id="tuntas-health",
            timeout_seconds=timeout / 2,
        ) as admin:
            admin.list_topics()

    return look


def _api(settings: Settings, timeout: float) -> None:
    """The API answers, and reaches the database. Whether the intake lives is not its health: /readyz says that."""
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.api_host, settings.api_host)  # noqa: S104
    address = f"{host}:{settings.api_port}"
    try:
        with urlopen(f"http://{address}/livez", timeout=timeout):
            pass
    except HTTPError as answer:
        raise NotWell(f"{address} answers with {answer.code}") from None
    except URLError as failure:
        why = getattr(failure.reason, "strerror", None) or failure.reason
        raise NotWell(f"nobody answers at {address} ({why})") from None
    session = connect(settings.database_url, "tuntas health")
    try:
        check(session, while_running=True)
    finally:
        close(session)


LOOKS: Final[dict[Service, Callable[[Settings, float], None]]] = {
    Service.ingest: _worker(Service.ingest),
    Service.project: _worker(Service.project),
    Service.api: _api,
}
