"""Who looks at a page: a cookie holds a session, which began when a token was entered.

The cookie is HttpOnly (no script reads it), SameSite=Strict (no other site's link or form carries it), gone with the
browser's session and Secure over HTTPS. The session itself ends after some hours, and at the logout. It opens pages
only, which change nothing; routes under /v1 want the Authorization header.
"""

from http import HTTPStatus
from typing import Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from domain.telling import tell
from services.http.access import Access, Caller, host_of
from services.http.away import DatabaseAway
from services.http.pages.languages import form_fields, language_of
from services.http.pages.own import is_own, own_path
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
        return _form(request, own_path(request.query_params.get("next")))

    async def enter(self, request: Request) -> Response:
        """On to the page that was wanted, with the cookie; or the form again."""
        fields = await form_fields(request, MOST_FORM_BYTES)
        wanted = own_path(fields.get("next"))
        token = fields.get("token", "").strip()
        if not is_own(request):
            refused = Problem(
                HTTPStatus.FORBIDDEN, tell("This form has to be sent from this site.")
            )
            return _form(request, wanted, refused)
        try:
            self._access.caller(f"Bearer {token}", host_of(request.scope))
            cookie = await self._sessions.begin(token)
        except Problem as problem:
            if problem.status == HTTPStatus.UNAUTHORIZED:
                problem = Problem(problem.status, tell("This token is not known."))
            return _form(request, wanted, problem)
        except DatabaseAway as away:
            return _form(request, wanted, Problem(HTTPStatus.SERVICE_UNAVAILABLE, str(away)))
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
        if not is_own(request):
            return _form(
                request,
                "/",
                Problem(HTTPStatus.FORBIDDEN, tell("Log out on a page of this site.")),
            )
        try:
            await self._sessions.end(request.cookies.get(COOKIE))
        except DatabaseAway as away:
            detail = tell("You are not logged out: %(why)s.", why=away)
            return _form(request, "/", Problem(HTTPStatus.SERVICE_UNAVAILABLE, detail))
        response = RedirectResponse(PATH, HTTPStatus.SEE_OTHER)
        response.delete_cookie(COOKIE, httponly=True, samesite="strict")
        return response


def _form(request: Request, wanted: str, refused: Problem | None = None) -> Response:
    of = language_of(request)
    status = refused.status if refused else HTTPStatus.OK
    hours = round(LASTS.total_seconds() / 3600)
    address = f"{PATH}?next={quote(wanted)}"
    body = render(
        "login.html",
        of,
        path=PATH,
        address=address,
        wanted=wanted,
        refused=refused.detail if refused else "",
        hours=hours,
    )
    response = page_response(body, of, status)
    response.headers.update((refused and refused.headers) or {})
    return response
