"""The evidence of one purchased class as bytes: what `purchased_class.evidence` holds.

Equal evidence gives equal bytes, whatever the order in which it arrived: marks are kept in order of
(happened, key) and purchases in order of their ids.
"""

from collections.abc import Iterator

import msgspec
from msgspec import Struct, field

from domain.participant import ClassRecord, Mark, PurchaseRecord, Void

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

    def marks(self) -> Iterator[Mark]:
        """Every mark in it."""
        for marks in self.record.lists() if self.record else ():
            yield from marks
        for purchase in self.purchases:
            yield from purchase.paid
            yield from purchase.refunds
        yield from self.voids

    def version(self) -> int:
        """A number that is a function of the evidence and rises whenever evidence is added or withdrawn."""
        count = 0
        for mark in self.marks():
            count += 1 if mark.voided_at is None else 2
        return count


encode = msgspec.msgpack.Encoder().encode
decode = msgspec.msgpack.Decoder(Evidence).decode
