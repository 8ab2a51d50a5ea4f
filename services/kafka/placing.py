"""Which batches of one fetch lie where they say. No checksum covers a batch's first offset, and no broker looks at it.

In a fetch, batches lie in the order of their offsets, each behind the last; where a topic is not compacted, directly
behind it. A batch whose offset is damaged breaks that order, and the others tell which one it is.
"""

import struct
from typing import Final, NamedTuple

from crc32c import crc32c

_BASE_AND_LENGTH: Final = struct.Struct(">qi")
_BEFORE_LENGTH_ENDS: Final = _BASE_AND_LENGTH.size
_CRC: Final = struct.Struct(">I")
_DELTA: Final = struct.Struct(">i")
_SMALLEST_BYTES: Final = 61
"""Of a batch in format 2."""
_CRC_AT, _CRC_COVERS_FROM, _DELTA_AT, _MAGIC_AT = 17, 21, 23, 16

_LOOKED_BACK: Final = 16
"""So many batches before one may be damaged at once for the order of the others to be seen."""


class _Place(NamedTuple):
    """Where a batch lies in the fetch, and the first and the last offset that it says."""

    position: int
    end: int
    base: int
    last: int


class _Way(NamedTuple):
    """The best choice of batches up to one of them."""

    batches: int
    links: int
    """How many of them lie directly behind the one before, or at what is known of both ends."""
    at: int
    before: "_Way | None"


def misplaced(data: bytes, expected: int, log_end: int, later: int) -> frozenset[int]:
    """Positions in ``data`` of batches that cannot lie at the offsets they say; as a rule there are none.

    ``expected`` is the offset that was asked for, ``log_end`` the log's end as the broker gave it; ``later``: how many
    records may have been appended since.
    """
    places: list[_Place] = []
    position, size = 0, len(data)
    behind = -1
    ordered = True
    cut_off_base = -1
    while size - position >= _BEFORE_LENGTH_ENDS:
        base, length = _BASE_AND_LENGTH.unpack_from(data, position)
        end = position + _BEFORE_LENGTH_ENDS + length
        if end > size or length < _SMALLEST_BYTES - _BEFORE_LENGTH_ENDS:
            if end > size:
                cut_off_base = base
            break
        last = base
        if data[position + _MAGIC_AT] == 2:
            last += _DELTA.unpack_from(data, position + _DELTA_AT)[0]
        ordered = ordered and last >= base >= 0 and (base == behind or not places)
        behind = last + 1
        places.append(_Place(position, end, base, last))
        position = end
    ordered = ordered and (cut_off_base < 0 or cut_off_base == behind)
    if not places or (ordered and places[0].base <= expected and behind <= log_end + later):
        return frozenset()
    trusted = [_trusted(data, place) for place in places]
    chosen = _chosen(trusted, expected, log_end, later, cut_off_base)
    first = trusted[0]
    if {0, 1} <= chosen and first.base < expected <= first.last < trusted[1].base - 1:
        chosen.discard(
            0
        )  # it would have been what is asked for, and then what follows lay directly behind it
    return frozenset(place.position for n, place in enumerate(places) if n not in chosen)


def _trusted(data: bytes, place: _Place) -> _Place:
    """The place, without a last offset where the checksum, which covers that, is wrong."""
    covered = memoryview(data)[place.position + _CRC_COVERS_FROM : place.end]
    sealed = crc32c(covered) == _CRC.unpack_from(data, place.position + _CRC_AT)[0]
    return place if sealed and place.last >= place.base else place._replace(last=place.base)


def _chosen(
    places: list[_Place], expected: int, log_end: int, later: int, cut_off_base: int
) -> set[int]:
    """The most batches that can all lie where they say; of as many, those that lie directly behind each other."""
    ends_at = cut_off_base if cut_off_base >= 0 else log_end
    ways: list[_Way | None] = []
    best: _Way | None = None
    for number, place in enumerate(places):
        way = None
        if place.base >= 0 and place.last < log_end + later:
            way = _way_to(number, places, ways, expected, log_end)
        ways.append(way)
        if way is not None:
            left = len(places) - number - 1
            fits = place.last + 1 + left == ends_at if left == 0 else place.last + left < ends_at
            ended = way._replace(links=way.links + fits)
            if best is None or ended[:2] >= best[:2]:
                best = ended
    found: set[int] = set()
    while best is not None:
        found.add(best.at)
        best = best.before
    return found


def _way_to(
    number: int, places: list[_Place], ways: list[_Way | None], expected: int, log_end: int
) -> _Way | None:
    """The best choice that ends with this batch; None where there is none."""
    place = places[number]
    starts = place.base <= expected <= place.last
    # Where records were appended since, they lie directly behind what is known.
    best = _Way(1, int(starts), number, None) if starts or place.last < log_end else None
    for before in range(max(0, number - _LOOKED_BACK), number):
        way = ways[before]
        between = place.base - places[before].last - 1
        if way is None or between < number - before - 1:
            continue
        if between and place.last >= log_end:
            continue
        found = _Way(way.batches + 1, way.links + (between == 0), number, way)
        if best is None or found[:2] > best[:2]:
            best = found
    return best
