"""Which fields each ``data`` shape names, at every depth: for the rules that types alone do not hold."""

import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from operator import attrgetter
from typing import Any, NamedTuple

from msgspec import Struct, inspect


class Field(NamedTuple):
    """One named field. ``fields`` are those of the object, or of the objects in the list, that it holds.

    ``item`` describes one element where the field is a list, ``struct`` is the type of an object, ``title`` says what
    the field is for. ``kind``: `identifier`, `name` (that stands for something, as an identifier does), `line` (of
    text) or "" for whatever else.
    """

    kind: str
    description: str
    item: str
    fields: "Fields | None"
    struct: type[Struct] = Struct
    is_list: bool = False
    required: bool = True
    title: str = ""
    values: tuple[str, ...] = ()
    """The words that it takes, where it takes no others."""


Fields = dict[str, Field]


@cache
def fields_of(struct: type[Struct]) -> Fields:
    """Field name to field, in the order of the type."""
    info = inspect.type_info(struct)
    assert isinstance(info, inspect.StructType)  # noqa: S101 - narrows for mypy
    return {
        field.encode_name: _field(field.type)._replace(required=field.required)
        for field in info.fields
    }


def _field(kind: inspect.Type) -> Field:
    text, title, descriptions, fields, struct, is_list = "", "", [], None, Struct, False
    values: tuple[str, ...] = ()
    pending = [kind]
    while pending:
        match pending.pop():
            case inspect.Metadata(type=inner, extra_json_schema=schema, extra=extra):
                text = text or str((extra or {}).get("kind", ""))
                if schema and "description" in schema:
                    descriptions.append(schema["description"])
                title = title or str((schema or {}).get("title", ""))
                pending.append(inner)
            case inspect.UnionType(types=types):
                pending.extend(types)
            case inspect.VarTupleType(item_type=item):
                is_list = True
                pending.append(item)
            case inspect.LiteralType(values=words):
                values = tuple(str(word) for word in words)
            case inspect.StructType(cls=cls):
                fields, struct = fields_of(cls), cls
            case _:
                pass
    return Field(
        text, descriptions[0], descriptions[-1], fields, struct, is_list, title=title, values=values
    )


def objects(
    tree: object, fields: Fields, path: str
) -> Iterator[tuple[str, dict[str, Any], Fields]]:
    """Each JSON object that the shape names: path, object, its fields. Others are not visited."""
    if isinstance(tree, dict):
        yield path, tree, fields
        for name, field in fields.items():
            if field.fields is not None:
                yield from objects(tree.get(name), field.fields, f"{path}.{name}")
    elif isinstance(tree, list):
        for index, item in enumerate(tree):
            if isinstance(item, dict):
                yield from objects(item, fields, f"{path}[{index}]")


def scalars(tree: object, fields: Fields, path: str) -> Iterator[tuple[str, object, Field]]:
    """Each value in a field that the shape names, lists unrolled: path, value, field."""
    for where, found, named in objects(tree, fields, path):
        for name, field in named.items():
            value = found.get(name)
            if isinstance(value, list):
                for index, item in enumerate(value):
                    yield f"{where}.{name}[{index}]", item, field
            elif value is not None:
                yield f"{where}.{name}", value, field


_STEP = re.compile(r"(\w+)((?:\[\d+\])?)")


def described(path: str, fields: Fields) -> str:
    """What the field at ``path`` (``score.raw``, ``items[3].price``) must be; "" where none is named."""
    description = ""
    named: Fields | None = fields
    for name, index in _STEP.findall(path):
        field = (named or {}).get(name)
        if field is None:
            return ""
        description, named = field.item if index else field.description, field.fields
    return description


def reader(struct: type[Struct], kinds: frozenset[str]) -> Callable[[Any], Sequence[Any]]:
    """What reads, of an object of this shape, all values in fields of these kinds, None where one is absent.

    Lists are unrolled, and the objects in them are looked into; as quick as if it were written for the shape.
    """
    plain: list[str] = []
    lists: list[str] = []
    inner: list[tuple[str, Callable[[Any], Sequence[Any]]]] = []
    for name, field in fields_of(struct).items():
        if field.fields is not None:
            if any(part.kind in kinds for part in field.fields.values()):
                inner.append((name, reader(field.struct, kinds)))
        elif field.kind in kinds:
            (lists if field.is_list else plain).append(name)
    scalars_of = _tuple_of(plain)
    if not lists and not inner:
        return scalars_of

    def read(data: Any) -> Sequence[Any]:
        found = [*scalars_of(data)]
        for name in lists:
            found += getattr(data, name) or ()
        for name, values_of in inner:
            for each in getattr(data, name) or ():
                found += values_of(each)
        return found

    return read


def _tuple_of(names: list[str]) -> Callable[[Any], Sequence[Any]]:
    if not names:
        return lambda _: ()
    get = attrgetter(*names)
    return get if len(names) > 1 else lambda data: (get(data),)
