"""A season of all eight partners through real Apache Kafka, late, repeated, in another order, past a killed worker.

Every answer is that of the oracle, which shares no code with the system (services/simulator/expected.py).
"""

import json
import random
import re
import subprocess
import sys
from base64 import b64decode
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from subprocess import PIPE, STDOUT, Popen
from time import monotonic
from typing import Any

import pytest
from kafka import KafkaConsumer

from domain.vocabulary import PARTNERS
from services.kafka.topics import rejection_topic
from services.simulator import SimulatedRecord, simulate
from services.simulator.expected import Expected, expected_answers
from services.simulator.expected_catalogue import Catalogue
from services.simulator.expected_intake import Event, read
from tests.end_to_end import proof
from tests.end_to_end.delivery import Coordinates, parts, sent, shuffled
from tests.end_to_end.running_system import TIMEOUT_SECONDS, RunningSystem

pytestmark = [pytest.mark.kafka, pytest.mark.apache, pytest.mark.slow]

EVENTS = 10_000
REPEATS = 2_000
SEED = 20_200_630
END_OF_YEAR = datetime.fromisoformat("2020-12-31T23:59:59+07:00")
HISTORIES = 400
REBUILD = (sys.executable, "-m", "services.cli", "rebuild")


def random_instants(count: int) -> Iterator[datetime]:
    draw = random.Random(SEED)
    for _ in range(count):
        yield datetime.fromisoformat("2020-04-01T00:00:00Z") + timedelta(
            seconds=draw.randrange(300 * 24 * 3600), microseconds=draw.randrange(1_000_000)
        )


@pytest.fixture(scope="module")
def records() -> list[SimulatedRecord]:
    """The season in the order in which it is sent."""
    return shuffled(list(simulate(EVENTS, SEED)), SEED, repeats=REPEATS)


@pytest.fixture(scope="module")
def expected(records: list[SimulatedRecord]) -> Expected:
    return expected_answers(records, datetime.now(UTC))


@pytest.fixture(scope="module")
def season(running_system: RunningSystem, records: list[SimulatedRecord]) -> RunningSystem:
    """The system after the season, in the middle of which a worker was killed and the tables were rebuilt."""
    system = running_system
    first, second, third, last = parts(records, 4)
    system.publish(first)
    system.publish(second)
    system.wait_until_read(len(first))
    system.kill("ingest-1")
    system.start_ingest()
    # Half of the lanes have no owner now; they are taken over while the rebuild runs.
    with Popen(REBUILD, env=system.environment(), stdout=PIPE, stderr=STDOUT, text=True) as rebuild:
        system.publish(third)
        told, _ = rebuild.communicate(timeout=TIMEOUT_SECONDS)
    assert rebuild.returncode == 0, told
    assert "generation 2 is live" in " ".join(told.split())
    system.publish(last)
    system.wait_until_drained()
    return system


def test_every_record_is_in_the_ledger_once(season: RunningSystem) -> None:
    proof.check_ledger(season)


def test_every_record_has_the_outcome_expected_of_it(
    season: RunningSystem, records: list[SimulatedRecord], expected: Expected
) -> None:
    proof.check_outcomes(season, records, expected)


def test_every_answer_is_the_expected_one(season: RunningSystem, expected: Expected) -> None:
    proof.check_answers(season, expected)


def test_every_evaluation_is_the_expected_one(season: RunningSystem, expected: Expected) -> None:
    proof.check_evaluations(season, expected)


@pytest.mark.parametrize("as_of", [END_OF_YEAR, *random_instants(2)], ids=str)
def test_every_answer_as_of_an_instant_is_the_expected_one(
    season: RunningSystem, records: list[SimulatedRecord], as_of: datetime
) -> None:
    expected = expected_answers(records, as_of)
    proof.check_answers(season, expected, as_of, every=5)
    if as_of == END_OF_YEAR:  # what auditors asked
        proof.check_evaluations(season, expected, as_of)


def test_every_series_is_the_expected_one(
    season: RunningSystem, records: list[SimulatedRecord]
) -> None:
    proof.check_series(season, records, "month", date(2020, 6, 1), date(2020, 9, 30))
    proof.check_series(season, records, "day", date(2020, 6, 29), date(2020, 6, 30))


def test_a_person_sees_what_is_expected_across_partners(
    season: RunningSystem, expected: Expected
) -> None:
    people = sorted({each["participant_id"] for each in expected.purchased_classes})
    with proof.asking(season) as client:
        for participant_id in random.Random(SEED).sample(people, 100):
            path = f"/v1/participants/{participant_id}/classes"
            items = client.get(path).raise_for_status().json()["items"]
            found = [proof.without_link(item) for item in items]
            assert found == in_order(expected.of_participant(participant_id))


def in_order(items: Sequence[Any]) -> list[Any]:
    return sorted(items, key=lambda each: (each["partner"], each["class_code"]))


def test_a_partner_sees_its_own_and_nothing_else(season: RunningSystem, expected: Expected) -> None:
    for partner in PARTNERS:
        wanted = [
            each
            for each in expected.purchased_classes
            if each["partner"] == partner and each["purchase"] != "none"
        ]
        with proof.asking(season, season.partner_tokens[partner]) as client:
            found = proof.listed(client, "/v1/purchased-classes")
            assert len(found) == len(wanted)
            assert {item["partner"] for item in found} == {partner}
            for path in ("/v1/purchased-classes", "/v1/package-purchases", "/v1/rejections"):
                for other in PARTNERS:
                    answer = client.get(path, params={"partner": other, "limit": 1})
                    assert answer.status_code == (200 if other == partner else 403)


