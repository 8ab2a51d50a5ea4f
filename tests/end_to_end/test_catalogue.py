"""The whole catalogue through a real worker in one go, good events in between, and what the API says of each record."""

import base64
import re
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from services.kafka.records import KEPT_BYTES
from services.kafka.topics import partner_topic
from tests.catalogue.cases import CatalogueRecord, catalogue
from tests.catalogue.sending import batch_of_one, good_event
from tests.end_to_end.running_system import RunningSystem
from tests.services.cloudevents.samples import PARTNER
from tests.services.kafka.raw import write_batches

pytestmark = [pytest.mark.kafka, pytest.mark.apache, pytest.mark.slow]

CATALOGUE = catalogue()
TOPIC = partner_topic(PARTNER)


def all_batches(now_ms: int) -> Iterator[bytes]:
    """Each record of the catalogue, and a good event behind it."""
    for number, record in enumerate(CATALOGUE):
        yield batch_of_one(record, now_ms)
        yield batch_of_one(good_event(f"neighbour-{number}"), now_ms)


def test_every_record_ends_as_the_catalogue_says(running_system: RunningSystem) -> None:
    system = running_system
    write_batches(system.bootstrap, TOPIC, all_batches(time.time_ns() // 1_000_000))
    sent = 2 * len(CATALOGUE)
    system.wait_until_read(sent)
    with httpx.Client(
        base_url=system.api_url, headers={"Authorization": f"Bearer {system.evaluator_token}"}
    ) as api:
        assert_counted(api, sent)
        rejected = {item["offset"]: item for item in every_rejection(api)}
        wrong = [
            f"{record.name}: {found}"
            for number, record in enumerate(CATALOGUE)
            if (found := ended(api, record, 2 * number, rejected.get(2 * number)))
        ]
        assert not wrong, "\n".join(wrong)
        assert {offset % 2 for offset in rejected} == {0}, "a neighbour was rejected"


def assert_counted(api: httpx.Client, sent: int) -> None:
    """Each record has one outcome, and there are as many of each as the catalogue says."""
    lanes = api.get("/v1/intake", params={"partner": PARTNER}).json()["items"]
    (lane,) = (lane for lane in lanes if lane["partition"] == 0)
    expected = [record.becomes for record in CATALOGUE]
    told = {name: lane[name] for name in ("accepted", "duplicate", "rejected")}
    assert told == {
        "accepted": len(CATALOGUE) + expected.count("accepted"),
        "duplicate": expected.count("duplicate"),
        "rejected": sum(record.is_rejected for record in CATALOGUE),
    }
    assert sum(told.values()) == lane["next_offset"] == sent


def every_rejection(api: httpx.Client) -> Iterator[dict[str, Any]]:
    cursor: str | None = None
    while True:
        asked: dict[str, str | int] = {"partner": PARTNER, "limit": 100}
        if cursor is not None:
            asked["cursor"] = cursor
        answer = api.get("/v1/rejections", params=asked).json()
        yield from answer["items"]
        cursor = answer["next_cursor"]
        if cursor is None:
            return


def ended(
    api: httpx.Client, record: CatalogueRecord, offset: int, rejection: dict[str, Any] | None
) -> str:
    """How a record ended otherwise than it should have; "" where it did not."""
    if record.is_rejected:
        return "was not rejected" if rejection is None else kept_wrongly(record, rejection)
    if rejection is not None:
        return f"was rejected: {rejection['reason']}, {rejection['detail']}"
    found = api.get(f"/v1/events/{PARTNER}/{quote(record.event_id, safe='')}").json()
    accepted = found["accepted"]
    if record.becomes == "accepted":
        return "" if accepted and accepted["offset"] == offset else f"was not accepted: {found}"
    offsets = [repeat["offset"] for repeat in found["repeats"]]
    return "" if offset in offsets else f"is no duplicate: {found}"


def kept_wrongly(record: CatalogueRecord, rejection: dict[str, Any]) -> str:
    """What is wrong with the rejection that was kept."""
    if rejection["reason"] != record.becomes or record.says not in rejection["detail"]:
        return f"{rejection['reason']}, {rejection['detail']}"
    kept = rejection["record"].encode()
    if rejection["record_encoding"] == "base64":
        kept = base64.b64decode(rejection["record"])
    if not record.kept:
        nothing = (kept, rejection["key"], rejection["headers"]) == (b"", None, [])
        return "" if nothing else "its bytes were kept"
    if record.becomes == "corrupt_record":
        return "" if kept else "none of its bytes were kept"
    value = record.value or b""
    same = value.startswith(kept) and len(kept) > min(len(value), KEPT_BYTES) - 4
    return "" if same and rejection["size"] == len(value) else "other bytes were kept"


def test_tuntas_check_says_the_same(running_system: RunningSystem) -> None:
    lines = [record for record in CATALOGUE if record.is_a_line]
    file = running_system.folder / "catalogue.jsonl"
    file.write_bytes(b"\n".join(record.value or b"" for record in lines))
    ran = running_system.run("check", "--partner", PARTNER, "--limit", "0", str(file))
    assert ran.returncode == 1
    told = dict(re.findall(r"^catalogue\.jsonl:(\d+): (\w+) ", ran.stdout, re.MULTILINE))
    expected = {
        str(number): record.becomes
        for number, record in enumerate(lines, start=1)
        if record.is_rejected
    }
    assert told == expected
