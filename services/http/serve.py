"""The API as a process: uvicorn on uvloop and httptools, with limits of our own on what a client can hold."""

import socket

import uvicorn

from services.http.app import create_app
from services.http.connections import Connections
from services.http.protocol import limited
from services.settings import Settings

GRACE_SECONDS = 10


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


def sockets(settings: Settings) -> list[socket.socket] | None:
    """The API's address and that of the metrics, bound; None where there is but one, which uvicorn binds itself."""
    if not settings.metrics_port:
        return None
    bound = []
    for host, port in (
        (settings.api_host, settings.api_port),
        (settings.metrics_host, settings.metrics_port),
    ):
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listening = socket.socket(family)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        bound.append(listening)
    return bound


def run(settings: Settings) -> None:
    """Serves until SIGTERM or SIGINT; what is being answered is finished first.

    A database that is away does not stop it: ``/readyz`` says so, and answers resume when it is back.
    """
    server(settings).run(sockets(settings))