def test_each_history_holds_every_event_behind_the_answer_with_its_place_in_kafka(
    season: RunningSystem, records: list[SimulatedRecord], expected: Expected
) -> None:
    stories = told(records, expected)
    draw = random.Random(SEED)
    asked = draw.sample(expected.purchased_classes, HISTORIES)
    with proof.asking(season) as client:
        for answer in asked:
            who, partner, code = answer["participant_id"], answer["partner"], answer["class_code"]
            path = f"/v1/participants/{who}/classes/{partner}/{code}/history"
            items = client.get(path).raise_for_status().json()["items"]
            places = {
                (item["topic"], item["partition"], item["offset"]): item["id"] for item in items
            }
            assert places == concerning(stories[partner, who], code), (partner, who, code)
            assert [item["happened"] for item in items] == sorted(
                item["happened"] for item in items
            )
            assert proof.without_link(items[-1]["state"]) == answer


Story = list[tuple[Coordinates, Event, list[str]]]
"""What one participant's events are, where each is, and for payments the classes it names."""


def told(records: Sequence[SimulatedRecord], expected: Expected) -> dict[tuple[str, str], Story]:
    """The accepted events of each participant at each partner, in the order of arrival."""
    accepted = [
        (each.at, read(each.record))
        for each, outcome in zip(sent(records), expected.outcomes, strict=True)
        if outcome["outcome"] == "accepted"
    ]
    catalogue = Catalogue([event for _, event in accepted])
    stories: dict[tuple[str, str], Story] = {}
    for at, event in accepted:
        data = event["data"]
        if "participant_id" not in data:
            continue
        named: list[str] = []
        if event["kind"] == "purchase.paid":
            items = data.get("items")
            package = catalogue.composition(event["partner"], data.get("package_code"))
            named = [item["class_code"] for item in items] if items else list(package or [])
        stories.setdefault((event["partner"], data["participant_id"]), []).append(
            (at, event, named)
        )
    return stories


def concerning(story: Story, class_code: str) -> dict[Coordinates, str]:
    """Where the events are that have a say in the answer about a class, and their ids."""
    purchases = {event["data"]["purchase_id"] for _, event, named in story if class_code in named}
    found: dict[Coordinates, str] = {}
    for at, event, _ in story:
        data = event["data"]
        if event["kind"] == "purchase.paid":
            concerns = data["purchase_id"] in purchases
        elif event["kind"] == "purchase.refunded":
            codes = data.get("class_codes")
            concerns = class_code in codes if codes else data["purchase_id"] in purchases
        else:
            concerns = data.get("class_code") == class_code
        if concerns:
            found[at] = event["id"]
    ids = set(found.values())
    withdrawals = [
        (at, event)
        for at, event, _ in story
        if event["kind"] == "event.voided" and event["data"]["target_id"] in ids
    ]
    return found | {at: event["id"] for at, event in withdrawals}


def test_each_rejection_is_announced_to_its_partner(
    season: RunningSystem, records: list[SimulatedRecord], expected: Expected
) -> None:
    wanted = {
        each.at: (outcome["reason"], each.record.value)
        for each, outcome in zip(sent(records), expected.outcomes, strict=True)
        if outcome["outcome"] == "rejected"
    }
    assert wanted
    topics = [rejection_topic(partner) for partner in PARTNERS]
    consumer = KafkaConsumer(
        *topics, bootstrap_servers=season.bootstrap, auto_offset_reset="earliest"
    )
    found: dict[Coordinates, tuple[str, bytes]] = {}
    deadline = monotonic() + TIMEOUT_SECONDS
    try:
        while found.keys() != wanted.keys() and monotonic() < deadline:
            for messages in consumer.poll(timeout_ms=500).values():
                for message in messages:
                    event = json.loads(message.value)
                    data = event["data"]
                    at = (data["topic"], data["partition"], data["offset"])
                    assert message.topic == rejection_topic(data["partner"])
                    assert event["id"] == f"{at[0]}/{at[1]}/{at[2]}"
                    assert data["detail"]
                    found[at] = (data["reason"], kept(data))
    finally:
        consumer.close()
    # Of a record with a national id in it nothing is announced but where it lies, and why.
    assert "personal_data" in {why for why, _ in wanted.values()}
    announced = {
        at: (why, b"" if why == "personal_data" else value[:65_536])
        for at, (why, value) in wanted.items()
    }
    proof.differing(found, announced)


def kept(data: dict[str, Any]) -> bytes:
    """The bytes of the record that an announcement holds."""
    if "record" in data:
        return str(data["record"]).encode()
    return b64decode(data["record_base64"])


def test_a_rebuild_beside_running_services_differs_in_nothing(
    season: RunningSystem, expected: Expected
) -> None:
    ran = subprocess.run(
        [*REBUILD, "--compare"],
        env=season.environment(),
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "generation 3 is live" in " ".join(ran.stdout.split())
    counts = re.findall(r"^│ (\w+) +│ +([0-9,]+) │$", ran.stdout, re.MULTILINE)
    assert {table for table, _ in counts} >= {"purchased_class", "purchase", "class", "package"}
    assert {count for _, count in counts} == {"0"}
    proof.check_answers(season, expected, every=5)
    proof.check_evaluations(season, expected)
