"""Every sentence that is stored or answered in English is found again, and said in each language."""

import json
import re
from collections import Counter
from collections.abc import Iterator

import pytest

from domain.errors import Refusal
from services.asyncapi.mending import MENDINGS, refusal
from services.cloudevents.hints import MISSING_KEY
from services.intake.decoding import decoded
from services.intake.offline import check_lines
from services.intake.rejecting import rejection
from services.intake.weights import Weights
from services.kafka.batches import batches
from services.kafka.errors import (
    REPLACED,
    log_mismatch,
    log_replaced,
    not_readable,
    topic_made_anew,
)
from services.language.language import language
from services.language.sentences import Sentences, sentence_in, told_texts
from tests.catalogue.cases import catalogue
from tests.catalogue.sending import batch_of_one
from tests.catalogue.test_reading import LANE, NOW_MS
from tests.services.cloudevents.samples import FULL, PARTNER, Json, envelope, refused

ODD: list[tuple[str, Json]] = [
    ("class.reviewed.v1", {"note": 1, "instructorRatings": 5, "a name of four words": 1}),
    ("class.progressed.v1", {"percent": 0.5}),
    ("class.started.v1", {"participant_id": "0812-0000-0000"}),
    ("class.started.v1", {"participant_id": "somebody@learn.example"}),
    ("class.started.v1", {"participant_id": "NIK0000000000000000"}),
    ("purchase.paid.v1", {"items": [{"class_code": "C-1", "prise": 1}]}),
]
REFUSED: list[tuple[str, Json]] = [
    ("class.assessed.v1", {"kind": "POST_TEST"}),
    ("class.published.v1", {"move_on": "passed"}),
    ("class.attended.v1", {"mode": "Online"}),
    ("purchase.paid.v1", {"items": [{"class_code": "C-1"}] * 1234}),
]
MARKED = re.compile(r"`[^`]*`")


def of_records() -> Iterator[str]:
    for record in catalogue():
        (batch,) = batches(batch_of_one(record, NOW_MS), 0, 1)
        (one,) = decoded(LANE, batch.records, Weights(lambda *_: 1))
        if isinstance(one.outcome, Refusal):
            yield rejection(LANE, one.offset, one.outcome, one.raw).detail
        for checked in check_lines([record.value or b""], None, NOW_MS):
            if checked.detail:
                yield checked.detail
            yield from (hint.detail for hint in checked.hints)


def of_hints() -> Iterator[str]:
    yield MISSING_KEY.detail
    for name, change in ODD:
        (line,) = check_lines([json.dumps(envelope(name, FULL[name] | change)).encode()], PARTNER)
        assert line.hints, change
        yield from (hint.detail for hint in line.hints)
    for name, change in REFUSED:
        yield refused(envelope(name, FULL[name] | change)).detail
    yield refused(envelope("class.completed.v1", type="class.completed.v1")).detail
    yield refused(
        envelope("class.completed.v1", {"participant_id": "P", "classCode": "C-0107"})
    ).detail


def of_lanes() -> Iterator[str]:
    topic = f"tuntas.partner.{PARTNER}"
    yield str(log_mismatch((topic, 3), 100, 2000, 3000))
    yield str(log_mismatch((topic, 3), 5000, 0, 3000))
    yield str(log_replaced(topic, 3, 99, 100))
    yield str(not_readable((topic, 3), 100))
    yield str(topic_made_anew(topic, 3, 100))


TOLD = sorted(
    {*of_records(), *of_hints(), *of_lanes(), *(refusal(each).detail for each in MENDINGS)}
)


def test_there_are_many() -> None:
    assert len(TOLD) > 200


@pytest.mark.parametrize("sentence", TOLD)
def test_a_sentence_is_said_in_indonesian(sentence: str) -> None:
    said = sentence_in("id", sentence)
    assert said is not None
    assert said != sentence
    names = [name for name in MARKED.findall(sentence) if name != "`the statement`"]
    assert Counter(names) <= Counter(MARKED.findall(said))
    assert _digits(sentence) == _digits(said)


def _digits(sentence: str) -> Counter[str]:
    """The numbers of a sentence, thousands together: both languages put a sign between them, each its own."""
    return Counter(re.findall(r"\d+", re.sub(r"(?<=\d)[.,](?=\d{3})", "", sentence)))


def test_a_log_that_was_replaced_is_told_by_its_sentence() -> None:
    """services.running.lane_repair knows it by a part of it."""
    assert REPLACED in str(log_replaced("tuntas.partner.tokopedia", 3, 99, 100))


def test_a_sentence_is_found_as_it_was_made() -> None:
    """Said by its own texts, it is what it was: nothing of it is lost or in another place."""
    english = Sentences(language("en"), ((text, text) for text, _ in told_texts("id")))
    assert [english.said(sentence) for sentence in TOLD] == TOLD


@pytest.mark.parametrize(
    "sentence",
    [
        "",
        "`time` has gone by.",
        "`data.percent` must be whatever we like, without quotes.",
        "The value is not JSON: it breaks at line 1, column 8. And then?",
        "x" * 10_000,
        "`" * 10_000,
    ],
)
def test_what_nobody_tells_is_not_known(sentence: str) -> None:
    assert sentence_in("id", sentence) is None
    assert sentence_in("en", sentence) == sentence


def test_what_is_named_is_not_said_otherwise() -> None:
    said = sentence_in("id", "`data.must be a text` is not known, and ignored.")
    assert said == "`data.must be a text` tidak dikenal, dan diabaikan."


def test_every_text_can_be_found_again() -> None:
    """A text of placeholders alone would be any sentence; names stand in the translation as they are."""
    for text, said in told_texts("id"):
        assert re.sub(r"%\(\w+\)s|[` ]", "", text) or "`" in text, text
        if text != "`the statement`":
            assert Counter(MARKED.findall(text)) == Counter(MARKED.findall(said)), text
