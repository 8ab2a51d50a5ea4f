"""Refusals: what is not accepted, each with its reason code (contract section 2, "What is not accepted")."""

from enum import StrEnum

from msgspec import Struct


class Reason(StrEnum):
    """Why a record was rejected."""

    NOT_JSON = "not_json"
    NOT_CLOUDEVENTS = "not_cloudevents"
    UNKNOWN_TYPE = "unknown_type"
    INVALID_DATA = "invalid_data"
    TOO_LARGE = "too_large"
    SOURCE_MISMATCH = "source_mismatch"
    ID_CONFLICT = "id_conflict"
    PACKAGE_CONFLICT = "package_conflict"
    PERSONAL_DATA = "personal_data"
    CORRUPT_RECORD = "corrupt_record"
    UNMAPPED_ACTIVITY = "unmapped_activity"


class Refusal(Struct, frozen=True):
    """A bad message as a value: its reason code and a sentence saying what to correct.

    ``event_id`` is the CloudEvents id where it could be read, for the partner's own search.
    The sentence never repeats the offending value: it could be personal data.
    """

    reason: Reason
    detail: str
    event_id: str | None = None
