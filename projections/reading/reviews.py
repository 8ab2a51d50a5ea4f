"""What participants said of one class: the latest review of each who bought it, with its comment.

A session is in one snapshot.
"""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from msgspec import Struct

from domain.events import ClassReviewed, EventVoided
from domain.marks import key_of
from domain.vocabulary import PARTNER_CODES
from projections.reading.instants import instant
from projections.reading.meaning import means
from projections.reading.page import Key, Page
from projections.reading.paths import part
from projections.reading.people import LOWEST, names
from projections.reading.session import Session
from projections.storage.facts import decode
from projections.storage.sql import load

SQL: Final = load("projections.reading", "reviews.sql")
TOPICS: Final = (ClassReviewed.topic, EventVoided.topic)
NEVER: Final = datetime.max.replace(tzinfo=UTC)


class ListedReview(Struct, frozen=True):
    """The latest review of a class by one participant."""

    partner: Annotated[str, means("The platform that sold the class.")]
    class_code: Annotated[str, means("The class, unique within its partner.")]
    participant_id: Annotated[str, means("The person's pseudonym.")]
    rating: Annotated[int, means("What the participant gave the programme, 1 to 5.")]
    instructor_rating: Annotated[int | None, means("The instructor, 1 to 5; null: not rated.")]
    facility_rating: Annotated[int | None, means("The facilities, 1 to 5; null: not rated.")]
    comment: Annotated[str | None, means("What the participant wrote; null: nothing.")]
    at: Annotated[datetime, means("When the review was given.")]
    history: Annotated[str, means("Path of the history of the purchased class.")]


async def pages(
    session: Session,
    partner_id: int,
    class_code: str,
    as_of: int | None,
    after: Key | None,
    page_rows: int,
) -> AsyncIterator[Page[ListedReview]]:
    """The reviews behind the key ``after`` = (a participant's number,)."""
    behind: Any = LOWEST if after is None else after[0]
    until = NEVER if as_of is None else instant(as_of)
    while True:
        rows = await session.fetch(
            SQL["reviewers"], partner_id, class_code, behind, page_rows, as_of is not None
        )
        persons = [person for (person,) in rows]
        if persons:
            behind = persons[-1]
            said = await session.fetch(SQL["said"], partner_id, persons, list(TOPICS), until)
            latest = _latest(said, class_code)
            known = await names(session, latest)
            items: list[tuple[Key, ListedReview]] = [
                ((person,), _shown(partner_id, known[person], *latest[person]))
                for person in persons
                if person in latest
            ]
            yield Page(items, (behind,), len(persons))
        if len(persons) < page_rows:
            return


def _latest(rows: Sequence[Any], class_code: str) -> dict[int, tuple[datetime, ClassReviewed]]:
    """Participant to the latest review of a class that was not withdrawn."""
    said = [
        (row["person"], row["event_id"], row["happened"], decode(row["topic"], row["state"]))
        for row in rows
    ]
    withdrawn = {
        (person, fact.target_id) for person, _, _, fact in said if isinstance(fact, EventVoided)
    }
    found: dict[int, tuple[datetime, ClassReviewed]] = {}
    # Of several at one time the same one stands as in the aggregate (domain/marks.py).
    for person, event_id, happened, fact in sorted(
        said, key=lambda each: (each[2], key_of(each[1]))
    ):
        if not isinstance(fact, ClassReviewed) or (person, event_id) in withdrawn:
            continue
        if fact.class_code == class_code:
            found[person] = happened, fact
    return found


def _shown(
    partner_id: int, participant_id: str, at: datetime, review: ClassReviewed
) -> ListedReview:
    partner, code = PARTNER_CODES[partner_id], review.class_code
    path = f"/v1/participants/{part(participant_id)}/classes/{partner}/{part(code)}/history"
    return ListedReview(
        partner,
        code,
        participant_id,
        review.rating,
        review.instructor_rating,
        review.facility_rating,
        review.comment,
        at,
        path,
    )
