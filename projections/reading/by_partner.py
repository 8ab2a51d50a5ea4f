"""Lists whose keys begin with the partner: they are walked partner by partner."""

from collections.abc import Iterable, Iterator
from typing import Final

from domain.vocabulary import PARTNER_CODES
from projections.reading.page import Key

ALL_PARTNERS: Final = tuple(PARTNER_CODES)


def starts(partner_ids: Iterable[int], after: Key | None, first: Key) -> Iterator[Key]:
    """The key to begin behind at each partner, in order of their ids, for the list behind ``after``.

    A key is the partner's id and what stands behind it: ``first`` at the beginning of a partner.
    """
    for partner_id in sorted(partner_ids):
        if after is None or partner_id > after[0]:
            yield (partner_id, *first)
        elif partner_id == after[0]:
            yield after
