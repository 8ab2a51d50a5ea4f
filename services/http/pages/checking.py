"""A box for events: what would become of them, were they sent now, as ``tuntas check`` says it. Nothing is kept."""

import time
from collections import Counter
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from domain.telling import tell
from domain.vocabulary import PARTNERS
from services.asyncapi.mending import MENDINGS
from services.http.access import Caller
from services.http.pages.context import visit_of
from services.http.pages.languages import form_fields
from services.http.pages.own import is_own
from services.http.pages.rendering import page
from services.http.problems import Problem
from services.intake.offline import check_lines

PATH: Final = "/check"
MOST_FORM_BYTES: Final = 900_000
MOST_TEXT: Final = 300_000
MOST_LINES: Final = 500


class Checking:
    """The page."""

    template = PATH
    methods = frozenset({"GET", "HEAD", "POST"})

    async def show(self, request: Request, caller: Caller, names: Mapping[str, str]) -> Response:
        """The form, with what would become of the events that were pasted. Raises Problem."""
        del names
        visit = visit_of(request, caller, None)
        context: dict[str, Any] = {
            "text": "",
            "partner": caller.partner or "",
            "lines": None,
            "outcomes": {},
        }
        context |= {"most_lines": MOST_LINES, "cut": False, "reasons": set()}
        context["examples"] = [
            {
                "reason": str(each.reason),
                "told": visit.language.gettext(each.told),
                "bad": visit.language.gettext(each.bad.shown)
                if each.bad.shown
                else _text(each.bad.value),
                "mended": _text(each.mended.value),
            }
            for each in MENDINGS
        ]
        if request.method == "POST":
            if not is_own(request):
                detail = tell("This form has to be sent from this site.")
                raise Problem(HTTPStatus.FORBIDDEN, detail)
            fields = await form_fields(request, MOST_FORM_BYTES)
            context |= self._checked(fields, caller)
        return page(visit, "check.html", **context)

    def _checked(self, fields: Mapping[str, str], caller: Caller) -> dict[str, Any]:
        text = fields.get("events", "")[:MOST_TEXT]
        partner = caller.partner or fields.get("partner", "")
        lines = as_lines(text)
        sent_ms = time.time_ns() // 1_000_000
        topic = partner if partner in PARTNERS else None
        found = [
            msgspec.to_builtins(each) for each in check_lines(lines[:MOST_LINES], topic, sent_ms)
        ]
        return {
            "text": text,
            "partner": partner,
            "lines": found,
            "outcomes": Counter(each["outcome"] for each in found),
            "cut": len(lines) > MOST_LINES,
            "reasons": {each["reason"] for each in found},
        }


def _text(value: bytes) -> str:
    """An event of an example, laid out in lines where it is JSON."""
    try:
        return msgspec.json.format(value, indent=2).decode()
    except msgspec.DecodeError:
        return value.decode()


def as_lines(text: str) -> list[bytes]:
    """A line an event: JSON Lines as they are; one object, or a list of some, however it is laid out."""
    try:
        whole = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError):
        return text.encode(errors="surrogatepass").splitlines()
    if isinstance(whole, list):
        return [msgspec.json.encode(each) for each in whole]
    # As it was sent: encoding it anew would hide what the intake sees, such as a name that stands twice.
    return [" ".join(text.splitlines()).encode(errors="surrogatepass")]
