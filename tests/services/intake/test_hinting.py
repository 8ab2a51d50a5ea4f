"""Hints are counted by kind beside acceptance, with the last of each, and nothing that was sent is in them."""

import json

import pytest

from services.cloudevents.hints import is_name
from services.intake import hinting
from services.intake.batch import LaneBatch
from services.intake.decoding import decoded
from services.intake.lanes import Lane
from services.intake.weights import Weights
from services.kafka.records import Record
from tests.services.intake.desk import Desk

PARTNER = "tokopedia"


def record(
    offset: int, data: object, *, kind: str = "class.progressed", key: bool = True
) -> Record:
    value = {
        "specversion": "1.0",
        "id": f"e-{offset}",
        "source": f"/partners/{PARTNER}",
        "type": f"id.tuntas.{kind}.v1",
        "time": "2020-07-01T08:00:00+07:00",
        "data": data,
    }
    return Record(offset, b"PRK-1" if key else None, (), json.dumps(value).encode())


def binary(offset: int, data: object) -> Record:
    attributes = {
        "specversion": "1.0",
        "id": f"b-{offset}",
        "source": f"/partners/{PARTNER}",
        "type": "id.tuntas.class.progressed.v1",
        "time": "2020-07-01T08:00:00+07:00",
    }
    headers = [(f"ce_{name}", text.encode()) for name, text in attributes.items()]
    headers.append(("content-type", b"application/json"))
    return Record(offset, b"PRK-1", headers, json.dumps(data).encode())


def progressed(**others: object) -> dict[str, object]:
    return {"participant_id": "PRK-1", "class_code": "C-1", "percent": 50} | others


@pytest.fixture
def lane(desk: Desk) -> Lane:
    return desk.lane(PARTNER)


def read(desk: Desk, lane: Lane, *records: Record) -> None:
    of = decoded(lane, records, Weights(lambda *_: 0))
    behind = records[-1].offset + 1
    desk.write(LaneBatch(lane, of, behind, behind))


def noted(desk: Desk) -> dict[str, tuple[int, int, str]]:
    rows = desk.rows("SELECT kind, records, kafka_offset, detail FROM ledger.hint")
    return {kind: (count, offset, detail) for kind, count, offset, detail in rows}


def test_each_kind_is_counted_with_the_last_of_it(desk: Desk, lane: Lane) -> None:
    read(desk, lane, record(0, progressed(percent=0.5)), record(1, progressed(percent=1)))
    read(desk, lane, record(2, progressed(percent=0.25)))
    read(desk, lane, record(3, progressed(pct=50)))
    read(desk, lane, binary(4, progressed(class_cod="x")))
    read(desk, lane, record(5, progressed(participant_id="081200000000"), key=False))
    wrong_type = record(6, progressed(), kind="Class.Progressed")
    read(desk, lane, wrong_type)
    found = noted(desk)
    assert {kind: (count, offset) for kind, (count, offset, _) in found.items()} == {
        "percent_as_share": (3, 2),
        "unknown_field": (2, 4),
        "looks_like_phone": (1, 5),
        "missing_key": (1, 5),
        "word_meant": (1, 6),
    }
    assert found["word_meant"][2].endswith("Did you mean `id.tuntas.class.progressed.v1`?")
    assert found["unknown_field"][2] == "`data.class_cod` is not known, and ignored."
    assert "081200000000" not in repr(found)


def test_what_is_right_is_not_hinted_at(desk: Desk, lane: Lane) -> None:
    read(desk, lane, record(0, progressed()), binary(1, progressed()))
    assert noted(desk) == {}


def test_of_a_large_batch_a_few_are_looked_at_and_odd_ones_are_found(
    desk: Desk, lane: Lane
) -> None:
    records = [record(number, progressed(percent=0.5)) for number in range(200)]
    records[150] = record(150, progressed(coment="x"))
    read(desk, lane, *records)
    found = noted(desk)
    assert found["percent_as_share"][:2] == (hinting.LOOKED_AT, hinting.LOOKED_AT - 1)
    assert found["unknown_field"][:2] == (1, 150)


@pytest.mark.parametrize("name", ["3201234567890001", "a b", "x" * 41, "nik_3201234567890001", "ä"])
def test_a_field_whose_name_may_stand_for_somebody_is_not_named(
    desk: Desk, lane: Lane, name: str
) -> None:
    assert not is_name(name)
    read(desk, lane, record(0, progressed(**{name: 1})))
    detail = noted(desk)["unknown_field"][2]
    assert detail.startswith("A field of `data` is not known")
    assert name not in detail


@pytest.mark.parametrize("name", ["percentage", "unit_2", "classCode", "v1.2", "course-id"])
def test_a_usual_name_is_told(name: str) -> None:
    assert is_name(name)
