"""Files that pages load, each named by its content, so that browsers may keep it for good."""

from collections.abc import Mapping
from hashlib import blake2b
from importlib.resources import files
from typing import Final

from fastapi import FastAPI
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route as HttpRoute

MEDIA: Final = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8"}
HEADERS: Final[Mapping[str, str]] = {
    "Cache-Control": "public, max-age=31536000, immutable",
    "X-Content-Type-Options": "nosniff",
}


class StaticFile(Struct, frozen=True):
    """One file, and the path that it is served at."""

    path: str
    content: bytes
    media: str


def static_file(package: str, name: str) -> StaticFile:
    """A file that is installed with a package."""
    content = files(package).joinpath(name).read_bytes()
    extension = name.rpartition(".")[2]
    path = f"/static/{blake2b(content, digest_size=6).hexdigest()}.{extension}"
    return StaticFile(path, content, MEDIA[extension])


def serve(app: FastAPI, file: StaticFile) -> None:
    """Adds the file's route."""

    async def respond(_request: Request) -> Response:
        return Response(file.content, headers=HEADERS, media_type=file.media)

    app.router.routes.append(HttpRoute(file.path, respond, methods=["GET"]))
