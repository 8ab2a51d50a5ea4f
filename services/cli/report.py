"""`tuntas report`: the season's evaluation to look at and to print."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Annotated, Any, Final

import typer
from rich.console import Console

from domain.vocabulary import PARTNERS
from services.cli.progress import progress
from services.cli.reached import usable_database
from services.cli.whole_file import whole
from services.running.kafka import asked_once
from services.settings import Settings

SUFFIXES: Final = {".html", ".pdf"}


def report(
    out: Annotated[
        list[Path],
        typer.Option(help="The file, .html or .pdf; may be given for both.", dir_okay=False),
    ],
    as_of: Annotated[
        str | None,
        typer.Option(help="What had happened by this time (RFC 3339) or the end of this day."),
    ] = None,
    partner: Annotated[str | None, typer.Option(help="Only this partner.")] = None,
    language: Annotated[
        str, typer.Option(help="Of its words, numbers and dates: id or en.")
    ] = "en",
) -> None:
    """Write the season's evaluation, with charts: first what was paid for classes not attended or not finished.

    The auditors' cut-off: --as-of 2020-12-31.
    """
    if partner is not None and partner not in PARTNERS:
        raise typer.BadParameter(f"{partner!r} is none of: {', '.join(PARTNERS)}")
    from services.language.catalogue import LOCALES  # noqa: PLC0415 - commands start fast

    if language not in LOCALES:
        raise typer.BadParameter(f"{language!r} is none of: {', '.join(LOCALES)}")
    for file in out:
        if file.suffix not in SUFFIXES:
            raise typer.BadParameter(f"{file} ends in neither .html nor .pdf")
    settings = usable_database()
    console = Console(stderr=True)
    started = monotonic()
    with progress(transient=True) as bars:
        bar = bars.add_task("Asking", total=2 * (1 if partner else len(PARTNERS)) + 3)
        document = asyncio.run(
            _document(settings, partner, as_of, language, lambda: bars.advance(bar))
        )
        for file in out:
            bars.update(bar, description=f"Writing {file.name}")
            with whole(file) as stream:
                stream.write(_rendered(document, file.suffix))
    written = ", ".join(str(file) for file in out)
    console.print(f"{written} in {monotonic() - started:.1f} s", highlight=False)


def _rendered(document: Any, suffix: str) -> bytes:
    from services.report.html import html  # noqa: PLC0415
    from services.report.pdf import pdf  # noqa: PLC0415

    return html(document) if suffix == ".html" else pdf(document)


async def _document(
    settings: Settings,
    partner: str | None,
    as_of: str | None,
    code: str,
    asked: Callable[[], None],
) -> Any:
    """The report's document, in the language of a code. Raises BadParameter, DatabaseUnavailable."""
    from services.cli.asking import answered  # noqa: PLC0415 - commands start fast
    from services.http.access import Caller  # noqa: PLC0415
    from services.http.app import ROUTES  # noqa: PLC0415
    from services.http.kafka_view import AskedOnce  # noqa: PLC0415
    from services.http.pages.asker import Asker  # noqa: PLC0415
    from services.http.pages.asking import instants  # noqa: PLC0415
    from services.http.sources import Sources  # noqa: PLC0415
    from services.language.language import language  # noqa: PLC0415
    from services.report.figures import gather  # noqa: PLC0415
    from services.report.season import season  # noqa: PLC0415

    routes = {route.name: route for route in ROUTES}
    sources = Sources(settings.database_url)
    sources.kafka = AskedOnce(asked_once(settings))
    asker = Asker(routes, sources)
    caller = Caller(partner)

    async def answer(route: str, path: Mapping[str, str], **query: str) -> Any:
        found = await asker.ask(route, caller, path, query, routes[route].path)
        asked()
        return found

    given = {} if as_of is None else {"as_of": as_of}
    at = instants(given, routes["partners"]).get("as_of")
    try:
        with answered():
            gathered = await gather(answer, [partner] if partner else list(PARTNERS), at)
    finally:
        await sources.database.close()
    made = datetime.now(UTC).isoformat()
    return season(gathered, partner=partner, as_of=at, made=made, language=language(code))
