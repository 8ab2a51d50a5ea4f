"""The API as a process: uvicorn on uvloop and httptools, with limits of our own on what a client can hold."""

import errno
import logging
import signal
import socket
from types import FrameType

import uvicorn

from services.http.app import create_app
from services.http.connections import Connections
from services.http.protocol import limited
from services.logs import pairs
from services.settings import Settings
from services.unworkable import SETTING_EXIT_CODE, Unworkable

GRACE_SECONDS = 10

log = logging.getLogger("tuntas.api")


def server(settings: Settings) -> uvicorn.Server:
    """The server of the API, not started yet."""
    connections = Connections(
        settings.api_connections, settings.api_connections_per_address, settings.api_proxies
    )
    return uvicorn.Server(
        uvicorn.Config(
            create_app(settings),
            host=settings.api_host,
            port=settings.api_port,
            loop="uvloop",
            http=limited(connections),
            ws="none",
            log_config=None,  # its lines are like ours, with a time
            log_level=settings.log_level,
            access_log=False,
            server_header=False,
            proxy_headers=bool(settings.api_proxies),
            forwarded_allow_ips=list(settings.api_proxies),
            timeout_graceful_shutdown=GRACE_SECONDS,
        )
    )


class AddressTaken(Unworkable):
    """An address of the API or of the metrics that this process cannot listen at."""

    exit_code = SETTING_EXIT_CODE


def sockets(settings: Settings) -> list[socket.socket]:
    """The API's address and that of the metrics, where there is one, bound; raises AddressTaken."""
    bound = _bound("API", settings.api_host, settings.api_port)
    if settings.metrics_port:
        bound += _bound("METRICS", settings.metrics_host, settings.metrics_port)
    return bound


def _bound(what: str, host: str, port: int) -> list[socket.socket]:
    """A socket for each address that a host name stands for and that this machine has, one at least."""
    bound: list[socket.socket] = []
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        for number, (family, kind, protocol, _, address) in enumerate(found, 1):
            listening = socket.socket(family, kind, protocol)
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            try:
                listening.bind(address)
            except OSError as error:
                listening.close()
                if error.errno == errno.EADDRNOTAVAIL and (bound or number < len(found)):
                    continue  # of localhost, say, ::1 where there is no IPv6
                raise
            bound.append(listening)
    except OSError as error:
        for listening in bound:
            listening.close()
        raise AddressTaken(
            f"TUNTAS_{what}_HOST and TUNTAS_{what}_PORT name {host}:{port}, where this process cannot listen: "
            f"{error.strerror or error}."
        ) from error
    return bound


def run(settings: Settings) -> None:
    """Serves until SIGTERM or SIGINT; what is being answered is finished first. Raises AddressTaken.

    A database that is away does not stop it: ``/readyz`` says so, and answers resume when it is back.
    """
    bound = sockets(settings)
    for listening in bound:
        host, port = listening.getsockname()[:2]
        log.info("address %s", pairs(host=host, port=port))
    serving = server(settings)

    def stop(_number: int, _frame: FrameType | None) -> None:
        serving.should_exit = True

    # uvicorn puts its own handlers in their place, and raises the signal once more when it is done: that ends nothing.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    serving.run(bound)
