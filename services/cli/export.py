"""`tuntas export`: a whole list as a file."""

import asyncio
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import aclosing, contextmanager
from pathlib import Path
from time import monotonic
from typing import IO, Annotated, Any, Final
from urllib.parse import urlencode

import typer
from rich.console import Console

from services.cli.progress import counting
from services.cli.reached import usable_database
from services.cli.whole_file import whole
from services.cli.wording import counted

FORMATS: Final = {
    "csv": "text/csv",
    "ndjson": "application/x-ndjson",
    "parquet": "application/vnd.apache.parquet",
}
LISTS: Final = (
    "purchased-classes",
    "purchases",
    "package-purchases",
    "classes",
    "packages",
    "first-completions",
    "rejections",
    "hints",
    "intake",
    "institutions",
    "partners",
)
STANDARD_OUTPUT: Final = "-"


def _filter(meaning: str) -> Any:
    return typer.Option(help=meaning, rich_help_panel="Filters, as the HTTP API has them")


def export(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="LIST", help=", ".join(LISTS) + ".")],
    out: Annotated[
        str, typer.Option(help="The file; it appears when it is whole. '-': standard output.")
    ],
    format: Annotated[  # noqa: A002 - the option's name
        str | None, typer.Option(help="csv, ndjson or parquet; unless given, the file's name says.")
    ] = None,
    time_zone: Annotated[
        str | None,
        typer.Option(
            help="Zone of the times in CSV and Parquet, such as Asia/Jakarta. [default: UTC]"
        ),
    ] = None,
    as_of: Annotated[
        str | None, _filter("What had happened by this time (RFC 3339) or the end of this day.")
    ] = None,
    partner: Annotated[str | None, _filter("Only what this partner sold or sent.")] = None,
    participant_id: Annotated[str | None, _filter("Only this participant.")] = None,
    class_code: Annotated[str | None, _filter("Only this class.")] = None,
    institution: Annotated[str | None, _filter("Only classes that it teaches.")] = None,
    title: Annotated[str | None, _filter("Only what has this in its title.")] = None,
    package_code: Annotated[str | None, _filter("Only what was bought in this package.")] = None,
    purchase: Annotated[str | None, _filter("active, refunded or none.")] = None,
    completion: Annotated[str | None, _filter("completed, in_progress or never_reported.")] = None,
    assessment: Annotated[str | None, _filter("passed, failed, assessed or not_assessed.")] = None,
    flag: Annotated[str | None, _filter("Only classes with this flag.")] = None,
    purchased_from: Annotated[
        str | None, _filter("First purchased then or later: a time or a day.")
    ] = None,
    purchased_to: Annotated[
        str | None, _filter("First purchased before then; of a day: on it or before.")
    ] = None,
    stalled_since: Annotated[
        str | None, _filter("Under way, and no word of them since then: a time or a day.")
    ] = None,
    purchased_least: Annotated[str | None, _filter("Purchased so often at least.")] = None,
    order: Annotated[
        str | None, _filter("A time or figure to order by; '-' in front: descending.")
    ] = None,
    state: Annotated[str | None, _filter("ready, missing or none.")] = None,
    from_: Annotated[
        str | None,
        typer.Option(
            "--from",
            help="Since then or later.",
            rich_help_panel="Filters, as the HTTP API has them",
        ),
    ] = None,
    to: Annotated[str | None, _filter("Since before then.")] = None,
    complete: Annotated[str | None, _filter("true: complete; false: incomplete.")] = None,
    after_sales_end: Annotated[str | None, _filter("true: sold after sales ended.")] = None,
    unresolved: Annotated[str | None, _filter("true: the package is not published yet.")] = None,
    refunded: Annotated[str | None, _filter("true: the whole was given back.")] = None,
    amount_differs: Annotated[
        str | None, _filter("true: stated prices do not add up to the amount.")
    ] = None,
    reason: Annotated[str | None, _filter("Only records rejected for this reason.")] = None,
    since: Annotated[
        str | None, _filter("Only records rejected then or later: a time or a day.")
    ] = None,
    until: Annotated[
        str | None, _filter("Only records rejected before then; of a day: on it or before.")
    ] = None,
    event_id: Annotated[str | None, _filter("Only records under this event id.")] = None,
    resolved: Annotated[str | None, _filter("true: the event was accepted later on.")] = None,
) -> None:
    """Write a whole list to a file: CSV, NDJSON or Parquet, from one snapshot, in constant memory.

    Days are those of Jakarta, as on the pages and in reports. docs/data-dictionary.md explains every column.
    """
    del time_zone, as_of, partner, class_code, institution, package_code, purchase, completion
    del participant_id, refunded, amount_differs, title, stalled_since, purchased_least, order
    del state, from_, to
    del assessment, flag, purchased_from, purchased_to, complete, after_sales_end, unresolved
    del reason, since, until, event_id, resolved
    own = {"name", "out", "format"}
    filters = {
        option.removesuffix("_"): value
        for option, value in context.params.items()
        if option not in own and value is not None
    }
    if name not in LISTS:
        raise typer.BadParameter(f"{name!r} is none of: {', '.join(LISTS)}")
    chosen = format or Path(out).suffix.removeprefix(".") or "csv"
    if chosen not in FORMATS:
        raise typer.BadParameter(f"{chosen!r} is none of: {', '.join(FORMATS)}; use --format")
    database_url = usable_database().database_url
    console = Console(stderr=True)
    started = monotonic()
    with (
        counting(console) as bars,
        _standard_output() if out == STANDARD_OUTPUT else whole(Path(out)) as file,
    ):
        bar = bars.add_task(name, total=None)
        rows = asyncio.run(
            write(
                database_url,
                name,
                FORMATS[chosen],
                filters,
                file,
                lambda written: bars.update(bar, completed=written),
            )
        )
    console.print(
        f"{counted(rows, 'row')} in {monotonic() - started:.1f} s: {out}", highlight=False
    )


async def write(
    database_url: str,
    name: str,
    media: str,
    filters: Mapping[str, str],
    file: IO[bytes],
    progress: Callable[[int], None],
) -> int:
    """Writes a list as the HTTP API would give it to an evaluator, and returns how many rows it has.

    Raises BadParameter for filters that the list does not have, and DatabaseUnavailable.
    """
    from services.cli.asking import answered  # noqa: PLC0415 - commands start fast
    from services.http.access import Caller  # noqa: PLC0415
    from services.http.app import ROUTES  # noqa: PLC0415
    from services.http.listing import Export  # noqa: PLC0415
    from services.http.pages.asking import instants  # noqa: PLC0415
    from services.http.parameters import check_zone, read_query  # noqa: PLC0415
    from services.http.routing import Asked  # noqa: PLC0415
    from services.http.sources import Sources  # noqa: PLC0415

    path = f"/v1/{name}"
    route = next(route for route in ROUTES if route.path == path)
    sources = Sources(database_url)
    try:
        with answered():
            query = read_query(urlencode(instants(filters, route)).encode(), route.parameters)
            check_zone(query, media)
            response = await route.respond(Asked(sources, Caller(), {}, query, media, path))
            assert isinstance(response, Export)  # noqa: S101 - a list route, asked for a file
            async with aclosing(response.pieces) as pieces:
                async for piece in pieces:
                    file.write(piece)
                    progress(response.file.written)
    finally:
        await sources.database.close()
    return response.file.written


@contextmanager
def _standard_output() -> Iterator[IO[bytes]]:
    yield sys.stdout.buffer
    sys.stdout.buffer.flush()
