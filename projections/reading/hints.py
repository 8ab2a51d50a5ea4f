"""What senders may want to look at although it was accepted: counted by kind, with the last of each."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Final

from msgspec import Struct

from domain.vocabulary import PARTNER_CODES
from projections.reading.meaning import means
from projections.reading.session import Session
from projections.storage.sql import load

SQL: Final = load("projections.reading", "hints.sql")


class Hinted(Struct, frozen=True):
    """One kind of hint about a partner's records. Of each batch a few records are looked at, not all."""

    partner: Annotated[str, means("Whose records.")]
    kind: Annotated[
        str,
        means(
            "unknown_field, percent_as_share, missing_key, looks_like_phone, looks_like_email, looks_like_national_id;"
            " word_meant: the record was refused, and the sentence asks for the word that was meant."
        ),
    ]
    records: Annotated[
        int,
        means("In how many of the records that were looked at: of each batch a few, not all."),
    ]
    detail: Annotated[str, means("What to look at, as a sentence, of the last of them.")]
    topic: Annotated[str, means("Kafka topic of the last of them.")]
    partition: Annotated[int, means("Its Kafka partition.")]
    offset: Annotated[int, means("Its Kafka offset.")]
    recorded: Annotated[datetime, means("When it was read.")]


async def read(session: Session, partner_ids: Iterable[int]) -> list[Hinted]:
    """The hints about some partners' records, by partner and kind."""
    rows = await session.fetch(SQL["hints"], list(partner_ids))
    return [Hinted(PARTNER_CODES[partner_id], *row) for partner_id, *row in rows]
