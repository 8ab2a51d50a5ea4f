"""The AsyncAPI document is current, says what the decoder says, and breaks nothing of the last released one."""

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from domain.events import PartnerEvent
from services.asyncapi.document import document, written
from services.asyncapi.page import page
from services.cloudevents.decode import decode
from tests.asyncapi.breaking import broken
from tests.services.cloudevents.samples import PARTNER, TYPES

DOCS = Path(__file__).parents[2] / "docs"
RELEASED = json.loads((DOCS / "released" / "asyncapi.json").read_text(encoding="utf-8"))

Json = dict[str, Any]


def test_the_document_and_its_page_are_current() -> None:
    made = "run: python -m services.asyncapi.document docs/asyncapi.json"
    assert (DOCS / "asyncapi.json").read_text(encoding="utf-8") == written(), made
    made = "run: python -m services.asyncapi.page docs/asyncapi.md"
    assert (DOCS / "asyncapi.md").read_text(encoding="utf-8") == page(), made


def test_each_type_is_there_in_both_modes() -> None:
    messages = document()["channels"]["events"]["messages"]
    both = {name for kind in TYPES for name in (kind, f"{kind}.binary")}
    assert set(messages) == {*both, "xapi.statement"}


def examples() -> list[Any]:
    tree = document()
    return [
        pytest.param(example, message, id=name)
        for name, message in tree["components"]["messages"].items()
        for example in message["examples"]
    ]


@pytest.mark.parametrize(("example", "message"), examples())
def test_an_example_fits_its_schema_and_is_accepted(example: Json, message: Json) -> None:
    for part in ("payload", "headers"):
        schema = {**message[part], "components": document()["components"]}
        assert jsonschema_rs.is_valid(schema, example[part])
    if message["name"] not in document()["channels"]["events"]["messages"]:
        return  # it is told to partners
    headers = [(name, value.encode()) for name, value in example["headers"].items()]
    value = json.dumps(example["payload"]).encode()
    assert isinstance(decode(PARTNER, b"PRK-000000042", headers, value), PartnerEvent)


ON_PURPOSE = {
    f"purchase.paid.v1{mode}.{field}: maximum is 100000000000, and was 9223372036854775807"
    for mode in (" payload.data", ".binary payload")
    for field in ("amount", "items[].price")
}
"""Two payments of 2^63 - 1 rupiah were accepted, and no sum over them could be stored: the project service stood still
for all partners. Nobody pays so much for classes."""


def test_nothing_is_broken_of_what_was_released() -> None:
    assert set(broken(RELEASED, document())) == ON_PURPOSE, (
        "Partners that keep to the released document would be refused or misled: add a new version of the type."
    )


def changed(*path: str, to: Any) -> Json:
    """The document with one place of its components changed; None: taken out."""
    tree = deepcopy(document())
    *parents, last = path
    place = tree["components"]
    for name in parents:
        place = place[name]
    if to is None:
        del place[last]
    else:
        place[last] = to
    return tree


PROGRESSED = ("schemas", "ClassProgressedData")
REJECTED = ("schemas", "RecordRejected")


@pytest.mark.parametrize(
    ("new", "sentence"),
    [
        (
            changed(*PROGRESSED, "required", to=["participant_id", "class_code", "percent"]),
            "percent is required now",
        ),
        (changed(*PROGRESSED, "properties", "percent", to=None), "percent is gone"),
        (
            changed(*PROGRESSED, "properties", "class_code", "maxLength", to=64),
            "maxLength is 64, and was 128",
        ),
        (
            changed(*PROGRESSED, "properties", "class_code", "pattern", to="^C"),
            "pattern is another",
        ),
        (
            changed(*PROGRESSED, "properties", "class_code", "type", to="integer"),
            "string is not taken any more",
        ),
        (
            changed("schemas", "ClassReviewedData", "properties", "rating", "maximum", to=4),
            "maximum is 4, and was 5",
        ),
        (
            changed("schemas", "ClassReviewedData", "properties", "rating", "minimum", to=2),
            "minimum is 2, and was 1",
        ),
        (
            changed(
                "schemas", "ClassAssessedData", "properties", "kind", to={"enum": ["post_test"]}
            ),
            "pre_test is not among the values",
        ),
        (
            changed(
                "messages", "class.started.v1.binary", "headers", "required", to=["ce_subject"]
            ),
            "ce_subject is required now",
        ),
        (
            changed("messages", "class.started.v1", "contentType", to="text/plain"),
            "the content type is another",
        ),
        (changed(*REJECTED, "properties", "detail", to=None), "detail is gone"),
        (changed(*REJECTED, "required", to=["reason"]), "detail need not be there any more"),
        (changed(*REJECTED, "properties", "offset", "type", to="string"), "string is new there"),
    ],
)
def test_what_breaks_is_found(new: Json, sentence: str) -> None:
    found = broken(document(), new)
    assert any(sentence in told for told in found), found


def test_a_type_or_a_partner_that_is_gone_is_found() -> None:
    new = deepcopy(document())
    del new["channels"]["events"]["messages"]["class.started.v1"]
    new["channels"]["events"]["parameters"]["partner"]["enum"].remove("tokopedia")
    assert broken(document(), new) == [
        "class.started.v1 is gone from events",
        "events: tokopedia is no partner any more",
    ]


def test_what_is_added_breaks_nothing() -> None:
    new = changed(*PROGRESSED, "properties", "pace", to={"type": "string"})
    new["components"]["messages"]["class.paused.v1"] = new["components"]["messages"][
        "class.started.v1"
    ]
    new["channels"]["events"]["messages"]["class.paused.v1"] = {
        "$ref": "#/components/messages/class.paused.v1"
    }
    new["components"]["schemas"]["RecordRejected"]["properties"]["hint"] = {"type": "string"}
    assert broken(document(), new) == []
