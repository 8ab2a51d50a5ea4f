"""The evidence of one purchased class as bytes: what `purchased_class.evidence` holds.

Equal evidence gives equal bytes, whatever the order in which it arrived: marks are kept in order of
(happened, key) and purchases in order of their ids.
"""

from zlib import crc32

import msgspec
from msgspec import Struct, field

from domain.participant import ClassRecord, PurchaseRecord, Void

REMAINDER = ""
"""The class code of the row that holds what belongs to no known class (yet)."""


class Evidence(Struct, array_like=True):
    """What one row holds: the class's own record and the purchases that concern it.

    ``voids`` are the participant's withdrawals; only the remainder row has them.
    """

    record: ClassRecord | None = None
    purchases: list[PurchaseRecord] = field(default_factory=list)
    voids: list[Void] = field(default_factory=list)

    def is_empty(self) -> bool:
        """Whether a row with this evidence says nothing."""
        return self.record is None and not self.purchases and not self.voids


encode = msgspec.msgpack.Encoder().encode
decode = msgspec.msgpack.Decoder(Evidence).decode


def version_of(encoded: bytes) -> int:
    """A number above 0 that stands for the evidence: other evidence has, but for one chance in 2³¹, another one.

    Not a count: purchases leave the remainder row when their package becomes known, so a row could come
    back to a count that a writer has seen with other evidence in it.
    """
    return crc32(encoded) >> 1 or 1
