"""What an identifier may not be: a national id of 16 digits, or a text with control characters."""

import re
from typing import Final

NATIONAL_ID_DIGITS: Final = 16

_GROUPED_DIGITS = re.compile(r"[\W_]*(?:\d[\W_]*){16}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_INVISIBLE = re.compile(
    "[\u2028\u2029\xad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200f\u202a-\u202e"
    "\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb\U000110bd\U000110cd\U00013430-\U0001343f"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0001\U000e0020-\U000e007f]"
)
_BREAKS_A_LINE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)
_NOT_TEXT = re.compile(r"[\x00\ud800-\udfff]")


def is_national_id(identifier: str) -> bool:
    """Whether the text is 16 digits and no letter, however grouped: spaces, dots, dashes, any sign.

    Contract section 2, ``personal_data``. 16 digits inside a longer identifier with letters (an invoice
    number, say) are not taken for one.
    """
    if len(identifier) < NATIONAL_ID_DIGITS or identifier.islower() or identifier.isupper():
        return False  # too short, or there is a letter: the search would say the same, later
    return _GROUPED_DIGITS.fullmatch(identifier) is not None


def has_control_characters(identifier: str) -> bool:
    """Whether a character is a control or half of a surrogate pair (CloudEvents 1.0, String)."""
    return _CONTROL.search(identifier) is not None


def is_national_key(key: bytes) -> bool:
    """Whether a record's key is a national id; a key that is no text is none."""
    try:
        return is_national_id(key.decode())
    except UnicodeDecodeError:
        return False


def is_national_number(sequence: str) -> bool:
    """Whether what should be a running number is a national id.

    No province's code begins with 0, and so no national id: running numbers may be filled up with zeros.
    """
    return is_national_id(sequence) and int(re.findall(r"\d", sequence)[0]) > 0


def has_invisible_characters(identifier: str) -> bool:
    """Whether a character has no width or steers the direction of writing (Unicode Cf), or separates lines.

    Two identifiers that look alike would be two classes, and one could be shown as another.
    """
    return _INVISIBLE.search(identifier) is not None


def is_not_one_line(text: str) -> bool:
    """Whether a name could not be shown in a line as it is: it holds controls, line breaks or changes of direction."""
    return _BREAKS_A_LINE.search(text) is not None


def is_not_text(text: str) -> bool:
    """Whether PostgreSQL could not keep the text: it holds NUL or half of a surrogate pair."""
    return _NOT_TEXT.search(text) is not None
