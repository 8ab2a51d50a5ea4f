"""What is kept of a rejected record, shown and announced: all that helps to correct it, and no national id."""

import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from domain.errors import Reason
from services.intake.batch import LaneBatch
from services.intake.decoding import decoded
from services.intake.weights import Weights
from services.kafka.records import AnyRecord, CorruptRecord, OversizedRecord, Record
from services.postgres.connect import transaction
from services.projector.announcer import Announcement, announce
from tests.services.intake.desk import Desk

SCHEMA = Path(__file__).parents[3] / "docs" / "schemas" / "record.rejected.v1.json"
VALIDATOR = jsonschema_rs.validator_for(json.loads(SCHEMA.read_text(encoding="utf-8")))

DIGITS = "3201234567890001"
BINARY = [
    ("content-type", b"application/json"),
    ("ce_specversion", b"1.0"),
    ("ce_id", b"e-1"),
    ("ce_source", b"/partners/tokopedia"),
    ("ce_type", b"id.tuntas.class.completed.v1"),
    ("ce_time", b"2020-07-01T08:00:00+07:00"),
]


def event(data: object, **attributes: object) -> bytes:
    whole = {
        "specversion": "1.0",
        "id": "e-1",
        "source": "/partners/tokopedia",
        "type": "id.tuntas.class.completed.v1",
        "time": "2020-07-01T08:00:00+07:00",
        "data": data,
    }
    return json.dumps(whole | attributes).encode()


GOOD = {"participant_id": "PRK-1", "class_code": "C-1"}


def announced(desk: Desk, *records: AnyRecord) -> list[Announcement]:
    """What is announced when a worker has read the records."""
    lane = desk.lane()
    read = decoded(lane, records, Weights(lambda *_: 0))
    desk.write(LaneBatch(lane, read, len(records), len(records)))
    sent: list[Announcement] = []

    def send(messages: Sequence[Announcement]) -> None:
        sent.extend(messages)

    assert announce(partial(transaction, desk.session), send) == len(sent)
    return sent


def data_of(message: Announcement) -> Any:
    event = json.loads(message.value)
    assert list(VALIDATOR.iter_errors(event)) == []
    return event["data"]


def test_a_refused_record_in_binary_mode_keeps_its_headers(desk: Desk) -> None:
    headers = [*BINARY, ("trace", b"\xff\x00")]
    (message,) = announced(
        desk, Record(0, b"PRK-1", headers, b'{"participant_id":"PRK-1"}', 1_600_000_000_000)
    )
    data = data_of(message)
    assert (data["reason"], data["event_id"]) == ("invalid_data", "e-1")
    assert {each["name"]: each["value"] for each in data["headers"]}["ce_id"] == "e-1"
    assert data["headers"][-1] == {"name": "trace", "value": "/wA=", "encoding": "base64"}
    ((sent,),) = desk.rows("SELECT sent::text FROM ledger.rejection")
    assert sent == "2020-09-13 12:26:40+00"


def test_messages_of_every_kind_fit_their_schema(desk: Desk) -> None:
    messages = announced(
        desk,
        Record(0, None, (), None),
        Record(1, b"\xff", (), b"\xff\xfe"),
        CorruptRecord(2, "The batch's checksum is wrong.", b"\x00\xffdamaged", 9),
        OversizedRecord(3, b"k", (), b"[" + b" " * 65_535, 300_000),
        Record(4, b"k", (), event({"participant_id": "PRK-1"})),
        Record(5, b"k", (), event(GOOD, source="/partners/pintaria")),
    )
    found = [data_of(message) for message in messages]
    assert [data["reason"] for data in found] == [
        "not_json",
        "not_json",
        "corrupt_record",
        "too_large",
        "invalid_data",
        "source_mismatch",
    ]
    assert [data["truncated"] for data in found] == [False, False, False, True, False, False]
    assert found[3]["record_size"] == 300_000
    assert found[1]["record_base64"] == "//4="


PERSONAL: dict[str, AnyRecord] = {
    "participant": Record(0, b"PRK-1", (), event(GOOD | {"participant_id": DIGITS})),
    "number": Record(0, b"PRK-1", (), event(GOOD | {"participant_id": int(DIGITS)})),
    "key": Record(0, DIGITS.encode(), (), event(GOOD)),
    "id": Record(0, b"PRK-1", (), event(GOOD, id=DIGITS)),
    "subject": Record(0, b"PRK-1", (), event(GOOD, subject=DIGITS)),
    "sequence": Record(0, b"PRK-1", (), event(GOOD, sequence=DIGITS)),
    "redeem_code": Record(
        0,
        b"PRK-1",
        (),
        event(GOOD | {"redeem_code": DIGITS}, type="id.tuntas.class.redeemed.v1"),
    ),
    "certificate_no": Record(
        0,
        b"PRK-1",
        (),
        event(GOOD | {"certificate_no": DIGITS}, type="id.tuntas.certificate.issued.v1"),
    ),
    "ce_id": Record(
        0,
        b"PRK-1",
        [(name, DIGITS.encode() if name == "ce_id" else value) for name, value in BINARY],
        json.dumps(GOOD).encode(),
    ),
    "ce_subject": Record(
        0, b"PRK-1", [*BINARY, ("ce_subject", DIGITS.encode())], json.dumps(GOOD).encode()
    ),
}

