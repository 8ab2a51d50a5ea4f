"""One search box: participants, purchases and events by their ids, classes, packages and institutions by name or code.

Ids are looked up as they were typed, in small letters and in capitals; certificate numbers and redeem codes in whatever
case. Names are searched in the catalogue in memory, so that no search reads a table from end to end.
"""

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any, Final, TypeAlias

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from domain.vocabulary import PARTNER_CODES
from projections.reading import codes
from projections.reading.catalogue import Known
from projections.reading.codes import Coded
from projections.reading.session import Session
from services.http.access import Caller
from services.http.pages.asker import Asker
from services.http.pages.asking import page_path, place
from services.http.pages.context import visit_of
from services.http.pages.rendering import page
from services.http.pages.suggestions import names_in

PATH: Final = "/find"
MOST_LETTERS: Final = 256
MOST_HITS: Final = 20
KINDS: Final = (
    "participant",
    "purchase",
    "certificate",
    "redeem_code",
    "event",
    "class",
    "package",
    "institution",
)
FEWEST_LETTERS: Final = 2
"""Names are searched for so many letters at least."""


class Finding:
    """The page."""

    template = PATH
    methods = frozenset({"GET", "HEAD"})

    def __init__(self, asker: Asker) -> None:
        self._asker = asker

    async def show(self, request: Request, caller: Caller, names: Mapping[str, str]) -> Response:
        """On to what was found, where it is one thing; else a list. Raises DatabaseAway."""
        del names
        visit = visit_of(request, caller, None)
        wanted = visit.sent.get("q", "")[:MOST_LETTERS]
        if not wanted:
            return RedirectResponse("/", HTTPStatus.SEE_OTHER)
        hits = await self._by_id(caller, wanted)
        if not hits:
            hits = [hit async for hit in self._by_name(caller, wanted)]
        if len(hits) == 1:
            found = page_path(hits[0]["link"], visit.as_of)
            return RedirectResponse(found, HTTPStatus.SEE_OTHER)
        groups = {kind: [hit for hit in hits if hit["kind"] == kind] for kind in KINDS}
        return page(visit, "find.html", wanted=wanted, groups=groups, most=MOST_HITS)

    async def _by_id(self, caller: Caller, wanted: str) -> list[dict[str, Any]]:
        if "\0" in wanted:
            return []
        spelled = list(dict.fromkeys((wanted, wanted.upper(), wanted.lower())))
        hits = [
            _hit("participant", name, "participants", name, "classes")
            for name in spelled
            if await self._is_participant(caller, name)
        ]
        partner_ids = caller.partner_ids(None)

        async def read(session: Session) -> tuple[list[tuple[str, str, str]], list[Coded]]:
            return (
                await codes.named(session, partner_ids, spelled),
                await codes.found(session, partner_ids, wanted, MOST_HITS),
            )

        named, coded = await self._asker.sources.of(caller).database.read_snapshot(read)
        for kind, partner, name in named:
            if kind == "event":
                hits.append(_hit("event", name, "events", partner, name, partner=partner))
            elif await self._asker.known(
                "purchase", caller, {"partner": partner, "purchase_id": name}
            ):
                hits.append(_hit("purchase", name, "purchases", partner, name, partner=partner))
        for each in coded:
            of_class = (
                "participants",
                each.participant_id,
                "classes",
                each.partner,
                each.class_code,
            )
            hits.append(
                _hit(
                    each.kind,
                    each.code,
                    *of_class,
                    "history",
                    partner=each.partner,
                    code=each.participant_id,
                )
            )
        return hits

    async def _is_participant(self, caller: Caller, name: str) -> bool:
        for query in ({}, {"purchase": "none"}):
            names = {"participant_id": name}
            found = await self._asker.known("participant_classes", caller, names, query)
            if found is not None and found["items"]:
                return True
        return False

    async def _by_name(self, caller: Caller, wanted: str) -> Any:
        if len(wanted) < FEWEST_LETTERS:
            return
        async with self._asker.sources.of(caller).snapshot() as (_, known):
            partner_ids = caller.partner_ids(None)
            for group in (
                titled("class", "classes", classes_in(known, partner_ids), wanted),
                titled("package", "packages", packages_in(known, partner_ids), wanted),
                institutions_named(known, partner_ids, wanted),
            ):
                for hit in sorted(group, key=lambda hit: not hit["is_exact"])[:MOST_HITS]:
                    yield hit


Titled: TypeAlias = Iterable[tuple[str, str, str | None]]
"""Partner, code and title."""


def classes_in(known: Known, partner_ids: tuple[int, ...]) -> Titled:
    """Every class that some partners have published."""
    for partner_id in partner_ids:
        catalogue = known.of(partner_id).catalogue
        for code in catalogue.standing_classes:
            yield PARTNER_CODES[partner_id], code, catalogue.terms(code).title


def packages_in(known: Known, partner_ids: tuple[int, ...]) -> Titled:
    """Every package that some partners have published."""
    for partner_id in partner_ids:
        catalogue = known.of(partner_id).catalogue
        for code in catalogue.standing_packages:
            yield PARTNER_CODES[partner_id], code, catalogue.package_title(code)


def titled(kind: str, room: str, every: Titled, wanted: str) -> Iterable[dict[str, Any]]:
    """Those whose code or title holds a text, in whatever case."""
    sought = wanted.casefold()
    for partner, code, title in every:
        if sought in code.casefold() or sought in (title or "").casefold():
            is_exact = sought == code.casefold()
            parts = (room, partner, code, "evaluation")
            yield _hit(kind, title or code, *parts, partner=partner, code=code, is_exact=is_exact)


def institutions_named(
    known: Known, partner_ids: tuple[int, ...], wanted: str
) -> Iterable[dict[str, Any]]:
    """Institutions whose name holds a text, in whatever case."""
    sought = wanted.casefold()
    for name in names_in(known, partner_ids):
        if sought in name.casefold():
            yield _hit(
                "institution",
                name,
                "institutions",
                name,
                "evaluation",
                is_exact=sought == name.casefold(),
            )


def _hit(
    kind: str, text: str, *parts: str, partner: str = "", code: str = "", is_exact: bool = True
) -> dict[str, Any]:
    return {
        "kind": kind,
        "text": text,
        "link": place(*parts),
        "partner": partner,
        "code": code,
        "is_exact": is_exact,
    }
