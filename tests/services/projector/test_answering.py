"""Changes of answers are told: each, in order, at least once, and nothing that did not change."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from domain.events import (
    ClassCompleted,
    ClassPublished,
    ClassStarted,
    EventVoided,
    PackagePublished,
    PartnerEvent,
    PurchasePaid,
    PurchaseRefunded,
)
from domain.vocabulary import PARTNER_IDS
from projections.answers import following, told
from services.embedded.postgres import EmbeddedPostgres
from services.kafka.failures import BrokerUnavailable
from services.postgres.connect import connect
from services.projector.answering import Answering
from services.projector.beside import beside
from tests.domain import told as stories
from tests.domain.story import PARTNER, event
from tests.examples import examples
from tests.projections.kept import Kept, kept_on
from tests.services.http.conftest import Api, bearer, running
from tests.services.intake.desk import Desk
from tests.services.projector.outboxes import Outbox, data_of, folded, tell

SCHEMA = Path(__file__).parents[3] / "docs" / "schemas" / "answer.changed.v1.json"
KEY = b"PRK-1/C-1"

PAID = event(1, PurchasePaid("INV-1", None, (("C-1", 100),)), "paid", of="PRK-1")
DONE = event(3, ClassCompleted("C-1"), "done", of="PRK-1")
VOID = event(5, EventVoided("paid", "a mistake"), "void", of="PRK-1")


@pytest.fixture
def outbox() -> Outbox:
    return Outbox()


def test_each_change_is_told_once_and_silence_is_not(desk: Desk, outbox: Outbox) -> None:
    lane = desk.lane()
    states: list[str] = []
    for sent in (PAID, DONE, event(4, PurchaseRefunded("INV-1"), of="PRK-1")):
        desk.send(lane, sent)
        tell(desk, outbox)
        (message,) = outbox.taken()
        assert (message.topic, message.key) == ("tuntas.answers.tokopedia", KEY)
        answer = data_of(message)
        states.append(f"{answer['purchase']} {answer['completion']['state']}")
    assert states == ["active never_reported", "active completed", "refunded completed"]
    desk.send(lane, event(3, ClassCompleted("C-1"), "again", of="PRK-1"))  # says nothing new
    tell(desk, outbox)
    assert outbox.taken() == []


def test_messages_fit_their_schema(desk: Desk, outbox: Outbox) -> None:
    desk.send(desk.lane(), PAID, DONE)
    tell(desk, outbox)
    (message,) = outbox.taken()
    assert message.value is not None
    told_event = json.loads(message.value)
    validator = jsonschema_rs.validator_for(json.loads(SCHEMA.read_text(encoding="utf-8")))
    assert list(validator.iter_errors(told_event)) == []
    assert told_event["subject"].encode() == message.key
    assert dict(message.headers)["content-type"] == b"application/cloudevents+json"


def test_what_a_partner_says_before_a_purchase_is_no_answer_yet(desk: Desk, outbox: Outbox) -> None:
    lane = desk.lane()
    desk.send(lane, DONE)
    tell(desk, outbox)
    assert outbox.taken() == []
    desk.send(lane, PAID)
    tell(desk, outbox)
    assert [message.key for message in outbox.taken()] == [KEY]


def test_a_class_that_is_no_longer_purchased_is_told_so(desk: Desk, outbox: Outbox) -> None:
    lane = desk.lane()
    desk.send(lane, PAID, DONE)
    tell(desk, outbox)
    first = outbox.taken()
    desk.send(lane, VOID)
    tell(desk, outbox)
    (gone,) = outbox.taken()
    assert (gone.key, gone.value) == (KEY, None)
    headers = dict(gone.headers)
    assert headers["ce_type"] == b"id.tuntas.answer.withdrawn.v1"
    assert headers["ce_subject"] == KEY
    tell(desk, outbox)
    assert outbox.taken() == []
    paid_again = event(6, PurchasePaid("INV-2", None, (("C-1", 100),)), of="PRK-1")
    desk.send(lane, paid_again)
    tell(desk, outbox)
    (back,) = outbox.taken()
    ids = {headers["ce_id"].decode()} | {
        json.loads(message.value or b"")["id"] for message in (*first, back)
    }
    assert len(ids) == 3


def test_what_the_catalogue_changes_is_told(desk: Desk, outbox: Outbox) -> None:
    lane, catalogue = desk.lane(), desk.lane(partition=1)
    in_package = event(1, PurchasePaid("INV-2", "K-1"), of="PRK-2")
    desk.send(lane, PAID, DONE, in_package, event(2, ClassStarted("C-9"), of="PRK-3"))
    tell(desk, outbox)
    assert folded(outbox.taken()).keys() == {KEY}
    desk.send(
        catalogue, event(0, ClassPublished("C-1", "Driving", "A school", move_on="Completed"))
    )
    tell(desk, outbox)
    assert outbox.taken() == []  # rows do not follow the catalogue yet
    desk.judge_again()
    tell(desk, outbox)
    (message,) = outbox.taken()
    assert (data_of(message)["title"], data_of(message)["satisfied"]) == ("Driving", True)
    desk.send(catalogue, event(0, PackagePublished("K-1", "For drivers", ("C-1", "C-2"))))
    desk.judge_again()
    tell(desk, outbox)
    assert [message.key for message in outbox.taken()] == [b"PRK-2/C-1", b"PRK-2/C-2"]


@pytest.mark.parametrize("when", ["breaks_before", "breaks_after"])
def test_nothing_is_lost_when_it_breaks(
    desk: Desk, outbox: Outbox, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    monkeypatch.setattr(following, "PARTICIPANTS", 3)
    people = [f"PRK-{number}" for number in range(8)]
    paid = [
        event(1, PurchasePaid(f"INV-{who}", None, (("C-1", 100),)), f"paid {who}", of=who)
        for who in people
    ]
    desk.send(desk.lane(), *paid)
    for _ in range(2):
        setattr(outbox, when, 1)
        with pytest.raises(BrokerUnavailable):
            tell(desk, outbox)
    tell(desk, outbox)
    messages = outbox.taken()
    assert folded(messages).keys() == {f"{who}/C-1".encode() for who in people}
    ids = {(message.key, json.loads(message.value or b"")["id"]) for message in messages}
    assert len(ids) == len(people)  # what is sent again has the id that it had
    assert len(messages) == len(people) + (0 if when == "breaks_before" else 6)


@pytest.mark.parametrize("first", [True, False], ids=["a first answer", "another answer"])
def test_what_arrived_and_was_not_noted_is_taken_back_when_it_holds_no_more(
    desk: Desk, outbox: Outbox, first: bool
) -> None:
    lane = desk.lane()
    bought = event(1, PurchasePaid("INV-1", None, (("C-1", 100),)), "paid", of="PRK-1")
    done = event(2, ClassCompleted("C-1"), "done", of="PRK-1")
    told: list[PartnerEvent] = [bought] if first else [done]
    if not first:
        desk.send(lane, bought)
        tell(desk, outbox)
    before = folded(outbox.messages)
    desk.send(lane, *told)
    outbox.breaks_after = 1
    with pytest.raises(BrokerUnavailable):
        tell(desk, outbox)
    assert folded(outbox.messages) != before, "a reader has it"
    desk.send(lane, event(3, EventVoided(told[0].event_id, "a mistake"), "void", of="PRK-1"))
    tell(desk, outbox)
    assert folded(outbox.messages) == before


def test_in_another_topic_or_shape_everything_is_told_again(desk: Desk, outbox: Outbox) -> None:
    desk.send(desk.lane(), PAID, DONE)
    tell(desk, outbox)
    (first,) = outbox.taken()
    tell(desk, outbox)
    assert outbox.taken() == []
    outbox.log = "log/2"
    tell(desk, outbox)
    (second,) = outbox.taken()
    assert data_of(second) == data_of(first)


def test_a_partner_whose_topic_takes_nothing_does_not_hold_the_others(
    desk: Desk, outbox: Outbox, database_url: str
) -> None:
    desk.send(desk.lane("bukalapak"), PAID)
    desk.send(desk.lane("tokopedia"), PAID)
    outbox.refused = "tuntas.answers.bukalapak"

    class Told(threading.Event):
        """Ends the loop when an answer was told, and does not rest."""

        def __init__(self) -> None:
            super().__init__()
            self.rounds = 0

        def is_set(self) -> bool:
            self.rounds += 1
            assert self.rounds < 1_000
            return bool(outbox.messages)

        def wait(self, timeout: float | None = None) -> bool:  # noqa: ARG002
            return self.is_set()

    @contextmanager
    def opened() -> Iterator[Outbox]:
        yield outbox

    partner_ids = [PARTNER_IDS[partner] for partner in ("bukalapak", "tokopedia")]
    Answering(lambda: connect(database_url, "test"), opened, partner_ids).run(Told())
    assert {message.topic for message in outbox.messages} == {"tuntas.answers.tokopedia"}


def test_very_many_purchases_of_a_class_fit_a_message(
    desk: Desk, outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(told, "MOST_PURCHASES", 3)
    paid = [
        event(number, PurchasePaid(f"INV-{number}", None, (("C-1", 1),)), of="PRK-1")
        for number in range(5)
    ]
    desk.send(desk.lane(), *paid)
    tell(desk, outbox)
    (message,) = outbox.taken()
    answer = data_of(message)
    assert [each["purchase_id"] for each in answer["purchases"]] == ["INV-0", "INV-1", "INV-2"]
    assert answer["money"]["paid"] == 5


def test_a_defect_ends_the_process() -> None:
    class Broken(Answering):
        def run(self, stop: threading.Event) -> None:  # noqa: ARG002
            raise ZeroDivisionError

    def never() -> Any:
        raise AssertionError

    stop = threading.Event()
    told = Broken(never, never, ())
    with pytest.raises(ZeroDivisionError), beside("answers", told.run, stop):
        assert stop.wait(10)


marks = count(1)


@pytest.fixture(scope="module")
def told_world(postgres_server: EmbeddedPostgres) -> Iterator[tuple[Kept, Api]]:
    with kept_on(postgres_server, "told_answers") as kept, running(kept.url) as api:
        yield kept, api


@pytest.mark.slow
@settings(
    max_examples=examples(25, 150),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    people=st.lists(stories.of_participant(), min_size=1, max_size=3),
    catalogue=stories.of_catalogue(),
    random=st.randoms(use_true_random=False),
)
def test_a_reader_of_the_topic_knows_what_the_api_says(
    told_world: tuple[Kept, Api],
    people: list[list[PartnerEvent]],
    catalogue: list[PartnerEvent],
    random: Any,
) -> None:
    """Whatever is told, in whatever order and pieces, and wherever it breaks. Catalogues add up from world to world."""
    kept, api = told_world
    mark = next(marks)
    outbox = Outbox()
    lanes = [kept.desk.lane(PARTNER, partition) for partition in range(3)]
    events = [replace(each, event_id=f"{mark} {each.event_id}") for each in catalogue]
    for number, story in enumerate(people):
        events += [_of(each, f"W{mark}-{number}") for each in story]
    random.shuffle(events)
    messages = []
    while events:
        size = random.randint(1, 6)
        kept.desk.send(random.choice(lanes), *events[:size])
        del events[:size]
        if random.random() < 0.4:
            kept.settle()
        if random.random() < 0.5:
            outbox.breaks_after = random.choice((0, 0, 1))
            with suppress(BrokerUnavailable):
                tell(kept.desk, outbox, (PARTNER,))
    kept.settle()
    outbox.breaks_after = 0
    tell(kept.desk, outbox, (PARTNER,))
    messages += outbox.taken()
    read = {key: answer for key, answer in folded(messages).items() if _is_of(key, mark)}
    expected = {}
    for number in range(len(people)):
        who = f"W{mark}-{number}"
        for each in api.ask(f"/v1/participants/{who}/classes", {}, bearer()).json()["items"]:
            expected[f"{who}/{each['class_code']}".encode()] = each
    assert read == expected


def _of(told_event: PartnerEvent, who: str) -> PartnerEvent:
    return replace(told_event, event_id=f"{who} {told_event.event_id}", stream=f"p:{who}")


def _is_of(key: bytes, mark: int) -> bool:
    return key.startswith(f"W{mark}-".encode())
