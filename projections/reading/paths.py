"""Names as parts of paths."""

from urllib.parse import quote


def part(name: str) -> str:
    """A name as one part of a path, percent-encoded.

    Dots alone are encoded, too: a part that is `.` or `..` would be taken for a step up (RFC 3986, section 5.2.4).
    """
    encoded = quote(name, safe="")
    return encoded if encoded.strip(".") else encoded.replace(".", "%2E")
