"""Which of the offered media types an Accept header prefers (RFC 9110, section 12.5.1)."""

from collections.abc import Sequence
from http import HTTPStatus

from services.http.problems import Problem

JSON = "application/json"
CSV = "text/csv"
NDJSON = "application/x-ndjson"
PARQUET = "application/vnd.apache.parquet"
SPREADSHEETS = {"id": "text/csv; spreadsheet=id", "en": "text/csv; spreadsheet=en"}
"""CSV as spreadsheets open it where a language is spoken; pages offer it, Accept headers do not choose it."""


def preferred(accept: str | None, offered: Sequence[str]) -> str:
    """The offered media type that the header likes best; the first one where it does not care.

    Raises 406 when it accepts none of them.
    """
    if not accept or accept == "*/*":
        return offered[0]
    ranges = [_range(part) for part in accept.split(",") if part.strip()]
    best, quality = "", 0.0
    for media in offered:
        liked = _quality(media, ranges)
        if liked > quality:
            best, quality = media, liked
    if not best:
        raise Problem(HTTPStatus.NOT_ACCEPTABLE, f"this answer is given as {' or '.join(offered)}")
    return best


def _range(part: str) -> tuple[str, float]:
    media, *parameters = (piece.strip().lower() for piece in part.split(";"))
    quality = 1.0
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                quality = float(value)
            except ValueError:
                quality = 0.0
    return media, quality


def _quality(media: str, ranges: Sequence[tuple[str, float]]) -> float:
    """The quality of the most specific range that matches."""
    main = media.partition("/")[0]
    for candidate in (media, f"{main}/*", "*/*"):
        for accepted, quality in ranges:
            if accepted == candidate:
                return quality
    return 0.0
