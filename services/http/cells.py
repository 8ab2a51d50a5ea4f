"""Values as cells of CSV, of which no spreadsheet makes a formula (OWASP, "CSV Injection").

Where people write a comma in numbers, spreadsheets separate cells by semicolons: a text that holds one becomes several
cells, each of which may begin as a formula does, and quotes do not help, since they stand within a cell then. So an
apostrophe stands before every place where a formula could begin: at a text's start and behind each semicolon, tab and
line break in it. Numbers are numbers.
"""

import re
from datetime import datetime
from typing import Any, Final

import msgspec

_STARTS: Final = "=+\\-@＝＋－＠﹦﹢﹣﹫−"
"""What a formula begins with; spreadsheets read the full-width, small and typographic forms as the plain ones."""

_BLANKS: Final = '\\s\\0"\u200b\u2060\ufeff\u180e'
"""What spreadsheets leave out before it, and quotes, which pair up with those that CSV puts around a text."""

_RISKY: Final = re.compile(f"(^|[;\\t\\r\\n])(?=[{_BLANKS}]*[{_STARTS}])|^(?=[\\t\\r\\n])")


def cell(value: Any) -> str | int | float:
    """One value as a cell."""
    if not isinstance(value, str):
        if value is None:
            return ""
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, int | float):
            return value
    return _text(value)


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return safe(value)
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, list):
        return ";".join([_text(part) for part in value])
    # Within JSON a semicolon stands in texts alone, where it may be written so.
    return msgspec.json.encode(value).decode().replace(";", "\\u003b")


def safe(text: str) -> str:
    """A text with an apostrophe before every place where a formula could begin."""
    if not text or (text[0].isalnum() and ";" not in text and text.isprintable()):
        return text
    return _RISKY.sub(r"\1'", text)
