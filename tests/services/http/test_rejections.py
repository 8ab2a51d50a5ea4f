"""Rejected records as they are shown: bytes that a person can read, or base64."""

import base64
from typing import Any

import pytest

from domain.errors import Reason, Refusal
from services.kafka.records import Record
from tests.raw_record import raw_record
from tests.services.http.conftest import TOKENS, Api
from tests.services.http.desk import Desk

KEPT = 64 * 1024
WHY = Refusal(Reason.INVALID_DATA, "`data.rating` must be a whole number from 1 to 5", "e-1")


def shown(desk: Desk, api: Api, value: bytes | None, key: bytes | None = None) -> Any:
    desk.send(desk.lane("bukalapak", partition=2), WHY, raw=raw_record(key, value))
    (item,) = api.get("/v1/rejections")["items"]
    return item


def test_a_record_that_is_text_is_shown_as_text(desk: Desk, api: Api) -> None:
    item = shown(desk, api, b'{"rating": 9, "comment": "\xc3\xa9\x00"}', b"PRK-1")
    recorded = item.pop("recorded")
    assert recorded.endswith("Z")
    assert item == {
        "partner": "bukalapak",
        "topic": "tuntas.partner.bukalapak",
        "partition": 2,
        "offset": 0,
        "reason": "invalid_data",
        "detail": "`data.rating` must be a whole number from 1 to 5",
        "event_id": "e-1",
        "key": "PRK-1",
        "key_encoding": "utf-8",
        "headers": [],
        "sent": None,
        "record": '{"rating": 9, "comment": "é\0"}',
        "record_encoding": "utf-8",
        "size": 31,
        "truncated": False,
        "resolved": False,
    }


def test_headers_and_the_time_of_sending_are_shown(desk: Desk, api: Api) -> None:
    headers = [("ce_id", b"e-1"), ("trace", b"\xff")]
    record = Record(0, b"k", headers, b"{}", 1_600_000_000_000)
    desk.send(desk.lane("bukalapak", partition=2), WHY, raw=record)
    (item,) = api.get("/v1/rejections")["items"]
    assert item["headers"] == [
        {"name": "ce_id", "value": "e-1", "encoding": "utf-8"},
        {"name": "trace", "value": "/w==", "encoding": "base64"},
    ]
    assert item["sent"] == "2020-09-13T12:26:40Z"


def test_other_bytes_are_shown_as_base64(desk: Desk, api: Api) -> None:
    item = shown(desk, api, b"\xff\xfe\x00", b"\x80")
    assert (item["record"], item["record_encoding"]) == ("//4A", "base64")
    assert (item["key"], item["key_encoding"]) == ("gA==", "base64")


def test_a_record_without_key_and_value(desk: Desk, api: Api) -> None:
    item = shown(desk, api, None)
    assert (item["record"], item["size"], item["key"], item["key_encoding"]) == ("", 0, None, None)


@pytest.mark.parametrize("character", ["x", "é", "世", "🎓"])
def test_a_long_record_is_cut_but_stays_text(desk: Desk, api: Api, character: str) -> None:
    value = ("." + character * KEPT).encode()
    item = shown(desk, api, value)
    assert item["truncated"] is True
    assert item["size"] == len(value)
    assert item["record_encoding"] == "utf-8"
    assert KEPT - 4 < len(item["record"].encode()) <= KEPT
    assert value.decode().startswith(item["record"])


def test_long_bytes_that_are_no_text_are_cut_as_they_are(desk: Desk, api: Api) -> None:
    item = shown(desk, api, b"\xff" * (KEPT + 1))
    assert (item["record_encoding"], item["truncated"]) == ("base64", True)
    assert base64.b64decode(item["record"]) == b"\xff" * KEPT


def test_the_newest_come_first_across_partners(desk: Desk, api: Api) -> None:
    for partner in ("pintaria", "bukalapak", "pintaria", "sisnaker"):
        desk.send(desk.lane(partner), WHY, Refusal(Reason.NOT_JSON, "no JSON"))
    wanted = ["sisnaker"] * 2 + ["pintaria"] * 2 + ["bukalapak"] * 2 + ["pintaria"] * 2
    whole = api.get("/v1/rejections")["items"]
    assert [item["partner"] for item in whole] == wanted
    for limit in (1, 3, 7, 8):
        assert api.items("/v1/rejections", limit=limit) == whole
    assert api.get("/v1/rejections", limit=8)["next_cursor"] is None


def test_filters(desk: Desk, api: Api) -> None:
    desk.send(desk.lane("pintaria"), WHY)
    desk.send(desk.lane("sisnaker"), Refusal(Reason.NOT_JSON, "no JSON"))
    newest, oldest = api.get("/v1/rejections")["items"]
    assert api.items("/v1/rejections", reason="not_json") == [newest]
    assert api.items("/v1/rejections", partner="pintaria") == [oldest]
    assert api.items("/v1/rejections", since=newest["recorded"]) == [newest]
    assert api.items("/v1/rejections", since=oldest["recorded"]) == [newest, oldest]
    assert api.items("/v1/rejections", since="2999-01-01T00:00:00Z") == []
    assert api.items("/v1/rejections", TOKENS["sisnaker"]) == [newest]
