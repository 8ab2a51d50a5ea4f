"""What has to hold at the end, whatever happened on the way: answers as expected, and a ledger that adds up."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from services.simulator import SimulatedRecord
from services.simulator.expected import Expected, expected_answers
from services.simulator.expected_series import expected_series, periods
from tests.end_to_end.delivery import Coordinates, sent
from tests.end_to_end.running_system import RunningSystem

Item = dict[str, Any]
EVALUATED = {
    "classes": ("partner", "class_code"),
    "packages": ("partner", "package_code"),
    "institutions": ("institution",),
    "partners": ("partner",),
}
PACKAGE_KEY = ("partner", "package_code", "purchase_id", "participant_id")
PURCHASE_KEY = ("partner", "purchase_id", "participant_id")
PRICED = ("class_code", "price", "price_is", "refunded_at")
"""What the list of purchases says of each class."""


@contextmanager
def asking(system: RunningSystem, token: str | None = None) -> Iterator[httpx.Client]:
    """A client of the API, with an evaluator's token unless another is given."""
    headers = {"Authorization": f"Bearer {token or system.evaluator_token}"}
    with httpx.Client(base_url=system.api_url, headers=headers, timeout=60) as client:
        yield client


def listed(client: httpx.Client, path: str, **query: str) -> list[Item]:
    """Every item of a list route, streamed."""
    headers = {"Accept": "application/x-ndjson"}
    with client.stream("GET", path, params=query, headers=headers) as response:
        response.raise_for_status()
        return [json.loads(line) for line in response.iter_lines()]


