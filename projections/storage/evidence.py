"""Evidence as bytes: what the columns `purchased_class.evidence` and `purchase.evidence` hold.

Equal evidence gives equal bytes, whatever the order in which it arrived: marks are kept in order of (happened, key) and
purchases in order of their ids. What would take more than MOST_BYTES is not kept in a row: who reads the row makes it
of the ledger's events again (projections/reading/evidence.py).
"""

from typing import Final

import msgspec
from msgspec import Struct

from domain.class_evidence import ClassEvidence
from domain.marks import Paid, Refund, Withdrawn
from domain.participant import PurchaseRecord

MOST_BYTES: Final = 8_192
MOST_MARKS: Final = MOST_BYTES // 18
"""A time and a key take 18 bytes: so many marks cannot fit."""


class PurchaseEvidence(Struct, array_like=True):
    """One purchase as it was reported, and since when what of it is withdrawn."""

    paid: list[Paid]
    refunds: list[Refund]
    withdrawn: dict[int, int]

    def record(self, purchase_id: str) -> PurchaseRecord:
        """The purchase's record, as the participant's state has it."""
        return PurchaseRecord(purchase_id, self.paid, self.refunds)


_encode = msgspec.msgpack.Encoder().encode
decode_class = msgspec.msgpack.Decoder(ClassEvidence).decode
decode_purchase = msgspec.msgpack.Decoder(PurchaseEvidence).decode


def encode_class(evidence: ClassEvidence, at_most: int | None = None) -> bytes | None:
    """The evidence of a class; None: it is too large to be kept in a row.

    ``at_most``: it has no more marks than that, where this is known without counting them.
    """
    marks = evidence.size() if at_most is None or at_most > MOST_MARKS else at_most
    return _kept(_encode(evidence)) if marks <= MOST_MARKS else None


def encode_purchase(purchase: PurchaseRecord, withdrawn: Withdrawn) -> bytes | None:
    """The evidence of a purchase; None: it is too large to be kept in a row."""
    if len(purchase.paid) + len(purchase.refunds) > MOST_MARKS:
        return None
    return _kept(_encode(purchase_evidence(purchase, withdrawn)))


def purchase_evidence(purchase: PurchaseRecord, withdrawn: Withdrawn) -> PurchaseEvidence:
    """The evidence of one purchase, of all that is withdrawn of its participant."""
    of_purchase = {}
    if withdrawn:
        for marks in purchase.lists():
            for mark in marks:
                if mark.key in withdrawn:
                    of_purchase[mark.key] = withdrawn[mark.key]
    return PurchaseEvidence(purchase.paid, purchase.refunds, of_purchase)


def _kept(encoded: bytes) -> bytes | None:
    return encoded if len(encoded) <= MOST_BYTES else None
