"""The report of all, or of what a page is about (partner, institution, class, package), as of its day, as a file."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from typing import Any, Final

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from domain.telling import tell
from domain.vocabulary import PARTNERS
from services.http.access import Caller
from services.http.pages.asker import Asker
from services.http.pages.asking import day_of, instants
from services.http.pages.context import visit_of
from services.http.problems import Problem
from services.http.safe_headers import SAFE
from services.http.turns import Turns
from services.language.catalogue import LOCALES
from services.language.language import Language, language
from services.report.document import Document
from services.report.figures import gather
from services.report.html import html
from services.report.package import package
from services.report.pdf import pdf
from services.report.scope import scope
from services.report.season import season

FORMATS: Final = {"html": (html, "text/html; charset=utf-8"), "pdf": (pdf, "application/pdf")}
NO_SUCH: Final = tell("a report is `html` or `pdf`, in `id` or `en`")


class Asked(Struct, frozen=True):
    """What a report is asked of: who asks, in which language, and the parameters of every question."""

    caller: Caller
    language: Language
    query: Mapping[str, str]


class Reporting:
    """The report of one kind of page."""

    methods = frozenset({"GET", "HEAD"})

    def __init__(self, template: str, asker: Asker, turns: Turns) -> None:
        """``turns``: a report takes a second of one processor."""
        self.template = template
        self._asker = asker
        self._turns = turns

    async def show(self, request: Request, caller: Caller, names: Mapping[str, str]) -> Response:
        """The file. Raises Problem and DatabaseAway."""
        route = self._asker.routes["partners"]
        visit = visit_of(request, caller, route)
        chosen = visit.own.get("format", "html")
        code = visit.sent.get("language", visit.language.code)
        if chosen not in FORMATS or code not in LOCALES:
            raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, NO_SUCH)
        query = instants({"as_of": visit.as_of} if visit.as_of else {}, route)
        asked = Asked(caller, language(code), query)
        async with self._turns:
            document = await self._document(asked, names)
            render, media = FORMATS[chosen]
            content = await asyncio.to_thread(render, document)
        parts = ["tuntas", *names.values(), day_of(visit.as_of or ""), code]
        name = "-".join(filter(None, (_plain(part) for part in parts)))
        disposition = f'attachment; filename="{name}.{chosen}"'
        return Response(content, 200, {**SAFE, "Content-Disposition": disposition}, media)

    async def _document(self, asked: Asked, names: Mapping[str, str]) -> Document:
        made = datetime.now(UTC).isoformat()
        if "class_code" in names:
            evaluation = await self._asker.ask("class_evaluation", asked.caller, names, asked.query)
            about = evaluation["title"] or names["class_code"]
            partner = evaluation["partner"]
            of_class: Mapping[str, Any] = {**evaluation, "name": PARTNERS[partner]}
            series = [await self._months("class_series", asked.caller, names, asked.query)]
            return scope(about, [of_class], series, made=made, language=asked.language)
        if "package_code" in names:
            sold = await self._asker.ask("package_evaluation", asked.caller, names, asked.query)
            months = await self._months("package_series", asked.caller, names, asked.query)
            return package(sold, months, made=made, language=asked.language)
        if "institution" in names:
            shares, series = await self._of_institution(asked, names)
            about = names["institution"]
            return scope(about, shares, series, made=made, language=asked.language)
        partner = names.get("partner", asked.caller.partner)
        if partner is not None:
            asked.caller.partner_of_path(partner)
        caller = Caller(partner, asked.caller.share)

        async def ask(route: str, path: Mapping[str, str], **query: str) -> Any:
            return await self._asker.ask(route, caller, path, query, self._asker.routes[route].path)

        at = asked.query.get("as_of")
        gathered = await gather(ask, [partner] if partner else list(PARTNERS), at)
        return season(gathered, partner=partner, as_of=at, made=made, language=asked.language)

    async def _of_institution(
        self, asked: Asked, names: Mapping[str, str]
    ) -> tuple[list[Mapping[str, Any]], list[Sequence[Mapping[str, Any]]]]:
        """What each partner sells of an institution: its evaluation, and its series."""
        whole = await self._asker.ask("institution_evaluation", asked.caller, names, asked.query)
        shares: list[Mapping[str, Any]] = []
        series: list[Sequence[Mapping[str, Any]]] = []
        for partner in whole["partners"]:
            caller = Caller(partner, asked.caller.share)
            of = await self._asker.ask("institution_evaluation", caller, names, asked.query)
            shares.append({**of, "name": PARTNERS[partner]})
            series.append(await self._months("institution_series", caller, names, asked.query))
        return shares, series

    async def _months(
        self, route: str, caller: Caller, names: Mapping[str, str], query: Mapping[str, str]
    ) -> Sequence[Mapping[str, Any]]:
        by_month = {**query, "by": "month", "limit": "1000"}
        found: Sequence[Mapping[str, Any]] = (
            await self._asker.ask(route, caller, names, by_month)
        )["items"]
        return found


def reports(asker: Asker) -> list[Reporting]:
    """Every report that pages lead to; one is made at a time."""
    of = partial(Reporting, asker=asker, turns=Turns(1, tell("reports")))
    return [
        of("/report"),
        of("/partners/{partner}/report"),
        of("/institutions/{institution}/report"),
        of("/classes/{partner}/{class_code}/report"),
        of("/packages/{partner}/{package_code}/report"),
    ]


def _plain(text: str) -> str:
    """What of a text may stand in the name of a file."""
    kept = "".join(each if each.isascii() and each.isalnum() else "-" for each in text)
    return "-".join(filter(None, kept.split("-")))[:60]
