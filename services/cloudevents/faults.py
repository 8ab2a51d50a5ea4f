"""What is wrong with ``data``: the reasons personal_data and invalid_data.

Each function returns a sentence that says what to correct, "" where it finds nothing.
"""

import re
from collections.abc import Collection, Mapping

from services.cloudevents.identifiers import (
    NATIONAL_ID_DIGITS,
    has_control_characters,
    is_national_id,
    is_not_text,
)
from services.cloudevents.json_text import Repeated
from services.cloudevents.shape import Fields, described, objects, scalars


def personal_data(attributes: Mapping[str, str], data: object, fields: Fields, prefix: str) -> str:
    """Which identifier is a national id, written as a text or as a number."""
    places = [(prefix + name, attributes.get(name, "")) for name in ("id", "subject")]
    places += [
        (path, _digits(value))
        for path, value, field in scalars(data, fields, "data")
        if field.identifier
    ]
    for path, identifier in places:
        if is_national_id(identifier):
            return (
                f"`{path}` is a number of {NATIONAL_ID_DIGITS} digits, as national ids are:"
                " send a pseudonymous identifier with a letter in it, never a national id."
            )
    return ""


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
        return "`data_base64` is not accepted: send `data` as a JSON object."
    if data is None:
        return "`data` is missing: send the event's fields as a JSON object."
    if not isinstance(data, dict):
        return "`data` must be a JSON object."
    for path, found, named in objects(data, fields, "data"):
        if isinstance(found, Repeated):
            return named_twice(found, named, f"`{path}`")
        if any(map(is_not_text, found.keys() - named)):
            return (
                f"A field's name in `{path}` holds NUL or half of a surrogate pair: leave it out."
            )
    for path, value, field in scalars(data, fields, "data"):
        if isinstance(value, str):
            if is_not_text(value):
                return f"`{path}` holds NUL or half of a surrogate pair: leave it out."
            if field.identifier and has_control_characters(value):
                return f"`{path}` holds a control character (a line break?): leave it out."
    return ""


def named_twice(found: Repeated, known: Collection[str], where: str) -> str:
    """Which field of an object is there twice; one that the contract does not know is not named."""
    names = sorted(name for name in found.names if name in known)
    what = f"`{names[0]}`" if names else "A field"
    return f"{what} is named twice in {where}: name each field once."


_MISSING = re.compile(r"Object missing required field `(\w+)`(?: - at `\$\.?(.*)`)?")
_PLACE = re.compile(r" - at `\$\.(.*)`$")


def type_fault(message: str, fields: Fields) -> str:
    """What to correct, from msgspec's word on a value that does not fit its type.

    Only the place is taken from its message, since some messages repeat the value.
    """
    missing = _MISSING.fullmatch(message)
    if missing:
        path = f"{missing[2]}.{missing[1]}" if missing[2] else missing[1]
        return f"`data.{path}` is missing: it must be {described(path, fields)}."
    place = _PLACE.search(message)
    path = place[1] if place else ""
    return f"`data.{path}` must be {described(path, fields)}."
