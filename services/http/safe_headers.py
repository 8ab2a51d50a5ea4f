"""Headers that every answer has, unless it says otherwise itself: no cache keeps it, no browser guesses its type."""

from typing import Final

from starlette.types import Message

SAFE: Final = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
RAW: Final = [(name.lower().encode(), value.encode()) for name, value in SAFE.items()]


def made_safe(message: Message) -> Message:
    """The start of an answer with the headers that it lacks."""
    headers = message["headers"]
    if headers[: len(RAW)] == RAW:
        return message
    there = {name for name, _ in headers}
    added = [header for header in RAW if header[0] not in there]
    return {**message, "headers": [*headers, *added]} if added else message
