import json
from pathlib import Path

import jsonschema_rs
import pytest

from services.cloudevents.schemas import main, schemas
from tests.services.cloudevents.samples import FULL, MINIMAL, TYPES, Json, envelope

TOLD = ("record.rejected.v1", "answer.changed.v1")
PUBLISHED = Path(__file__).parents[3] / "docs" / "schemas"


VALIDATORS = {
    name.removesuffix(".json"): jsonschema_rs.validator_for(json.loads(text))
    for name, text in schemas().items()
}


def fits(name: str, event: Json) -> bool:
    return VALIDATORS[name].is_valid(event)


def test_the_published_schemas_are_current() -> None:
    published = {path.name: path.read_text(encoding="utf-8") for path in PUBLISHED.iterdir()}
    assert published == schemas(), "run: python -m services.cloudevents.schemas docs/schemas"


def test_there_is_one_for_each_type_and_one_for_each_that_is_told() -> None:
    assert set(schemas()) == {f"{name}.json" for name in (*TYPES, *TOLD)}


def test_they_are_written_anew(tmp_path: Path) -> None:
    (tmp_path / "class.forgotten.v1.json").write_text("{}")
    (tmp_path / "class.completed.v1.json").write_text("{}")
    main(tmp_path)
    assert {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()} == schemas()


@pytest.mark.parametrize("name", TYPES)
def test_a_good_event_fits(name: str) -> None:
    assert fits(name, envelope(name, FULL[name], subject="a", sequence="7"))
    assert fits(name, envelope(name, MINIMAL[name] | {"unknown": 1}, traceparent="00-1"))
    assert fits(name, envelope(name, dict.fromkeys(FULL[name], None) | MINIMAL[name]))


@pytest.mark.parametrize("name", TYPES)
def test_an_event_of_another_type_does_not_fit(name: str) -> None:
    other = TYPES[TYPES.index(name) - 1]
    assert not fits(name, envelope(other, FULL[other]))


@pytest.mark.parametrize("name", TYPES)
def test_what_is_required_must_be_there(name: str) -> None:
    for field in MINIMAL[name]:
        some = {key: value for key, value in MINIMAL[name].items() if key != field}
        assert not fits(name, envelope(name, some))
        assert not fits(name, envelope(name, some | {field: None}))
    for attribute in ("specversion", "id", "source", "type", "time", "data"):
        event = envelope(name)
        del event[attribute]
        assert not fits(name, event)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("class.completed.v1", {"class_code": "3201 2345 6789 0001"}),
        ("class.completed.v1", {"class_code": "3201234567890001"}),
        ("class.completed.v1", {"class_code": "C-0107\n"}),
        ("class.completed.v1", {"class_code": "x" * 129}),
        ("class.completed.v1", {"participant_id": 42}),
        ("class.progressed.v1", {"percent": "62"}),
        ("class.progressed.v1", {"percent": 100.5}),
        ("class.assessed.v1", {"kind": "exam"}),
        ("class.assessed.v1", {"score": {"min": 0}}),
        ("class.assessed.v1", {"passed": 1}),
        ("class.reviewed.v1", {"rating": 6}),
        ("class.reviewed.v1", {"comment": "x" * 2001}),
        ("class.published.v1", {"mastery_score": 60}),
        ("package.published.v1", {"class_codes": []}),
        ("purchase.paid.v1", {"items": []}),
        ("purchase.paid.v1", {"items": [{"price": 5}]}),
        ("purchase.paid.v1", {"amount": -1}),
    ],
)
def test_a_value_that_a_field_does_not_take_does_not_fit(name: str, change: Json) -> None:
    assert fits(name, envelope(name))
    assert not fits(name, envelope(name, MINIMAL[name] | change))
