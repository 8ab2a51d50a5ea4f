"""The API as a process: uvicorn on uvloop and httptools."""

import uvicorn

from services.http.app import create_app
from services.settings import Settings

GRACE_SECONDS = 10


def server(settings: Settings) -> uvicorn.Server:
    """The server of the API, not started yet."""
    return uvicorn.Server(
        uvicorn.Config(
            create_app(settings),
            host=settings.api_host,
            port=settings.api_port,
            loop="uvloop",
            http="httptools",
            ws="none",
            log_level=settings.log_level,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=GRACE_SECONDS,
        )
    )


def run(settings: Settings) -> None:
    """Serves until SIGTERM or SIGINT; what is being answered is finished first.

    A database that is away does not stop it: ``/readyz`` says so, and answers resume when it is back.
    """
    server(settings).run()
