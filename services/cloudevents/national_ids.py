"""Whether the bytes of a refused record hold a national id where they could: then they are not kept.

An identifier that is one refuses its event as ``personal_data`` (faults.py). A record that is refused for another
reason may hold one all the same: in a field that the contract does not know, in a header, in what is no JSON. So what
is looked at here is every text and number of a record, whatever it stands for.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from services.cloudevents.identifiers import is_national_id
from services.cloudevents.json_text import Malformed, parse

_RUN: Final = re.compile(
    rb"(?<![0-9A-Za-z.])(?<![0-9A-Za-z][_/-])(?<![0-9] )"
    rb"[0-9](?:[ _/-]?[0-9]){15}"
    rb"(?![ _/.-]?[0-9]|[_/-]?[A-Za-z])"
)
"""16 digits and no more, alone or grouped; not part of an identifier with letters, nor of a fraction."""

MAX_BYTES: Final = 256 * 1024
"""A larger value is not whole, and so no JSON."""

_QUOTED: Final = re.compile(rb'"([^"A-Za-z\\]{16,64})"')


def carries_national_id(
    key: bytes | None, headers: Sequence[tuple[str, bytes]], value: bytes | None
) -> bool:
    """Whether key, a header or its name, or the value (or its beginning) holds what looks like a national id."""
    texts = [key or b"", value or b"", *(content for _, content in headers)]
    texts += [name.encode(errors="replace") for name, _ in headers]
    if any(_RUN.search(text) or _is_one(text) for text in texts):
        return True
    if any(_is_one(quoted) for quoted in _QUOTED.findall(value or b"")):
        return True
    if value is None or len(value) > MAX_BYTES:
        return False
    tree = parse(value)
    return not isinstance(tree, Malformed) and any(map(is_national_id, _texts(tree)))


def _is_one(text: bytes) -> bool:
    return len(text) <= 256 and is_national_id(text.decode(errors="replace"))


def _texts(tree: object) -> Iterator[str]:
    """Every text of a JSON value, names of fields and whole numbers among them."""
    pending = [tree]
    while pending:
        value = pending.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            pending += value
            pending += value.values()
        elif isinstance(value, list):
            pending += value
        elif isinstance(value, float) and value.is_integer():
            yield f"{abs(value):.0f}"
