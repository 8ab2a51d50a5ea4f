"""What waits in Kafka is counted by the API itself, with its age, or said not to be known; earlier logs are apart."""

import time
from collections.abc import Callable

import pytest
from msgspec.structs import replace
from prometheus_client.parser import text_string_to_metric_families

from domain.events import PARTICIPANT_STREAM, PartnerEvent, PurchasePaid
from projections.reading import intake
from projections.reading.intake import Freshness, Lane, backlog, compared, freshness
from projections.reading.kafka_log import Asked, KafkaLog
from services.http import sources
from tests.services.http.conftest import EVALUATOR, Api, bearer
from tests.services.http.desk import Desk
from tests.services.http.pages.test_login import enter

SECOND = 1_000_000
TOPIC = "tuntas.partner.sisnaker"
PARTNER_ID = 6
BOUGHT = PartnerEvent(
    "sisnaker", "1", 1, f"{PARTICIPANT_STREAM}PRK-1", PurchasePaid("P-1", None, (("C-1", None),))
)


def lane(
    partition: int, next_offset: int, high_water: int, log_id: str = "log", *, current: bool = True
) -> Lane:
    return Lane(
        partner="sisnaker",
        topic=TOPIC,
        partition=partition,
        log_id=log_id,
        is_current=current,
        offsets_read=next_offset,
        unknown_fields=0,
        lag=max(high_water - next_offset, 0) if current else 0,
        first_offset=0,
        next_offset=next_offset,
        high_water=high_water,
        last_read=None,
        accepted=next_offset,
        duplicate=0,
        rejected=0,
        skipped=0,
    )


def log(
    ends: dict[int, int], since: dict[int, int] | None = None, begins: dict[int, int] | None = None
) -> KafkaLog:
    places = {partition: (TOPIC, partition) for partition in ends}
    return KafkaLog(
        "log",
        100 * SECOND,
        {place: (begins or {}).get(partition, 0) for partition, place in places.items()},
        {place: ends[partition] for partition, place in places.items()},
        {places[partition]: at for partition, at in (since or {}).items()},
        {},
    )


def fresh(lanes: list[Lane], said: KafkaLog | None, unknown: str | None = None) -> Freshness:
    return freshness(backlog(lanes, {}, said), [PARTNER_ID], 130 * SECOND, unknown)


def test_what_kafka_holds_beyond_a_lane_waits_however_long_nobody_has_read() -> None:
    assert fresh([lane(0, 5, 5)], log({0: 13}, {0: 70 * SECOND})) == Freshness(8, 60.0)


def test_a_partition_that_nobody_has_opened_waits_from_its_start() -> None:
    assert fresh([], log({0: 9}, {0: 129 * SECOND}, begins={0: 4})) == Freshness(5, 1.0)


def test_what_came_after_the_look_is_no_older_than_that() -> None:
    assert fresh([lane(0, 13, 15)], log({0: 13})) == Freshness(2, 30.0)


def test_an_age_that_was_not_read_is_not_known() -> None:
    found = fresh([lane(0, 5, 5), lane(1, 5, 5)], log({0: 13, 1: 6}, {0: 70 * SECOND}))
    assert found == Freshness(9, None, intake.AGE_UNKNOWN)


def test_nothing_is_known_when_kafka_says_nothing() -> None:
    assert fresh([lane(0, 5, 5)], None, "why") == Freshness(None, None, "why")


def test_an_earlier_log_is_not_waited_for() -> None:
    earlier = lane(0, 5, 50, "before", current=False)
    assert fresh([earlier, lane(0, 8, 8)], log({0: 8})) == Freshness(0, 0.0)
    # Not yet opened in the new log: all of that waits, and nothing of the one before.
    assert fresh([lane(0, 5, 50, "before")], log({0: 3}, {0: 130 * SECOND})) == Freshness(3, 0.0)
    (shown,) = compared([lane(0, 5, 50, "before")], Asked(log({0: 3})))
    assert (shown.is_current, shown.lag) == (False, 0)


def test_a_topic_that_was_made_anew_waits_from_its_start() -> None:
    read = replace(lane(0, 50, 50), topic_id="one")
    anew = replace(log({0: 3}, {0: 130 * SECOND}), topic_ids={TOPIC: "other"})
    assert fresh([read], anew) == Freshness(3, 0.0)
    (shown,) = compared([read], Asked(anew))
    assert (shown.is_current, shown.lag) == (False, 0)
    same = replace(anew, topic_ids={TOPIC: "one"}, ends={(TOPIC, 0): 50})
    assert fresh([read], same) == Freshness(0, 0.0)


