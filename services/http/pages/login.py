"""Who looks at a page: a cookie holds a session, which began when a token was entered.

The cookie is HttpOnly (no script reads it), SameSite=Strict (no other site's link or form carries it), gone with the
browser's session and Secure over HTTPS. The session itself ends after some hours, and at the logout. It opens pages
only, which change nothing; routes under /v1 want the Authorization header.
"""

from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qs, quote, urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.http.access import Access, Caller, host_of
from services.http.away import DatabaseAway
from services.http.pages.rendering import page_response, render
from services.http.problems import Problem
from services.http.routing import sent_path
from services.http.sessions import LASTS, Sessions

COOKIE: Final = "tuntas_session"
PATH: Final = "/login"
MOST_FORM_BYTES: Final = 4_096


async def caller_of(request: Request, sessions: Sessions) -> Caller | None:
    """Who the cookie stands for, or None when it stands for nobody. Raises DatabaseAway."""
    return await sessions.caller(request.cookies.get(COOKIE))


def to_login(request: Request) -> Response:
    """On to the form, and back afterwards."""
    sent: list[bytes] = [sent_path(request.scope), request.scope["query_string"]]
    wanted = b"?".join(part for part in sent if part)
    return RedirectResponse(f"{PATH}?next={quote(wanted)}", HTTPStatus.SEE_OTHER)


class Login:
    """The form, and what becomes of it."""

    template = PATH

    def __init__(self, access: Access, sessions: Sessions) -> None:
        self._access = access
        self._sessions = sessions

    async def show(self, request: Request) -> Response:
        """The form."""
        return _form(own_path(request.query_params.get("next")))

    async def enter(self, request: Request) -> Response:
        """On to the page that was wanted, with the cookie; or the form again."""
        fields = await _fields(request)
        wanted = own_path(fields.get("next"))
        token = fields.get("token", "").strip()
        if not _is_own(request):
            refused = Problem(HTTPStatus.FORBIDDEN, "This form has to be sent from this site.")
            return _form(wanted, refused)
        try:
            self._access.caller(f"Bearer {token}", host_of(request.scope))
            cookie = await self._sessions.begin(token)
        except Problem as problem:
            if problem.status == HTTPStatus.UNAUTHORIZED:
                problem = Problem(problem.status, "This token is not known.")
            return _form(wanted, problem)
        except DatabaseAway as away:
            return _form(wanted, Problem(HTTPStatus.SERVICE_UNAVAILABLE, f"{away}."))
        response = RedirectResponse(wanted, HTTPStatus.SEE_OTHER)
        response.set_cookie(
            COOKIE,
            cookie,
            httponly=True,
            samesite="strict",
            secure=request.scope["scheme"] == "https",
        )
        return response

    async def leave(self, request: Request) -> Response:
        """Back to the form, without the cookie, which opens nothing any more."""
        if not _is_own(request):
            return _form("/", Problem(HTTPStatus.FORBIDDEN, "Log out on a page of this site."))
        try:
            await self._sessions.end(request.cookies.get(COOKIE))
        except DatabaseAway as away:
            detail = f"You are not logged out: {away}."
            return _form("/", Problem(HTTPStatus.SERVICE_UNAVAILABLE, detail))
        response = RedirectResponse(PATH, HTTPStatus.SEE_OTHER)
        response.delete_cookie(COOKIE, httponly=True, samesite="strict")
        return response


def own_path(wanted: str | None) -> str:
    """A path of this site: ``wanted`` where it is one, else the first page."""
    if wanted is None or not wanted.startswith("/") or wanted.startswith(("//", "/\\")):
        return "/"
    return wanted if wanted.isprintable() and "\\" not in wanted else "/"


def _form(wanted: str, refused: Problem | None = None) -> Response:
    status = refused.status if refused else HTTPStatus.OK
    hours = round(LASTS.total_seconds() / 3600)
    detail = refused.detail if refused else ""
    body = render("login.html", path=PATH, wanted=wanted, refused=detail, hours=hours)
    response = page_response(body, status)
    response.headers.update((refused and refused.headers) or {})
    return response


async def _fields(request: Request) -> dict[str, str]:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_FORM_BYTES:
            return {}
    found = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True)
    return {name: values[0] for name, values in found.items()}


def _is_own(request: Request) -> bool:
    """Whether a form was sent by a page of this site, as far as the browser says.

    By Fetch Metadata, and where a browser does not know these, by Origin. A program that sends neither has no cookie
    that another site could use.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in {"same-origin", "none"}
    origin = request.headers.get("origin")
    if origin is None:
        return True
    try:
        return urlsplit(origin).netloc.lower() == request.headers.get("host", "").lower() != ""
    except ValueError:
        return False