OTHERWISE: dict[str, AnyRecord] = {
    "an unknown field": Record(0, b"k", (), event({"nik": DIGITS})),
    "an unknown field, as a number": Record(0, b"k", (), event({"nik": int(DIGITS)})),
    "an unknown field, grouped": Record(0, b"k", (), event({"nik": "32.01.23.456789.0001"})),
    "an unknown field, in escapes": Record(
        0,
        b"k",
        (),
        event({"nik": "NIK"}).replace(b"NIK", b"\\u00333201234567890001"[:6] + b"201234567890001"),
    ),
    "a field named so": Record(0, b"k", (), event({DIGITS: 1})),
    "a field that is there twice": Record(
        0, b"k", (), b'{"id": "' + DIGITS.encode() + b'", "id": "e-1"}'
    ),
    "an unknown header": Record(0, b"k", [("nik", DIGITS.encode())], b"{"),
    "the key of what is no JSON": Record(0, DIGITS.encode(), (), b"{"),
    "what is no JSON": Record(0, b"k", (), f'{{"participant_id": "{DIGITS}"'.encode()),
    "another partner's event": Record(
        0, b"k", (), event(GOOD | {"participant_id": DIGITS}, source="/partners/pintaria")
    ),
    "a type that is unknown": Record(0, b"k", (), event({"who": DIGITS}, type="id.tuntas.x.v1")),
    "a large record": OversizedRecord(
        0, b"k", (), f'{{"data": {{"nik": "{DIGITS}", "note": "'.encode() + b" " * 65_000, 300_000
    ),
    "a corrupt record": CorruptRecord(
        0, "The record is damaged.", f"\x00{DIGITS}\x02".encode(), 18
    ),
}


def is_nowhere(desk: Desk, messages: list[Announcement]) -> None:
    """Of the digits and of what surrounds them nothing is kept; size, place and reason are."""
    (message,) = messages
    data = data_of(message)
    assert message.key is None
    assert (data["record"], data["headers"], data["truncated"]) == ("", [], True)
    rows = desk.rows("TABLE ledger.rejection")
    for text in (repr(rows), message.value.decode()):
        assert DIGITS not in text
        assert DIGITS[4:] not in text
        assert "32.01.23" not in text
    assert (data["topic"], data["offset"]) == ("tuntas.partner.tokopedia", 0)
    assert data["record_size"] > 0


@pytest.mark.parametrize("name", PERSONAL)
def test_of_personal_data_nothing_is_kept_or_announced(desk: Desk, name: str) -> None:
    messages = announced(desk, PERSONAL[name])
    is_nowhere(desk, messages)
    data = data_of(messages[0])
    assert (data["reason"], data["event_id"]) == (Reason.PERSONAL_DATA, None)


@pytest.mark.parametrize("name", OTHERWISE)
def test_nor_of_a_record_that_is_refused_for_another_reason(desk: Desk, name: str) -> None:
    messages = announced(desk, OTHERWISE[name])
    is_nowhere(desk, messages)
    data = data_of(messages[0])
    assert data["reason"] != Reason.PERSONAL_DATA
    assert data["detail"].endswith("none of its bytes are kept.")


def test_nor_of_one_that_contradicts_what_is_there(desk: Desk) -> None:
    first = Record(0, b"k", (), event(GOOD))
    second = Record(
        1, b"k", (), event({"participant_id": "PRK-2", "class_code": "C", "nik": DIGITS})
    )
    (message,) = announced(desk, first, second)
    data = data_of(message)
    assert (data["reason"], data["event_id"], data["record"]) == ("id_conflict", "e-1", "")
    assert DIGITS not in repr(desk.rows("TABLE ledger.rejection"))


@pytest.mark.parametrize(
    "value",
    [
        b"{",
        event({"note": "INV-2020063000000042"}),
        event({"percent": 62.333333333333336, "amount": 0.1234567890123456}),
        event({"note": "12345678901234567"}),
    ],
)
def test_other_numbers_are_kept(desk: Desk, value: bytes) -> None:
    (message,) = announced(desk, Record(0, b"PRK-000000042", BINARY[:1], value))
    assert data_of(message)["record"].encode() == value


def test_an_accepted_event_may_hold_anything_in_fields_that_are_not_kept(desk: Desk) -> None:
    assert announced(desk, Record(0, b"k", (), event(GOOD | {"nik": DIGITS}))) == []
    assert DIGITS not in repr(desk.rows("TABLE ledger.stored_event"))


def test_what_is_announced_at_a_time_is_bounded_in_bytes(desk: Desk) -> None:
    large = [
        OversizedRecord(offset, b"k", (), b"[" + b" " * 65_535, 300_000) for offset in range(40)
    ]
    counts = [len(announced(desk, *large))]
    while counts[-1]:
        counts.append(announce(partial(transaction, desk.session), lambda _: None))
    assert counts == [16, 16, 8, 0]
