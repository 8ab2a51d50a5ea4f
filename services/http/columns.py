"""Answers as flat rows for CSV: columns follow from the types.

A nested object's fields are columns with its name in front (``completion_state``). Lists of texts are joined by
semicolons; so are the fields of a list of objects, one column a field, in the same order. Objects of any shape are
JSON. Times are RFC 3339, null is empty, booleans are true and false.
"""

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from types import NoneType, UnionType
from typing import Any, NamedTuple, Union, get_args, get_origin, get_type_hints

import msgspec

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""A text that starts so is a formula to spreadsheet programs (OWASP, "CSV Injection")."""


class Column(NamedTuple):
    """One column: its name and the function from an item to the cell's value."""

    name: str
    value: Callable[[Any], Any]


def columns(of: type) -> tuple[Column, ...]:
    """The columns of a struct type."""
    return tuple(_columns(of, "", lambda item: item))


def header(of: Sequence[Column]) -> str:
    """The header line."""
    return _lines([[column.name for column in of]])


def rows(items: Iterable[Any], of: Sequence[Column]) -> str:
    """The lines of some items."""
    return _lines([[cell(column.value(item)) for column in of] for item in items])


def cell(value: Any) -> str | int | float:
    """One value as a cell; a text that a spreadsheet would calculate gets an apostrophe in front."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return value
    text = _text(value)
    return "'" + text if text.startswith(FORMULA_STARTS) else text


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, list):
        return ";".join(_text(part) for part in value)
    text = msgspec.json.encode(value).decode()
    return text.strip('"') if isinstance(value, datetime) else text


def _lines(cells: Iterable[Iterable[Any]]) -> str:
    out = io.StringIO()
    csv.writer(out).writerows(cells)
    return out.getvalue()


def _columns(of: type, prefix: str, reach: Callable[[Any], Any]) -> Iterable[Column]:
    for name, kind in get_type_hints(of).items():
        if name.startswith("__"):
            continue
        single = _without_none(kind)
        reached = _field(reach, name)
        if _is_struct(single):
            yield from _columns(single, f"{prefix}{name}_", reached)
        elif get_origin(single) is list and _is_struct(get_args(single)[0]):
            for part in _columns(get_args(single)[0], f"{prefix}{name}_", lambda item: item):
                yield Column(part.name, _each(reached, part.value))
        else:
            yield Column(prefix + name, reached)


def _is_struct(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def _without_none(kind: Any) -> Any:
    if get_origin(kind) in {Union, UnionType}:
        parts = [part for part in get_args(kind) if part is not NoneType]
        return parts[0] if len(parts) == 1 else kind
    return kind


def _field(reach: Callable[[Any], Any], name: str) -> Callable[[Any], Any]:
    def value(item: Any) -> Any:
        holder = reach(item)
        return None if holder is None else getattr(holder, name)

    return value


def _each(reach: Callable[[Any], Any], part: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def value(item: Any) -> Any:
        return [part(element) for element in reach(item) or ()]

    return value