def test_lag_is_what_kafka_says_now() -> None:
    assert [each.lag for each in compared([lane(0, 5, 5)], Asked(log({0: 13})))] == [8]
    assert [each.lag for each in compared([lane(0, 5, 5)], Asked(unknown="away"))] == [None]
    assert [each.lag for each in compared([lane(0, 5, 7)], None)] == [2]


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Callable[[Asked], None]:
    """A function that has an API, made after this, hear something of Kafka."""
    monkeypatch.setattr(sources, "EXPIRED_SECONDS", -1.0)
    said = [Asked(unknown="nothing yet")]
    monkeypatch.setattr(sources.Sources, "asked", lambda _self: said[-1])
    return said.append


def samples(api: Api) -> dict[tuple[str, ...], float]:
    text = api.ask("/metrics", headers=bearer()).text
    return {
        (sample.name, *(sample.labels.get(name, "") for name in ("topic", "partition", "log"))): (
            sample.value
        )
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.labels.get("outcome", "accepted") == "accepted"
    }


def test_answers_pages_and_metrics_say_the_same(
    told: Callable[[Asked], None], desk: Desk, api: Api
) -> None:
    desk.send(desk.lane("sisnaker"), BOUGHT)
    told(Asked(log({0: 9}, {0: round(time.time() * 1e6) - 45 * SECOND})))
    answer = api.get("/v1/purchased-classes")["freshness"]
    assert (answer["events"], answer["seconds"]) == (8, pytest.approx(45, abs=5))
    assert api.get("/v1/intake")["totals"]["lag"] == 8
    assert samples(api)["tuntas_intake_lag", TOPIC, "0", "log"] == 8
    assert samples(api)["tuntas_behind_events", "", "", ""] == 8
    assert "<strong>8 events are not in it yet. The oldest has waited for 4" in page(api)
    assert api.get("/readyz")["freshness"]["events"] == 8
    told(Asked(unknown="Kafka cannot be asked"))
    answer = api.get("/v1/purchased-classes")["freshness"]
    assert answer == {"events": None, "seconds": None, "unknown": "Kafka cannot be asked"}
    assert api.get("/v1/intake")["totals"]["lag"] is None
    assert samples(api)["tuntas_kafka_up", "", "", ""] == 0
    assert not [
        key for key in samples(api) if key[0] in ("tuntas_intake_lag", "tuntas_behind_events")
    ]
    assert "is not known:</strong>" not in page(api)
    assert "Kafka cannot be asked" in page(api)
    assert api.get("/readyz")["freshness"]["events"] is None
    told(Asked(log({0: 1})))
    assert "Everything that Kafka holds is in it." in page(api)


def page(api: Api) -> str:
    """The intake's page, as text in one line."""
    entered = enter(api, EVALUATOR).headers["set-cookie"].partition(";")[0]
    return " ".join(api.ask("/intake", headers={"Cookie": entered}).text.split())


def test_logs_are_told_apart(desk: Desk, api: Api) -> None:
    desk.send(desk.lane("sisnaker"), BOUGHT, waiting=3)
    desk.execute("UPDATE ledger.lane SET log_id = 'before'")
    desk.send(desk.lane("sisnaker"))
    items = api.get("/v1/intake")["items"]
    assert [(each["log_id"], each["is_current"], each["lag"]) for each in items] == [
        ("before", False, 0),
        ("log", True, 0),
    ]
    found = samples(api)
    assert found["tuntas_intake_records_total", TOPIC, "0", "before"] == 1
    assert ("tuntas_intake_records_total", TOPIC, "0", "log") in found
    assert ("tuntas_intake_lag", TOPIC, "0", "before") not in found
    assert ("tuntas_intake_lag", TOPIC, "0", "log") in found


@pytest.mark.parametrize(
    ("beat", "stopped", "code"),
    [("2 s", "NULL", 200), ("20 s", "NULL", 503), ("1 s", "now()", 503)],
)
def test_the_system_is_not_ready_without_a_living_intake(
    told: Callable[[Asked], None], desk: Desk, api: Api, beat: str, stopped: str, code: int
) -> None:
    told(Asked(log({0: 8}, {0: 0})))
    assert api.ask("/readyz").status_code == 200  # none has ever run here
    desk.execute(
        "INSERT INTO control.heartbeat (instance, service, host, pid, beat, stopped) "
        f"VALUES ('a', 'ingest', 'here', 1, now() - interval '{beat}', {stopped})"
    )
    answer = api.ask("/readyz")
    assert answer.status_code == code
    if code == 503:
        assert "no `tuntas ingest` process runs" in answer.text
        assert "8 events wait" in answer.text
