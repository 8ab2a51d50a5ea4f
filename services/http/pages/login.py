"""Who looks at a page: a cookie holds the bearer token that was entered once.

The cookie is HttpOnly (no script reads it), SameSite=Strict (no other site's link or form carries it), lives as long as
the browser's session and is Secure over HTTPS. It opens pages only, which change nothing; routes under /v1 want the
Authorization header.
"""

from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qs, quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.http.access import Access, Caller
from services.http.pages.rendering import page_response, render
from services.http.problems import Problem
from services.http.routing import sent_path

COOKIE: Final = "tuntas_token"
PATH: Final = "/login"
MOST_FORM_BYTES: Final = 4_096


def caller_of(request: Request, access: Access) -> Caller | None:
    """Who the cookie stands for, or None when it stands for nobody."""
    token = request.cookies.get(COOKIE)
    if not token:
        return None
    try:
        return access.caller(f"Bearer {token}")
    except Problem:
        return None


def to_login(request: Request) -> Response:
    """On to the form, and back afterwards."""
    sent: list[bytes] = [sent_path(request.scope), request.scope["query_string"]]
    wanted = b"?".join(part for part in sent if part)
    return RedirectResponse(f"{PATH}?next={quote(wanted)}", HTTPStatus.SEE_OTHER)


class Login:
    """The form, and what becomes of it."""

    template = PATH

    def __init__(self, access: Access) -> None:
        self._access = access

    async def show(self, request: Request) -> Response:
        """The form."""
        return _form(own_path(request.query_params.get("next")))

    async def enter(self, request: Request) -> Response:
        """On to the page that was wanted, with the cookie; or the form again."""
        fields = await _fields(request)
        wanted = own_path(fields.get("next"))
        token = fields.get("token", "").strip()
        if not _is_own(request):
            return _form(wanted, "This form has to be sent from this site.")
        try:
            self._access.caller(f"Bearer {token}")
        except Problem:
            return _form(wanted, "This token is not known.")
        response = RedirectResponse(wanted, HTTPStatus.SEE_OTHER)
        response.set_cookie(
            COOKIE,
            token,
            httponly=True,
            samesite="strict",
            secure=request.scope["scheme"] == "https",
        )
        return response

    async def leave(self, request: Request) -> Response:
        """Back to the form, without the cookie."""
        response = RedirectResponse(PATH, HTTPStatus.SEE_OTHER)
        if _is_own(request):
            response.delete_cookie(COOKIE, httponly=True, samesite="strict")
        return response


def own_path(wanted: str | None) -> str:
    """A path of this site: ``wanted`` where it is one, else the first page."""
    if wanted is None or not wanted.startswith("/") or wanted.startswith(("//", "/\\")):
        return "/"
    return wanted if wanted.isprintable() and "\\" not in wanted else "/"


def _form(wanted: str, refused: str = "") -> Response:
    status = HTTPStatus.UNAUTHORIZED if refused else HTTPStatus.OK
    body = render("login.html", path=PATH, wanted=wanted, refused=refused)
    return page_response(body, status)


async def _fields(request: Request) -> dict[str, str]:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_FORM_BYTES:
            return {}
    found = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True)
    return {name: values[0] for name, values in found.items()}


def _is_own(request: Request) -> bool:
    """Whether a form was sent by a page of this site, as far as the browser says (Fetch Metadata)."""
    return request.headers.get("sec-fetch-site", "same-origin") in {"same-origin", "none"}
