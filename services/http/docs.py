"""``/docs``: Swagger UI over the API's own document, from files that were installed, under a policy that holds.

The page stands on the origin of the pages' cookie, so nothing on it may come from elsewhere.
"""

from typing import Final

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route as HttpRoute

from services.http.static_files import serve, static_file

PATH: Final = "/docs"
HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; "
        "form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}

_STYLE: Final = static_file("fastapi_offline", "static/swagger-ui.css")
_SCRIPT: Final = static_file("fastapi_offline", "static/swagger-ui-bundle.js")
_START: Final = static_file("services.http", "static/docs.js")

PAGE: Final = f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Tuntas API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="{_STYLE.path}">
</head>
<body>
<div id="swagger-ui"><noscript>This page needs a script. <a href="/openapi.json">The document it shows</a> does not.
</noscript></div>
<script src="{_SCRIPT.path}"></script>
<script src="{_START.path}"></script>
</body>
</html>
"""


def add_docs(app: FastAPI) -> None:
    """Adds the page and its files."""

    async def show(_request: Request) -> Response:
        return HTMLResponse(PAGE, headers=HEADERS)

    app.router.routes.append(HttpRoute(PATH, show, methods=["GET"]))
    for file in (_STYLE, _SCRIPT, _START):
        serve(app, file)
