"""The data dictionary: every column of an exported list and every object of an answer, from their types.

``python -m services.http.dictionary > docs/data-dictionary.md`` writes it anew.
"""

import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from types import NoneType, UnionType
from typing import (
    Annotated,
    Any,
    Final,
    Literal,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

import msgspec

from domain.errors import Reason
from domain.vocabulary import (
    ASSESSMENT_STATES,
    COMPLETION_STATES,
    FLAGS,
    PURCHASE_FLAGS,
    PURCHASE_STATES,
)
from services.http.columns import columns
from services.http.routing import LIST, Route

INTRODUCTION: Final = """# Data dictionary

Made from the types of the answers by `python -m services.http.dictionary`; a test holds it to them.

Times are UTC: RFC 3339 ending in Z in JSON and CSV, `timestamp[us, UTC]` in Parquet. What was paid on 30 June in
Jakarta before 7 in the morning therefore lies on 29 June there; pages and reports show Jakarta's time (WIB, UTC+7)
and say so. `time_zone=Asia/Jakarta`, or `tuntas export --time-zone Asia/Jakarta`, writes the same instants into CSV
and Parquet in that zone: `2020-06-30T06:59:59+07:00`, `timestamp[us, Asia/Jakarta]`; the response's header
`Tuntas-Time-Zone` names it. A day that `tuntas export` and `tuntas report` take (`--as-of 2020-12-31`) is Jakarta's,
up to its last moment. Codes and ids are texts, unique
within their partner. A scaled score is (raw − min) / (max − min), from 0 to 1. "May be absent" is null in JSON and
Parquet and an empty cell in CSV; what its absence says stands beside it.

Every list is given as `text/csv`, `application/x-ndjson` and `application/vnd.apache.parquet` by the HTTP API, and
written to a file by `tuntas export`. NDJSON has the objects of the second part. CSV and Parquet have flat columns: the
fields of an object within a row have its name in front. Of a list of objects there is one column a field; its values
stand in the same order in each: joined by semicolons in CSV, a list in Parquet.

In CSV no text is a formula to a spreadsheet, whether it separates cells by commas or by semicolons: an apostrophe
stands before `=`, `+`, `-`, `@` and their full-width forms where a text begins with one, after blanks or not, and where
one follows a semicolon, tab or line break within a text; also before a text that begins with a tab or line break. A
semicolon within JSON is `\\u003b`. Who needs a text as it was sent reads NDJSON or Parquet. Numbers stay numbers.
"""

WORDS: Final = {
    "State of purchase": PURCHASE_STATES,
    "State of completion": COMPLETION_STATES,
    "State of assessment": ASSESSMENT_STATES,
    "Flags": FLAGS,
    "Flags of purchases": PURCHASE_FLAGS,
    "Reasons of rejections": tuple(str(reason) for reason in Reason),
}


def data_dictionary(routes: Sequence[Route]) -> str:
    """The document, in Markdown."""
    return "\n".join([INTRODUCTION, *_lists(routes), *_objects(routes), *_words()])


def listed(route: Route) -> Any:
    """The type of the items of a list route's answer."""
    return _fields_of(route.answer)["items"].kind.__args__[0]


class _Field(msgspec.Struct, frozen=True):
    kind: Any
    nullable: bool
    meaning: str


def _lists(routes: Sequence[Route]) -> Iterator[str]:
    yield "## Columns of the lists\n"
    for route in routes:
        if route.media != LIST or "{" in route.path:
            continue
        item = listed(route)
        yield f"### {route.path.removeprefix('/v1/')}\n"
        yield f"{route.summary}. One row: {_doc(item)} (`{item.__name__}`)\n"
        yield "| column | type | may be absent | meaning |\n| --- | --- | --- | --- |"
        for column in columns(item):
            absent = "yes" if column.nullable else ""
            yield f"| `{column.name}` | {_named(column.kind)} | {absent} | {column.meaning} |"
        yield ""


def _objects(routes: Sequence[Route]) -> Iterator[str]:
    yield "## Objects of the answers\n"
    yield "| route | answer |\n| --- | --- |"
    for route in routes:
        yield f"| `{route.path}` | {_named(route.answer)} |"
    yield ""
    for kind in _reached([route.answer for route in routes]):
        yield f"### {_title(kind)}\n"
        yield f"{_doc(kind)}\n"
        yield "| field | type | may be absent | meaning |\n| --- | --- | --- | --- |"
        for name, field in _fields_of(kind).items():
            absent = "yes" if field.nullable else ""
            yield f"| `{name}` | {_named(field.kind)} | {absent} | {field.meaning} |"
        yield ""


def _words() -> Iterator[str]:
    yield "## Words\n"
    for name, words in WORDS.items():
        yield f"- {name}: {', '.join(f'`{word}`' for word in words)}"
    yield ""


def _reached(kinds: Iterable[Any]) -> list[Any]:
    """Struct types that answers are made of, in the order in which a reader meets them."""
    found: list[Any] = []

    def meet(kind: Any) -> None:
        if _is_struct(kind):
            if kind not in found:
                found.append(kind)
                for field in _fields_of(kind).values():
                    meet(field.kind)
        else:
            for part in get_args(kind):
                meet(part)

    for kind in kinds:
        meet(kind)
    return found


def _fields_of(kind: Any) -> dict[str, _Field]:
    of = get_origin(kind) or kind
    hints = get_type_hints(of, include_extras=True)
    fields = {}
    for field, name in zip(of.__struct_fields__, of.__struct_encode_fields__, strict=True):
        hint, meaning = hints[field], ""
        if get_origin(hint) is Annotated:
            hint, *beside = get_args(hint)
            meaning = next((meta.description for meta in beside if meta.description), "")
        parts = get_args(hint) if get_origin(hint) in {Union, UnionType} else (hint,)
        present = tuple(part for part in parts if part is not NoneType)
        single = _resolved(present[0] if len(present) == 1 else Union[present], kind)  # noqa: UP007
        fields[name] = _Field(single, present != parts, meaning or ENVELOPE.get(name, ""))
    return fields


ENVELOPE: Final = {
    "items": "The items of this page.",
    "next_cursor": "What to send as `cursor` for the next page; null: this is the last one.",
    "as_of": "What had happened by then is answered.",
    "known_at": "What had been recorded by then is answered.",
    "freshness": "How far the answer is behind.",
    "totals": "The sums over the items.",
    "participant_id": "The person's pseudonym.",
    "partner": "The platform that sold the class.",
    "class_code": "The class, unique within its partner.",
}
"""What answers have around their objects."""


def _resolved(kind: Any, within: Any) -> Any:
    """The type with the parameters of the generic type that it is a field's of."""
    parameters: Sequence[Any] = getattr(get_origin(within), "__parameters__", ())
    given = dict(zip(parameters, get_args(within), strict=True)) if parameters else {}
    if isinstance(kind, TypeVar):
        return given[kind]
    if given and get_origin(kind) is list:
        return list[_resolved(get_args(kind)[0], within)]  # type: ignore[misc]
    return kind


def _named(kind: Any) -> str:
    """A type in words."""
    origin, parts = get_origin(kind), get_args(kind)
    if _is_struct(kind):
        title = _title(kind)
        words = f"[{title}](#{title.lower().replace(' ', '-')})"
    elif origin is list:
        words = f"list of {_named(parts[0])}"
    elif origin is dict:
        words = f"object: {_named(parts[0])} to {_named(parts[1])}"
    elif origin is Literal:
        words = " or ".join(f"`{part}`" for part in parts)
    elif origin is Annotated:
        words = _named(parts[0])
    else:
        words = _NAMES[kind]
    return words


_NAMES: Final[dict[Any, str]] = {
    str: "text",
    int: "integer",
    float: "number",
    bool: "true or false",
    datetime: "time",
    Any: "anything",
    int | float: "number",
    Reason: "text, a reason",
}


def _title(kind: Any) -> str:
    parts = "".join(f" of {_title(part)}" for part in get_args(kind))
    return f"{(get_origin(kind) or kind).__name__}{parts}"


def _doc(kind: Any) -> str:
    """What a type's docstring says, in Markdown."""
    lines = ((get_origin(kind) or kind).__doc__ or "").replace("``", "`").split("\n")
    return " ".join(line.strip() for line in lines if line.strip())


def _is_struct(kind: Any) -> bool:
    of = get_origin(kind) or kind
    return isinstance(of, type) and issubclass(of, msgspec.Struct)


if __name__ == "__main__":
    from services.http.app import ROUTES

    sys.stdout.write(data_dictionary(ROUTES))
