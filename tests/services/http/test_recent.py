"""A partner that sends mostly what is rejected is told so: at the API, on its page, in a metric and in the log."""

import logging
from collections.abc import Iterator
from functools import partial

import pytest
from prometheus_client.parser import text_string_to_metric_families

from domain.errors import Reason, Refusal
from domain.events import ClassStarted, PartnerEvent
from projections.reading import recent
from services.intake.batch import Decoded
from services.postgres.connect import transaction
from services.projector.recently import RecentlyRejected
from tests.domain.story import event
from tests.services.http.conftest import EVALUATOR, TOKENS, Api, bearer, running
from tests.services.http.desk import RAW, Desk

BAD = Refusal(Reason.INVALID_DATA, "`data.percent` must be a number.")


def good(number: int) -> PartnerEvent:
    return event(1, ClassStarted("C-1"), f"good {number}", of=f"PRK-{number}")


@pytest.fixture
def desk(database_url: str) -> Iterator[Desk]:
    found = Desk(database_url)
    yield found
    found.session.close()


@pytest.fixture
def api(desk: Desk, database_url: str) -> Iterator[Api]:  # noqa: ARG001 - which has made the tables
    with running(database_url) as found:
        yield found


def told(api: Api, partner: str = "tokopedia") -> list[tuple[int, int, bool]]:
    answer = api.ask("/v1/intake", {"partner": partner}, bearer()).json()
    return [(of["rejected"], of["records"], of["mostly_rejected"]) for of in answer["recent"]]


def test_a_few_bad_records_are_no_alarm(desk: Desk, api: Api) -> None:
    lane = desk.lane("tokopedia")
    desk.send(lane, BAD)
    assert told(api) == []
    desk.send(lane, *[BAD] * (recent.LEAST - 2))
    assert told(api) == []
    desk.send(lane, BAD)
    assert told(api) == [(20, 20, True)]
    assert told(api, "pintaria") == []


def test_it_is_about_more_than_half_of_all_partitions_together(desk: Desk, api: Api) -> None:
    desk.send(desk.lane("tokopedia", 0), *[BAD] * 30)
    other = desk.lane("tokopedia", 1)
    desk.send(other, *map(good, range(29)))
    assert told(api) == [(30, 59, True)]
    desk.send(other, good(28), good(29))  # one is a repeat, which is no rejection
    assert told(api) == [(30, 61, False)]


def test_it_is_about_the_last_records_only(desk: Desk, api: Api) -> None:
    lane = desk.lane("tokopedia")
    desk.send(lane, *[BAD] * 900)
    desk.send(lane, *map(good, range(500)))
    assert told(api) == [(500, 1_000, False)]
    desk.send(lane, BAD)
    assert told(api) == [(500, 1_000, False)]
    desk.send(lane, *[BAD] * 500)
    assert told(api) == [(501, 1_000, True)]
    desk.send(lane, *map(good, range(500, 1_600)))
    assert told(api) == []


def test_offsets_without_a_record_count_for_nothing(desk: Desk, api: Api) -> None:
    """Kafka's own marks behind transactions take offsets, too."""
    lane = desk.lane("tokopedia")
    for number in range(40):
        one = Decoded(lane.next_offset + 1, BAD if number % 4 else good(number), RAW)
        desk.write(lane, [one])
    assert told(api) == [(30, 40, True)]


def test_the_page_and_the_metric_say_so(desk: Desk, api: Api) -> None:
    desk.send(desk.lane("tokopedia"), *[BAD] * 30, *map(good, range(10)))
    text = api.ask("/metrics", {}, bearer(EVALUATOR)).text
    found = {
        (sample.name, sample.labels["partner"]): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if "partner" in sample.labels
    }
    assert found["tuntas_intake_mostly_rejected", "tokopedia"] == 1
    assert found["tuntas_intake_recent_rejected", "tokopedia"] == 30
    assert found["tuntas_intake_mostly_rejected", "pintaria"] == 0
    said = "30 of the 40 records that were read last were rejected."
    for path, cookie in (
        ("/intake", api.session()),
        ("/partners/tokopedia/evaluation", api.session(TOKENS["tokopedia"])),
    ):
        assert said in api.ask(path, headers=cookie).text, path
    assert said not in api.ask("/partners/pintaria/evaluation", headers=api.session()).text


def test_the_log_says_it_once_and_when_it_is_over(
    desk: Desk, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.projector.recently.LOOK_SECONDS", 0.0)
    caplog.set_level(logging.INFO)
    lane = desk.lane("tokopedia")
    desk.send(lane, *[BAD] * 40)
    looking = RecentlyRejected(logging.getLogger("tuntas.test"))
    opened = partial(transaction, desk.session)
    for _ in range(3):
        looking.look(opened)
    desk.send(lane, *map(good, range(1_000)))
    for _ in range(3):
        looking.look(opened)
    said = [record.getMessage() for record in caplog.records if record.name == "tuntas.test"]
    assert said == [
        "records are mostly rejected partner=tokopedia rejected=40 of_recent=40",
        "records are no longer mostly rejected partner=tokopedia",
    ]
