"""Statements among the records of a partner's topic."""

import json
from pathlib import Path

import pytest

from domain.errors import Reason, Refusal
from domain.events import PartnerEvent
from services.cloudevents.decode import decode
from services.xapi.guide import verb_table
from tests.services.xapi.statements import HAPPENED, ID, KEY, PARTNER, statement

VALUE = json.dumps(statement()).encode()
HEADERS = [
    [("x-experience-api-version", b"1.0.3")],
    [("X-Experience-API-Version", b"2.0.0"), ("content-type", b"application/json")],
    [("content-type", b"application/json; charset=utf-8"), ("X-EXPERIENCE-API-VERSION", b"1.0")],
]


@pytest.mark.parametrize("headers", HEADERS)
def test_the_header_makes_a_record_a_statement(headers: list[tuple[str, bytes]]) -> None:
    event = decode(PARTNER, KEY, headers, VALUE)
    assert isinstance(event, PartnerEvent), event
    assert (event.event_id, event.stream) == (ID, "p:PRK-000000042")


def test_without_the_header_it_is_no_cloudevent() -> None:
    refused = decode(PARTNER, KEY, (), VALUE)
    assert isinstance(refused, Refusal)
    assert refused.reason is Reason.NOT_CLOUDEVENTS


def test_a_statement_has_not_happened_a_day_after_it_was_sent() -> None:
    sent_ms = HAPPENED // 1000 - 24 * 3_600_000
    assert isinstance(decode(PARTNER, KEY, HEADERS[0], VALUE, sent_ms), PartnerEvent)
    refused = decode(PARTNER, KEY, HEADERS[0], VALUE, sent_ms - 1)
    assert isinstance(refused, Refusal)
    assert (refused.reason, refused.event_id) == (Reason.INVALID_DATA, ID)


@pytest.mark.parametrize(("value", "reason"), [(None, "not_json"), (b" " * 300_000, "too_large")])
def test_what_no_record_may_be_a_statement_may_not_be(value: bytes | None, reason: str) -> None:
    refused = decode(PARTNER, KEY, HEADERS[0], value)
    assert isinstance(refused, Refusal)
    assert refused.reason == reason


def test_activities_are_the_partner_s_own() -> None:
    lesson = json.dumps(statement(object={"id": "https://learn.example/7"})).encode()
    mapped = decode(PARTNER, KEY, HEADERS[0], lesson, -1, {"https://learn.example/7": "C-7"})
    assert isinstance(mapped, PartnerEvent)
    assert getattr(mapped.fact, "class_code", None) == "C-7"
    unmapped = decode(PARTNER, KEY, HEADERS[0], lesson)
    assert isinstance(unmapped, Refusal)
    assert unmapped.reason is Reason.UNMAPPED_ACTIVITY


def test_the_docs_have_the_table_that_the_decoder_uses() -> None:
    assert verb_table() in Path("docs/xapi.md").read_text(encoding="utf-8")
