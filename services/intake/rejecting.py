"""What is kept of a rejected record: nothing that holds a national id (contract section 2, `personal_data`)."""

from domain.errors import Reason, Refusal
from domain.telling import tell
from services.cloudevents.national_ids import carries_national_id
from services.intake.lanes import Lane, Raw
from services.postgres.outcomes import RejectionRow


def rejection(lane: Lane, offset: int, refusal: Refusal, raw: Raw) -> RejectionRow:
    """The row of a record that is refused, with its bytes, or without where they hold what may not be kept."""
    personal = refusal.reason is Reason.PERSONAL_DATA
    detail, event_id = refusal.detail, None if personal else refusal.event_id
    keeps = not personal
    if keeps and carries_national_id(raw.key, raw.headers, raw.value):
        keeps = False
        detail = tell(
            "%(sentence)s The record holds a number of 16 digits, as national ids are: none of its bytes are kept.",
            sentence=detail,
        )
    return RejectionRow(
        lane.lane_id,
        offset,
        lane.partner_id,
        refusal.reason,
        detail,
        event_id,
        raw.key if keeps else None,
        raw.value if keeps else None,
        raw.size,
        raw.headers if keeps else (),
        raw.sent_ms,
    )
