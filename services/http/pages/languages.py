"""Which language a page is in: the one that was chosen, else the one that the browser asks for.

The choice is a form that works without scripts. It is remembered for a year in a cookie that says nothing else.
"""

from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.http.pages.own import own_path
from services.language.catalogue import LOCALES
from services.language.language import Language, language, preferred_language

COOKIE: Final = "tuntas_language"
PATH: Final = "/language"
YEAR_SECONDS: Final = 365 * 24 * 3_600
MOST_FORM_BYTES: Final = 8_192


def language_of(request: Request) -> Language:
    """The language of the page that a request gets."""
    chosen = request.cookies.get(COOKIE)
    if chosen in LOCALES:
        return language(chosen)
    return language(preferred_language(request.headers.get("accept-language")))


async def choose(request: Request) -> Response:
    """Back to the page, in the language that was chosen."""
    fields = await form_fields(request, MOST_FORM_BYTES)
    response = RedirectResponse(own_path(fields.get("next")), HTTPStatus.SEE_OTHER)
    chosen = fields.get("language")
    if chosen in LOCALES:
        response.set_cookie(
            COOKIE,
            chosen,
            max_age=YEAR_SECONDS,
            httponly=True,
            samesite="lax",
            secure=request.scope["scheme"] == "https",
        )
    return response


async def form_fields(request: Request, most_bytes: int) -> dict[str, str]:
    """The fields of a form that was posted, the first value of each; none where it is longer than that."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > most_bytes:
            return {}
    found = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True)
    return {name: values[0] for name, values in found.items()}
