"""`tuntas events`: what became of the events whose ids a file lists."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console

from domain.vocabulary import PARTNERS
from services.cli.reached import usable_database

CHUNK = 400


def events(
    file: Annotated[
        typer.FileBinaryRead,
        typer.Argument(help="An id a line, or the events as JSON Lines; - is standard input."),
    ],
    partner: Annotated[str, typer.Option(help="Whose events they are.")],
) -> None:
    """Say what became of each event: accepted and where, repeated, rejected and why, or never seen.

    One JSON object a line, in the order of the file; the sums follow on standard error. Exit 1 when any event was never
    seen or only rejected.
    """
    if partner not in PARTNERS:
        raise typer.BadParameter(f"{partner!r} is none of: {', '.join(PARTNERS)}")
    database_url = usable_database().database_url
    outcomes: Counter[str] = Counter()
    with file:
        asyncio.run(_ask(database_url, partner, ids(file), outcomes))
    told = ", ".join(
        f"{count:,} {outcome.replace('_', ' ')}" for outcome, count in outcomes.items()
    )
    Console(stderr=True).print(told or "The file names no event.", highlight=False)
    raise typer.Exit(1 if outcomes.total() > outcomes["accepted"] else 0)


def ids(lines: Any) -> Iterator[str]:
    """The id of each line: the line itself, or that of the event it holds; lines without one are passed over."""
    for line in lines:
        text = line.decode(errors="replace").strip()
        if text.startswith("{"):
            try:
                found = msgspec.json.decode(line)
            except msgspec.DecodeError:
                continue
            text = found.get("id")
        if isinstance(text, str) and text and "\0" not in text:
            yield text


async def _ask(
    database_url: str, partner: str, wanted: Iterator[str], outcomes: Counter[str]
) -> None:
    from domain.vocabulary import PARTNER_IDS  # noqa: PLC0415 - commands start fast
    from projections.reading.events import EventFate, fates  # noqa: PLC0415
    from projections.reading.session import Session  # noqa: PLC0415
    from services.http.sources import Sources  # noqa: PLC0415

    sources = Sources(database_url)
    try:
        while chunk := tuple(islice(wanted, CHUNK)):

            async def read(session: Session, chunk: tuple[str, ...] = chunk) -> list[EventFate]:
                return await fates(session, PARTNER_IDS[partner], chunk)

            for fate in await sources.database.read_snapshot(read):
                outcomes[fate.outcome] += 1
                typer.echo(msgspec.json.encode(fate))
    finally:
        await sources.database.close()
