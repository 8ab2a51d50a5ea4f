"""Deliveries by day: each record is counted once, on the day in Jakarta on which it was read."""

import csv
import io
from functools import partial
from typing import Any

import pytest

from domain.errors import Reason, Refusal
from domain.events import PARTICIPANT_STREAM, ClassStarted, PartnerEvent
from services.intake.batch import Decoded
from services.postgres.connect import connect, transaction
from services.projector import delivered
from services.projector.pausing import LOOK_SECONDS, Pausing
from tests.services.http.conftest import TOKENS, Api, bearer
from tests.services.http.desk import RAW, Desk
from tests.services.http.pages.reading import read, shown

BAD = Refusal(Reason.INVALID_DATA, "`data.percent` must be a number.")
PATH = "/v1/partners/sisnaker/deliveries"


def good(number: int) -> PartnerEvent:
    who = f"{PARTICIPANT_STREAM}PRK-{number}"
    return PartnerEvent("sisnaker", f"good {number}", number, who, ClassStarted("C-1"))


def told(api: Api) -> list[tuple[str, int, int, int]]:
    return [
        (each["day"], each["accepted"], each["duplicate"], each["rejected"])
        for each in api.get(PATH)["items"]
    ]


@pytest.fixture
def sent(desk: Desk) -> Desk:
    """Two lanes, read on three days; one second before and at a midnight in Jakarta among them."""
    first, second = desk.lane("sisnaker", 0), desk.lane("sisnaker", 1)
    desk.send(first, good(1), good(2), BAD, good(1))
    desk.execute(
        "UPDATE ledger.stored_event SET recorded = '2026-03-01T16:59:59Z' WHERE number = 0"
    )
    desk.execute(
        "UPDATE ledger.stored_event SET recorded = '2026-03-01T17:00:00Z' WHERE number = 1"
    )
    desk.execute("UPDATE ledger.rejection SET recorded = '2026-03-01T17:00:00Z'")
    desk.execute("UPDATE ledger.duplicate SET recorded = '2026-03-02T23:00:00Z'")
    # Between the two batches Kafka has three offsets without a record.
    desk.send(second, BAD)
    behind = second.next_offset + 3
    desk.write(second, [Decoded(behind, good(3), RAW)])
    desk.execute("UPDATE ledger.stored_event SET recorded = '2026-03-03T01:00Z' WHERE number > 1")
    desk.execute(
        "UPDATE ledger.rejection SET recorded = '2026-03-03T01:00Z' WHERE recorded > '2026-04-01'"
    )
    return desk


DAYS = [("2026-03-03", 1, 1, 1), ("2026-03-02", 1, 0, 1), ("2026-03-01", 1, 0, 0)]


@pytest.mark.parametrize("offsets", [1, 2, 3, 50_000])
def test_each_record_is_counted_once_on_its_day(sent: Desk, api: Api, offsets: int) -> None:
    assert told(api) == []
    assert api.get(PATH)["freshness"].get("events") != 0
    opened = partial(transaction, sent.session)
    steps = 1
    while delivered.count(opened, offsets):
        steps += 1
        assert steps < 20
    assert told(api) == DAYS
    delivered.count(opened, offsets)
    assert told(api) == DAYS
    lanes = api.get("/v1/intake", partner="sisnaker")["totals"]
    together = [sum(counts) for counts in zip(*[counts for _, *counts in DAYS], strict=True)]
    assert together == [lanes[name] for name in ("accepted", "duplicate", "rejected")]


def test_what_comes_later_is_added(sent: Desk, api: Api) -> None:
    sent.add_up()
    sent.send(sent.lane("sisnaker", 0), good(4), good(4))
    sent.execute("UPDATE ledger.stored_event SET recorded = '2026-03-03T02:00Z' WHERE number = 4")
    sent.execute(
        "UPDATE ledger.duplicate SET recorded = '2026-03-04T02:00Z' WHERE kafka_offset = 5"
    )
    sent.add_up()
    assert told(api) == [("2026-03-04", 0, 1, 0), ("2026-03-03", 2, 1, 1), *DAYS[1:]]


def test_one_process_at_a_time_counts(sent: Desk, api: Api) -> None:
    other = connect(api.database_url, "other")
    with transaction(other) as work:
        work.execute(delivered.SQL["claim"])
        assert delivered.count(partial(transaction, sent.session)) is False
        assert told(api) == []
    other.close()
    delivered.count(partial(transaction, sent.session))
    assert told(api) == DAYS


def test_it_is_counted_every_few_seconds_and_at_once_where_much_waits(
    sent: Desk,
) -> None:
    looks: list[bool] = []
    waits = [True, False, False]

    def count(_opened: object) -> bool:
        looks.append(waits[len(looks)])
        return looks[-1]

    now = 100.0
    counting = Pausing(count, lambda: now)
    opened = partial(transaction, sent.session)
    assert [counting.look(opened), counting.look(opened), counting.look(opened)] == [1, 0, 0]
    assert looks == [True, False]
    now += LOOK_SECONDS
    counting.look(opened)
    assert looks == [True, False, False]


def test_days_are_a_list_and_a_file(sent: Desk, api: Api) -> None:
    sent.add_up()
    first = api.get(PATH, limit=2)
    rest = api.get(PATH, limit=2, cursor=first["next_cursor"])
    assert [each["day"] for each in first["items"] + rest["items"]] == [day for day, *_ in DAYS]
    assert rest["next_cursor"] is None
    answer = api.ask(PATH, None, {**bearer(TOKENS["sisnaker"]), "Accept": "text/csv"})
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [(row["day"], row["records"]) for row in rows] == [
        (day, str(sum(counts))) for day, *counts in DAYS
    ]
    assert api.ask(PATH, None, bearer(TOKENS["tokopedia"])).status_code == 403
    assert api.ask("/v1/partners/nobody/deliveries", None, bearer()).status_code == 404


@pytest.mark.parametrize("cursor", ["2026-03-01", "x", ""])
def test_a_cursor_that_no_page_gave_is_refused(api: Api, cursor: str) -> None:
    assert api.ask(PATH, {"cursor": cursor}, bearer()).status_code == 422


def test_the_page_shows_days_in_the_readers_language(sent: Desk, api: Api) -> None:
    sent.add_up()
    page = shown(api, "/partners/sisnaker/deliveries", TOKENS["sisnaker"])
    assert "2 March 2026 1 50.0% 0 0.0% 1 50.0%" in page.text
    assert "/rejections?partner=sisnaker&since=2026-03-02&until=2026-03-02" in page.links
    of_day = shown(api, "/rejections?partner=sisnaker&since=2026-03-02&until=2026-03-02")
    assert of_day.text.count("must be a number") == 1
    spoken: dict[str, Any] = {**api.session(TOKENS["sisnaker"]), "Accept-Language": "id"}
    text = read(api.ask("/partners/sisnaker/deliveries", None, spoken)).text
    assert "2 Maret 2026 1 50,0% 0 0,0% 1 50,0%" in text
    assert "Hari demi hari" in text
