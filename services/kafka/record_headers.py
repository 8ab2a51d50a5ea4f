"""The headers of a record: part of the hot path of all reading, as events in binary mode have many.

Headers are: how many, then name and value of each, behind their lengths; numbers are varints in zigzag.
https://kafka.apache.org/documentation/#record
"""

from collections.abc import Callable, Sequence
from struct import Struct
from typing import Final, NamedTuple

from services.kafka.varints import span, varint

SEEN: Final[dict[bytes, Sequence[tuple[str, bytes]]]] = {b"\x00": ()}
"""Encoded to decoded headers: those of structured events are always the same few."""

_seen_names: Final[dict[bytes, str]] = {}
_FEW: Final = 2
"""Headers of binary events are more, and different each time."""

_MOST_SEEN: Final = 256
_LONGEST_SEEN_BYTES: Final = 128


class _Layout(NamedTuple):
    """Headers of the same names with values of the same lengths: where each value is, and all that is between them."""

    unpack_from: Callable[[bytes, int], tuple[bytes, ...]]
    """Every second of what it unpacks is a value."""
    between: tuple[bytes, ...]
    names: tuple[str, ...]


_layouts: Final[dict[int, list[_Layout]]] = {}
"""By the size of the encoded headers. Events of one type by one sender are laid out alike."""

_MOST_LAYOUTS: Final = 1_024
_MOST_OF_A_SIZE: Final = 4


def usual_headers(body: bytes, position: int, end: int) -> Sequence[tuple[str, bytes]] | None:
    """The headers when all lengths are below 64 and all is well; None: look closer."""
    laid_out = _layouts.get(end - position)
    if laid_out is not None:
        for layout in laid_out:
            parts = layout.unpack_from(body, position)
            if parts[::2] == layout.between:
                return tuple(zip(layout.names, parts[1::2], strict=True))
    return _read_headers(body, position, end)


def _read_headers(body: bytes, position: int, end: int) -> Sequence[tuple[str, bytes]] | None:
    """The same, field by field; remembers the layout, and of few headers the whole."""
    if position >= end or (count := body[position]) > 0x7F or count & 1:
        return None
    start = position
    position += 1
    headers: list[tuple[str, bytes]] = []
    sizes: list[int] = []
    value_end = start
    for _ in range(count >> 1):
        if position >= end:
            return None
        length = body[position]
        position += 1
        encoded = body[position : position + (length >> 1)]
        position += length >> 1
        name = _seen_names.get(encoded)
        if position >= end or name is None or length & 0x81:
            return None
        length = body[position]
        if length & 0x81:
            return None
        position += 1
        headers.append((name, body[position : position + (length >> 1)]))
        sizes += (position - value_end, length >> 1)
        position += length >> 1
        value_end = position
    if position != end:
        return None
    if len(headers) > _FEW:
        _remember(sizes, tuple(name for name, _ in headers), body, start, end)
    elif len(SEEN) < _MOST_SEEN and end - start <= _LONGEST_SEEN_BYTES:
        SEEN[body[start:end]] = tuple(headers)
    return tuple(headers)


def _remember(sizes: list[int], names: tuple[str, ...], body: bytes, start: int, end: int) -> None:
    unpack_from = Struct("".join([f"{size}s" for size in sizes])).unpack_from
    laid_out = _layouts.get(end - start)
    if laid_out is None:
        if len(_layouts) >= _MOST_LAYOUTS:
            return
        laid_out = _layouts[end - start] = []
    laid_out.insert(0, _Layout(unpack_from, unpack_from(body, start)[::2], names))
    del laid_out[_MOST_OF_A_SIZE:]


def all_headers(body: bytes, position: int, end: int) -> tuple[tuple[str, bytes], ...]:
    """The headers, which end where the record does. One whose value is null is as good as absent, and left out.

    Raises IndexError when they are longer, ValueError when they are shorter, UnicodeDecodeError.
    """
    count, position = varint(body, position)
    if not 0 <= count <= end - position:
        raise IndexError
    headers: list[tuple[str, bytes]] = []
    for _ in range(count):
        name_starts, name_ends, position = span(body, position, end)
        if name_ends < 0:
            raise IndexError
        starts, ends, position = span(body, position, end)
        name = body[name_starts:name_ends].decode()
        if ends >= 0:
            headers.append((name, body[starts:ends]))
    if position != end:
        raise ValueError
    for name, _content in headers:
        if len(_seen_names) < _MOST_SEEN and len(name) <= _LONGEST_SEEN_BYTES:
            _seen_names[name.encode()] = name
    return tuple(headers)
