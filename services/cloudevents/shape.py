"""Which fields each ``data`` shape names, at every depth: for the rules that types alone do not hold."""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any, Final, NamedTuple

from msgspec import Struct, inspect

from services.cloudevents.wire import DATA


class Field(NamedTuple):
    """One named field. ``fields`` are those of the object, or of the objects in the list, that it holds.

    ``item`` describes one element where the field is a list. ``kind``: `identifier`, `name` (that stands for something,
    as an identifier does), `line` (of text) or "" for whatever else.
    """

    kind: str
    description: str
    item: str
    fields: "Fields | None"


Fields = dict[str, Field]


@cache
def fields_of(struct: type[Struct]) -> Fields:
    """Field name to field, in the order of the type."""
    info = inspect.type_info(struct)
    assert isinstance(info, inspect.StructType)  # noqa: S101 - narrows for mypy
    return {field.encode_name: _field(field.type) for field in info.fields}


def _field(kind: inspect.Type) -> Field:
    text, descriptions, fields = "", [], None
    pending = [kind]
    while pending:
        match pending.pop():
            case inspect.Metadata(type=inner, extra_json_schema=schema, extra=extra):
                text = text or str((extra or {}).get("kind", ""))
                if schema and "description" in schema:
                    descriptions.append(schema["description"])
                pending.append(inner)
            case inspect.UnionType(types=types):
                pending.extend(types)
            case inspect.VarTupleType(item_type=item):
                pending.append(item)
            case inspect.StructType(cls=cls):
                fields = fields_of(cls)
            case _:
                pass
    return Field(text, descriptions[0], descriptions[-1], fields)


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


FIELDS: Final = {name: fields_of(data) for name, data in DATA.items()}
"""CloudEvents ``type`` to the fields of its ``data``."""
