"""Answers as flat rows for CSV: columns follow from the types.

A nested object's fields are columns with its name in front (``completion_state``). Lists of texts are joined by
semicolons; so are the fields of a list of objects, one column a field, in the same order. Objects of any shape are
JSON. Times are RFC 3339 in UTC unless a zone is asked for, null is empty, booleans are true and false.
"""

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, tzinfo
from types import GenericAlias, NoneType, UnionType
from typing import Annotated, Any, NamedTuple, Union, get_args, get_origin, get_type_hints

import msgspec

from services.http.cells import cell


class Column(NamedTuple):
    """One column: its name, the function from an item to the cell's value, its type and its meaning.

    ``kind`` is a list where the column has several values an item; ``nullable``: a value may be absent.
    """

    name: str
    value: Callable[[Any], Any]
    kind: Any
    nullable: bool
    meaning: str


def columns(of: type) -> tuple[Column, ...]:
    """The columns of a struct type."""
    return tuple(_columns(of, "", lambda item: item, nullable=False))


def in_zone(of: Sequence[Column], zone: tzinfo) -> tuple[Column, ...]:
    """The same columns with their times in a zone."""
    return tuple(
        column._replace(value=_zoned(column.value, zone)) if _is_time(column.kind) else column
        for column in of
    )


def header(of: Sequence[Column], delimiter: str = ",") -> str:
    """The header line."""
    return _lines([[column.name for column in of]], delimiter)


def rows(items: Iterable[Any], of: Sequence[Column], *, decimal_comma: bool = False) -> str:
    """The lines of some items. ``decimal_comma``: as spreadsheets read them where a comma stands in numbers."""
    cells = [[cell(column.value(item)) for column in of] for item in items]
    if not decimal_comma:
        return _lines(cells)
    return _lines([[_with_comma(each) for each in row] for row in cells], ";")


def _with_comma(value: str | float) -> str | int:
    return str(value).replace(".", ",") if isinstance(value, float) else value


def _lines(cells: Iterable[Iterable[Any]], delimiter: str = ",") -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows(cells)
    return out.getvalue()


def _columns(
    of: type, prefix: str, reach: Callable[[Any], Any], *, nullable: bool
) -> Iterable[Column]:
    hints = get_type_hints(of, include_extras=True)
    for name in of.__struct_fields__:  # type: ignore[attr-defined]
        annotated, meaning = _annotation(hints[name])
        kind = _without_none(annotated)
        optional = nullable or kind != annotated
        reached = _field(reach, name)
        if _is_struct(kind):
            yield from _columns(kind, f"{prefix}{name}_", reached, nullable=optional)
        elif get_origin(kind) is list and _is_struct(get_args(kind)[0]):
            element = get_args(kind)[0]
            for part in _columns(element, f"{prefix}{name}_", lambda item: item, nullable=False):
                yield part._replace(
                    value=_each(reached, part.value),
                    kind=GenericAlias(list, (part.kind,)),
                    nullable=optional,
                )
        else:
            yield Column(prefix + name, reached, kind, optional, meaning)


def _is_time(kind: Any) -> bool:
    return kind is datetime or datetime in get_args(kind)


def _zoned(value: Callable[[Any], Any], zone: tzinfo) -> Callable[[Any], Any]:
    def zoned(item: Any) -> Any:
        found = value(item)
        if isinstance(found, list):
            return [None if time is None else time.astimezone(zone) for time in found]
        return None if found is None else found.astimezone(zone)

    return zoned


def _annotation(hint: Any) -> tuple[Any, str]:
    """A type hint as its type and the meaning that is annotated beside it."""
    if get_origin(hint) is not Annotated:
        return hint, ""
    kind, *beside = get_args(hint)
    meanings = [meta.description for meta in beside if isinstance(meta, msgspec.Meta)]
    return kind, next((meaning for meaning in meanings if meaning), "")


def _is_struct(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def _without_none(kind: Any) -> Any:
    if get_origin(kind) in {Union, UnionType}:
        parts = [part for part in get_args(kind) if part is not NoneType]
        return Union[tuple(parts)]  # noqa: UP007 - of as many as there are
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