def check_everything(
    system: RunningSystem, records: Sequence[SimulatedRecord], *, asked: int | None = None
) -> Expected:
    """Everything about a system that was sent these records, each once, in this order.

    Beside the list of all purchases, so many at most are asked for one by one; None: each of them.
    """
    expected = expected_answers(records, datetime.now(UTC))
    check_ledger(system)
    check_outcomes(system, records, expected)
    every = 1 if asked is None else max(1, -(-len(expected.purchases) // asked))
    check_answers(system, expected, every=every)
    check_evaluations(system, expected)
    return expected


def check_answers(
    system: RunningSystem, expected: Expected, as_of: datetime | None = None, *, every: int = 1
) -> None:
    """Every purchased class, purchase and package purchase is listed as expected, and no other.

    Purchases are asked for one by one as well: with ``every`` = n each n-th one.
    """
    when = {} if as_of is None else {"as_of": as_of.isoformat()}
    with asking(system) as client:
        check_classes(client, expected, when)
        check_listed_purchases(client, expected, when)
        check_purchases(client, expected.purchases[::every], when)
        check_packages(client, expected, when)


def check_classes(client: httpx.Client, expected: Expected, when: dict[str, str]) -> None:
    path = "/v1/purchased-classes"
    found = listed(client, path, **when) + listed(client, path, purchase="none", **when)
    names = ("partner", "participant_id", "class_code")
    by_name = {tuple(item[name] for name in names): without_link(item) for item in found}
    assert len(by_name) == len(found), "a purchased class is listed twice"
    wanted = {tuple(item[name] for name in names): item for item in expected.purchased_classes}
    differing(by_name, wanted)


def check_purchases(client: httpx.Client, purchases: Sequence[Item], when: dict[str, str]) -> None:
    found, wanted = {}, {}
    for purchase in purchases:
        partner, purchase_id = purchase["partner"], purchase["purchase_id"]
        path = f"/v1/purchases/{partner}/{quote(purchase_id, safe='')}"
        answer = client.get(path, params=when).raise_for_status().json()
        answer["classes"] = [without_link(item) for item in answer["classes"]]
        found[partner, purchase_id] = {name: answer[name] for name in purchase}
        wanted[partner, purchase_id] = purchase
    assert len(wanted) == len(purchases)
    differing(found, wanted)


def check_listed_purchases(client: httpx.Client, expected: Expected, when: dict[str, str]) -> None:
    """The list has each purchase once, with what was paid and given back of each class, and no other."""
    items = listed(client, "/v1/purchases", **when)
    wanted = {
        tuple(purchase[name] for name in PURCHASE_KEY): {
            name: [{of: each[of] for of in PRICED} for each in said] if name == "classes" else said
            for name, said in purchase.items()
            if items and name in items[0]
        }
        for purchase in expected.purchases
    }
    found = {tuple(item[name] for name in PURCHASE_KEY): item for item in items}
    assert len(found) == len(items), "a purchase is listed twice"
    differing({name: spoken_of(found[name], wanted.get(name, {})) for name in found}, wanted)


def check_packages(client: httpx.Client, expected: Expected, when: dict[str, str]) -> None:
    found, wanted = {}, {}
    items = listed(client, "/v1/package-purchases", **when)
    for item in items:
        item["class_codes"] = [of["class_code"] for of in item["classes"]]
        found[tuple(item[name] for name in PACKAGE_KEY)] = item
    assert len(found) == len(items), "a package purchase is listed twice"
    for package in expected.package_purchases:
        name = tuple(package[name] for name in PACKAGE_KEY)
        wanted[name] = package
        if name in found:
            found[name] = {field: found[name][field] for field in package}
    differing(found, wanted)


def check_evaluations(
    system: RunningSystem, expected: Expected, as_of: datetime | None = None
) -> None:
    """Each class, package, institution and partner is evaluated as expected: nothing is counted twice or left out."""
    when = {} if as_of is None else {"as_of": as_of.isoformat()}
    found, wanted = {}, {}
    with asking(system) as client:
        for kind, names in EVALUATED.items():
            for evaluation in expected.evaluations[kind]:
                name = [str(evaluation[field]) for field in names]
                parts = "/".join(quote(part, safe="") for part in name)
                answer = client.get(f"/v1/{kind}/{parts}/evaluation", params=when)
                told = answer.raise_for_status().json()
                if kind == "institutions":
                    # Partners that offer its classes are named as well, sold or not.
                    told["partners"] = [p for p in told["partners"] if p in evaluation["partners"]]
                found[kind, *name] = spoken_of(told, evaluation)
                wanted[kind, *name] = near(evaluation)
    differing(found, wanted)


def check_series(
    system: RunningSystem, records: Sequence[SimulatedRecord], by: str, first: date, last: date
) -> None:
    """Each class, package, institution and partner over time is as expected, period by period."""
    spans = periods(by, first, last)
    query = {"by": by, "from": first.isoformat(), "to": last.isoformat(), "limit": "1000"}
    found, wanted = {}, {}
    with asking(system) as client:
        for path, expected in expected_series(records, spans).items():
            parts = "/".join(quote(part, safe="") for part in path)
            told = client.get(f"/v1/{parts}/series", params=query).raise_for_status().json()
            found[path] = spoken_of(told["items"], expected)
            wanted[path] = near(expected)
    differing(found, wanted)


def spoken_of(answer: Any, wanted: Any) -> Any:
    """Of an answer the fields that the oracle speaks of."""
    if isinstance(wanted, dict):
        return {name: spoken_of(answer.get(name), each) for name, each in wanted.items()}
    if isinstance(wanted, list) and isinstance(answer, list) and len(answer) == len(wanted):
        return [spoken_of(of, each) for of, each in zip(answer, wanted, strict=True)]
    return answer


def near(value: Any) -> Any:
    """The value with every float approximate: sums come out in any order."""
    if isinstance(value, float):
        return pytest.approx(value, abs=2e-9)
    if isinstance(value, dict):
        return {name: near(each) for name, each in value.items()}
    if isinstance(value, list):
        return [near(each) for each in value]
    return value


def check_ledger(system: RunningSystem) -> None:
    """Per partition, what became of records adds up to Kafka's end offset, in lane rows and in the ledger's own."""
    end = system.end_offsets()
    lanes = {(row[0], row[1]): row[2:] for row in system.rows(LANES)}
    assert lanes.keys() == end.keys()
    for place, (first, after, accepted, duplicate, rejected, skipped, *counted) in lanes.items():
        assert after == end[place], place
        assert first + accepted + duplicate + rejected + skipped == after, place
        assert skipped == 0, f"{place}: Kafka holds a record at every offset"
        assert counted == [accepted, duplicate, rejected], place
        assert accepted + duplicate + rejected == after - first, place
    assert system.rows(TOLD_TWICE) == [], "an offset has two outcomes"
    with asking(system) as client:
        intake = client.get("/v1/intake").raise_for_status().json()
    for lane in intake["items"]:
        assert lane["next_offset"] == end[lane["topic"], lane["partition"]]
        assert lane["offsets_read"] == lane["accepted"] + lane["duplicate"] + lane["rejected"]
        assert lane["lag"] == 0
    names = ("offsets_read", "accepted", "duplicate", "rejected", "skipped")
    sums = {name: sum(lane[name] for lane in intake["items"]) for name in names}
    assert sums == {name: intake["totals"][name] for name in names}
    assert sums["offsets_read"] == sum(end.values())


def check_outcomes(
    system: RunningSystem, records: Sequence[SimulatedRecord], expected: Expected
) -> None:
    """Each record has the outcome expected of it, at its own place in Kafka; partners see theirs."""
    found: dict[Coordinates, tuple[str, str | None]] = {
        (topic, partition, offset): (outcome, None)
        for topic, partition, offset, outcome in system.rows(TAKEN)
    }
    with asking(system) as client:
        for item in listed(client, "/v1/rejections"):
            at = (item["topic"], item["partition"], item["offset"])
            found[at] = ("rejected", item["reason"])
            assert item["detail"]
        counts = client.get("/v1/intake").raise_for_status().json()["items"]
    wanted = {
        each.at: (outcome["outcome"], outcome["reason"])
        for each, outcome in zip(sent(records), expected.outcomes, strict=True)
    }
    differing(found, wanted)
    for topic, by_outcome in expected.counts.items():
        lanes = [lane for lane in counts if lane["topic"] == topic]
        for outcome in ("accepted", "duplicate", "rejected"):
            assert sum(lane[outcome] for lane in lanes) == by_outcome[outcome], (topic, outcome)
        reasons = Counter(reason for at, (_, reason) in found.items() if reason and at[0] == topic)
        assert reasons == by_outcome["reasons"], topic


def differing(found: dict[Any, Any], wanted: dict[Any, Any]) -> None:
    """Fails, showing the first few, when something is missing, too much or other than wanted."""
    missing = [name for name in wanted if name not in found]
    too_much = [name for name in found if name not in wanted]
    other = [
        (name, *contrast(found[name], wanted[name]))
        for name in wanted
        if name in found and found[name] != wanted[name]
    ]
    told = f"{len(missing)} missing, {len(too_much)} too much, {len(other)} of {len(wanted)} other"
    assert not missing, f"{told}; missing: {missing[:3]}"
    assert not too_much, f"{told}; too much: {too_much[:3]}"
    assert not other, f"{told}; (name, found, wanted): {other[:3]}"


def contrast(found: Any, wanted: Any) -> tuple[Any, Any]:
    """The two, of objects only the fields that differ."""
    if not isinstance(found, dict) or not isinstance(wanted, dict):
        return found, wanted
    fields = [name for name in wanted if found.get(name) != wanted[name]]
    return {name: found.get(name) for name in fields}, {name: wanted[name] for name in fields}


def without_link(item: Item) -> Item:
    """The item without the link to its history, which is beside what the contract fixes."""
    return {name: value for name, value in item.items() if name != "history"}


LANES = """
SELECT topic, partition, first_offset, next_offset, accepted, duplicate, rejected, skipped,
       (SELECT count(*) FROM ledger.event WHERE event.lane_id = lane.lane_id),
       (SELECT count(*) FROM ledger.duplicate WHERE duplicate.lane_id = lane.lane_id),
       (SELECT count(*) FROM ledger.rejection WHERE rejection.lane_id = lane.lane_id)
FROM ledger.lane
"""
TAKEN = """
SELECT topic, partition, kafka_offset, outcome
FROM (SELECT lane_id, kafka_offset, 'accepted' AS outcome FROM ledger.event
      UNION ALL SELECT lane_id, kafka_offset, 'duplicate' FROM ledger.duplicate) AS taken
JOIN ledger.lane USING (lane_id)
"""
TOLD_TWICE = """
SELECT lane_id, kafka_offset
FROM (SELECT lane_id, kafka_offset FROM ledger.event
      UNION ALL SELECT lane_id, kafka_offset FROM ledger.duplicate
      UNION ALL SELECT lane_id, kafka_offset FROM ledger.rejection) AS told
GROUP BY lane_id, kafka_offset HAVING count(*) > 1
"""
