"""What is wrong with ``data``: the reasons personal_data and invalid_data.

Each function returns a sentence that says what to correct, "" where it finds nothing.
"""

import re
from collections.abc import Collection, Mapping
from typing import Final

from domain.telling import tell
from services.cloudevents.hints import did_you_mean, field_meant
from services.cloudevents.identifiers import (
    NATIONAL_ID_DIGITS,
    has_control_characters,
    has_invisible_characters,
    is_national_id,
    is_national_key,
    is_national_number,
    is_not_one_line,
    is_not_text,
)
from services.cloudevents.json_text import Repeated
from services.cloudevents.shape import Fields, described, objects, scalars

INVISIBLE: Final = tell(
    "holds a character that is not seen (of no width, or for the direction of writing)"
)


def personal_data(
    attributes: Mapping[str, str], key: bytes | None, data: object, fields: Fields, prefix: str
) -> str:
    """Which identifier is a national id, written as a text or as a number."""
    places = [(f"`{prefix}{name}`", attributes.get(name, "")) for name in ("id", "subject")]
    places += [
        (f"`{path}`", _digits(value))
        for path, value, field in scalars(data, fields, "data")
        if field.kind == "identifier"
    ]
    found = [where for where, identifier in places if is_national_id(identifier)]
    if is_national_number(attributes.get("sequence", "")):
        found.append(f"`{prefix}sequence`")
    if key is not None and is_national_key(key):
        found.append(tell("The record's key"))
    if not found:
        return ""
    return tell(
        "%(where)s is a number of %(digits)s digits, as national ids are:"
        " send a pseudonymous identifier with a letter in it, never a national id.",
        where=found[0],
        digits=NATIONAL_ID_DIGITS,
    )


def _digits(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, int | float):
        return f"{abs(value):.0f}"
    return ""


def data_fault(  # noqa: PLR0911 - each rule returns its own sentence
    attributes: Mapping[str, object], data: object, fields: Fields
) -> str:
    """What is wrong with ``data`` beyond the types of its fields."""
    if "data_base64" in attributes:
        return tell("`data_base64` is not accepted: send `data` as a JSON object.")
    if data is None:
        return tell("`data` is missing: send the event's fields as a JSON object.")
    if not isinstance(data, dict):
        return tell("`data` must be a JSON object.")
    for path, found, named in objects(data, fields, "data"):
        if isinstance(found, Repeated):
            return named_twice(found, named, f"`{path}`")
        if any(map(is_not_text, found.keys() - named)):
            return tell(
                "A field's name in `%(path)s` holds NUL or half of a surrogate pair: leave it out.",
                path=path,
            )
    for path, value, field in scalars(data, fields, "data"):
        if isinstance(value, str):
            if is_not_text(value):
                return tell(
                    "`%(path)s` holds NUL or half of a surrogate pair: leave it out.", path=path
                )
            if fault := _shown_fault(value, field.kind):
                return tell("`%(path)s` %(fault)s: leave it out.", path=path, fault=fault)
    return ""


def _shown_fault(text: str, kind: str) -> str:
    """What a text of this kind holds that it may not."""
    if kind in {"identifier", "name"}:
        if has_control_characters(text):
            return tell("holds a control character (a line break?)")
        if has_invisible_characters(text):
            return INVISIBLE
    if kind == "line" and is_not_one_line(text):
        return tell(
            "is not one line: it holds a line break, another control or a change of direction"
        )
    return ""


def named_twice(found: Repeated, known: Collection[str], where: str) -> str:
    """Which field of an object is there twice; one that the contract does not know is not named."""
    names = sorted(name for name in found.names if name in known)
    what = f"`{names[0]}`" if names else tell("A field")
    return tell(
        "%(what)s is named twice in %(where)s: name each field once.", what=what, where=where
    )


_MISSING = re.compile(r"Object missing required field `(\w+)`(?: - at `\$\.?(.*)`)?")
_PLACE = re.compile(r" - at `\$\.(.*)`$")


def type_fault(message: str, data: Mapping[str, object], fields: Fields) -> str:
    """What to correct, from msgspec's word on a value that does not fit its type; of a list, how long it is.

    Only the place is taken from its message, since some messages repeat the value.
    """
    missing = _MISSING.fullmatch(message)
    if missing:
        path = f"{missing[2]}.{missing[1]}" if missing[2] else missing[1]
        meant = "" if missing[2] else field_meant(path, data, fields)
        return tell(
            "`data.%(path)s` is missing: it must be %(what)s.%(meant)s",
            path=path,
            what=described(path, fields),
            meant=meant,
        )
    place = _PLACE.search(message)
    path = place[1] if place else ""
    found = data.get(path)
    field = fields.get(path)
    meant = did_you_mean(found, field.values) if field and isinstance(found, str) else ""
    what = described(path, fields)
    if isinstance(found, list) and found:
        return tell(
            "`data.%(path)s` must be %(what)s; it has %(count)s.",
            path=path,
            what=what,
            count=format(len(found), ","),
        )
    return tell("`data.%(path)s` must be %(what)s.%(meant)s", path=path, what=what, meant=meant)
