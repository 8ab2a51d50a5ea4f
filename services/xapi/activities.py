"""Which class an activity is: what a partner's file says, or what its id ends with."""

from collections.abc import Mapping
from pathlib import Path
from re import compile as pattern
from typing import Final
from urllib.parse import unquote

import msgspec

from domain.vocabulary import PARTNERS

Activities = Mapping[str, Mapping[str, str]]
"""Partner to activity id to class code."""

NO_ACTIVITIES: Final[Mapping[str, str]] = {}
"""Of a partner that maps none."""
NO_PARTNERS: Final[Activities] = {}
"""Where no file is given."""

_CLASS: Final = pattern(r"/classes/([^/?#]+)$")


class ActivitiesRefused(Exception):
    """The file of activity ids cannot be used; the message is a sentence without the file's name."""


def read_activities(path: Path) -> Activities:
    """What a file says: JSON, ``{"<partner>": {"<activity id>": "<class code>"}}``.

    Raises ActivitiesRefused for a file that cannot be read, has another form or names an unknown partner.
    """
    try:
        found = msgspec.json.decode(path.read_bytes(), type=dict[str, dict[str, str]])
    except OSError as error:
        raise ActivitiesRefused(f"cannot be read: {error.strerror}") from error
    except (msgspec.MsgspecError, UnicodeError) as error:
        form = '{"<partner>": {"<activity id>": "<class code>"}}'
        raise ActivitiesRefused(f"is not JSON of the form {form}: {error}") from error
    for partner in found:
        if partner not in PARTNERS:
            raise ActivitiesRefused(f"names {partner!r}; the partners are {', '.join(PARTNERS)}")
    return found


def class_of(activity_id: str, of_partner: Mapping[str, str]) -> str | None:
    """The class code of an activity, or None where it is none that is known.

    An id that ends in ``/classes/<class_code>`` (percent-encoded as in any IRI) needs no line in the partner's file.
    """
    named = of_partner.get(activity_id)
    if named is not None:
        return named
    ending = _CLASS.search(activity_id)
    return None if ending is None else unquote(ending[1], errors="strict")
