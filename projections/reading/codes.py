"""What is found by a number that people read out: certificates and redeem codes in any case, purchases, events."""

from collections.abc import Sequence
from typing import Final, Literal, TypeAlias

from msgspec import Struct

from domain.events import CertificateIssued, ClassRedeemed
from domain.vocabulary import PARTNER_CODES
from projections.reading.people import names
from projections.reading.session import Session
from projections.storage.facts import decode
from projections.storage.sql import load

SQL: Final = load("projections.reading", "codes.sql")
TOPICS: Final = (CertificateIssued.topic, ClassRedeemed.topic)

CodeKind: TypeAlias = Literal["certificate", "redeem_code"]


class Coded(Struct, frozen=True):
    """One event that a code was found in, whether it stands or was withdrawn."""

    kind: CodeKind
    partner: str
    participant_id: str
    class_code: str
    code: str


def code_of(topic: str, state: bytes) -> str | None:
    """The certificate number or redeem code of an event of TOPICS; None where it has none."""
    fact = decode(topic, state)
    if isinstance(fact, CertificateIssued):
        return fact.certificate_no
    return fact.redeem_code if isinstance(fact, ClassRedeemed) else None


async def found(session: Session, partner_ids: Sequence[int], code: str, most: int) -> list[Coded]:
    """At most so many classes of participants under a code, in whatever case it is given."""
    rows = await session.fetch(SQL["found"], list(partner_ids), code.casefold(), most)
    known = await names(session, [row["person"] for row in rows])
    hits: list[Coded] = []
    for partner_id, person, topic, state in rows:
        fact = decode(topic, state)
        written = code_of(topic, state)
        if written is not None and written.casefold() == code.casefold():
            kind: CodeKind = "certificate" if topic == CertificateIssued.topic else "redeem_code"
            assert isinstance(fact, CertificateIssued | ClassRedeemed)  # noqa: S101 - TOPICS
            hit = Coded(kind, PARTNER_CODES[partner_id], known[person], fact.class_code, written)
            if hit not in hits:
                hits.append(hit)
    return hits


async def named(
    session: Session, partner_ids: Sequence[int], ids: Sequence[str]
) -> list[tuple[str, str, str]]:
    """(`purchase` or `event`, partner, id) of those ids that some partners know."""
    rows = await session.fetch(SQL["named"], list(partner_ids), list(ids))
    return [(kind, PARTNER_CODES[partner_id], name) for kind, partner_id, name in rows]
