"""Evaluations over HTTP are those of the oracle, now and as of a time, and lead to the lists behind them."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import pytest

from domain.events import PARTICIPANT_STREAM, ClassRedeemed, PartnerEvent, PurchasePaid
from domain.vocabulary import PARTNERS
from projections.sequences import ranges as sequences
from services.embedded.postgres import EmbeddedPostgres
from services.simulator import SimulatedRecord, simulate
from services.simulator.expected import Expected, expected_answers
from tests.projections.kept import Kept, kept_on
from tests.services.http.conftest import TOKENS, Api, bearer, running
from tests.services.http.desk import SALES_END

CUT_OFF = "2020-12-31T23:59:59+07:00"
"""What auditors asked about: what had happened by the end of 2020."""


@pytest.fixture(scope="module")
def season() -> list[SimulatedRecord]:
    return list(simulate(4_000, seed=11))


@pytest.fixture(scope="module")
def expected(season: list[SimulatedRecord]) -> Expected:
    return expected_answers(season, as_of=datetime.now(UTC))


@pytest.fixture(scope="module")
def kept(postgres_server: EmbeddedPostgres, season: list[SimulatedRecord]) -> Iterator[Kept]:
    with kept_on(postgres_server, "evaluated_season") as kept:
        kept.tell(season)
        kept.settle()
        with kept.transaction() as work:
            sequences.follow(work)
        yield kept


@pytest.fixture(scope="module")
def evaluated(kept: Kept) -> Iterator[Api]:
    """The API over a season of which everything is added up."""
    with running(kept.url) as api:
        yield api


def path(*parts: str) -> str:
    return "/v1/" + "/".join(quote(part, safe="") for part in parts) + "/evaluation"


def near(value: Any) -> Any:
    """The value with every float approximate."""
    if isinstance(value, float):
        return pytest.approx(value, abs=1e-9)
    if isinstance(value, dict):
        return {name: near(each) for name, each in value.items()}
    if isinstance(value, list):
        return [near(each) for each in value]
    return value


def assert_holds(found: dict[str, Any], wanted: dict[str, Any]) -> None:
    assert {name: found[name] for name in wanted} == near(wanted)


def assert_evaluations(
    api: Api, evaluations: dict[str, list[dict[str, Any]]], **query: str
) -> None:
    for wanted in evaluations["classes"]:
        found = api.get(path("classes", wanted["partner"], wanted["class_code"]), **query)
        assert_holds(found, wanted)
    for wanted in evaluations["packages"]:
        found = api.get(path("packages", wanted["partner"], wanted["package_code"]), **query)
        classes = found.pop("classes")
        assert_holds(found, {name: each for name, each in wanted.items() if name != "classes"})
        assert len(classes) == len(wanted["classes"])
        for of_class, each in zip(classes, wanted["classes"], strict=True):
            assert_holds(of_class, each)
    for wanted in evaluations["institutions"]:
        found = api.get(path("institutions", wanted["institution"]), **query)
        assert set(wanted.pop("partners")) <= set(found["partners"])  # it names who offers, too
        assert_holds(found, wanted)
    for wanted in evaluations["partners"]:
        found = api.get(path("partners", wanted["partner"]), **query)
        packages = found["packages"]
        assert_holds(found, wanted)
        assert packages["purchases"] >= packages["complete"]


def test_a_season_is_evaluated_as_expected(evaluated: Api, expected: Expected) -> None:
    assert {len(of) > 3 for of in expected.evaluations.values()} == {True}
    assert_evaluations(evaluated, expected.evaluations)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [21, *(pytest.param(n, marks=pytest.mark.long) for n in (22, 23))])
def test_other_seasons_are_evaluated_as_expected(api: Api, database_url: str, seed: int) -> None:
    season = list(simulate(3_000, seed=seed))
    kept = Kept(database_url)
    kept.tell(season, batch_records=211)
    kept.settle()
    assert_evaluations(api, expected_answers(season, as_of=datetime.now(UTC)).evaluations)
    differences = kept.rebuild().differences
    assert differences is not None
    assert not any(differences.values())
    assert_evaluations(api, expected_answers(season, as_of=datetime.now(UTC)).evaluations)


@pytest.mark.parametrize(
    "as_of", [CUT_OFF, "2020-06-15T08:30:00.123456+07:00", "2020-04-20T00:00:00Z"]
)
def test_a_season_is_evaluated_as_of_a_time(
    evaluated: Api, season: list[SimulatedRecord], as_of: str
) -> None:
    expected = expected_answers(season, as_of=datetime.fromisoformat(as_of))
    assert_evaluations(evaluated, expected.evaluations, as_of=as_of)


def test_what_had_not_happened_yet_is_not_known(evaluated: Api, expected: Expected) -> None:
    early = "2020-01-01T00:00:00Z"
    for kind, name in (("classes", "class_code"), ("packages", "package_code")):
        wanted = expected.evaluations[kind][0]
        assert evaluated.status(path(kind, wanted["partner"], wanted[name]), as_of=early) == 404
    institution = expected.evaluations["institutions"][0]["institution"]
    assert evaluated.status(path("institutions", institution), as_of=early) == 404
    assert evaluated.get(path("partners", "pintaria"), as_of=early)["purchased"] == 0
    assert evaluated.items("/v1/institutions", as_of=early) == []


@pytest.mark.parametrize("query", [{}, {"as_of": CUT_OFF}])
def test_partners_are_listed_with_their_headlines(evaluated: Api, query: dict[str, str]) -> None:
    items = evaluated.items("/v1/partners", limit=3, **query)
    assert {item["partner"]: item["name"] for item in items} == dict(PARTNERS)
    for item in items:
        whole = evaluated.get(item["evaluation"])
        assert_holds(whole, {name: item[name] for name in item.keys() - {"evaluation"}})


@pytest.mark.parametrize("query", [{}, {"as_of": CUT_OFF}])
def test_institutions_are_listed_with_their_headlines(
    evaluated: Api, season: list[SimulatedRecord], query: dict[str, str]
) -> None:
    items = evaluated.items("/v1/institutions", limit=7, **query)
    assert items == sorted(items, key=lambda item: item["institution"])
    as_of = datetime.fromisoformat(query["as_of"]) if query else None
    wanted = expected_answers(season, as_of=as_of).evaluations["institutions"]
    assert {each["institution"] for each in wanted} <= {item["institution"] for item in items}
    assert sum(item["purchased"] for item in items) == sum(each["purchased"] for each in wanted)
    for item in items[::5]:
        whole = evaluated.get(item["evaluation"])
        assert_holds(whole, {name: item[name] for name in item.keys() - {"evaluation"}})
    at_one = evaluated.items("/v1/institutions", partner="pintaria", **query)
    assert {tuple(item["partners"]) for item in at_one} == {("pintaria",)}


def test_an_institution_names_who_published_a_class_of_it(
    evaluated: Api, kept: Kept, expected: Expected
) -> None:
    published: dict[str, Counter[str]] = defaultdict(Counter)
    for partner_id, institution in kept.rows(
        "SELECT partner_id, institution FROM projections.class"
    ):
        published[institution][list(PARTNERS)[partner_id - 1]] += 1
    bought_at = {
        each["institution"]: each["purchased"] for each in expected.evaluations["institutions"]
    }
    for query in ({}, {"as_of": "2030-01-01T00:00:00Z"}):
        listed = evaluated.items("/v1/institutions", **query)
        assert {item["institution"] for item in listed} == published.keys()
        for item in listed:
            whole = evaluated.get(path("institutions", item["institution"]), **query)
            for each in (item, whole):
                assert each["partners"] == [
                    partner for partner in PARTNERS if published[item["institution"]][partner]
                ]
                assert each["classes"] == published[item["institution"]].total()
                assert each["purchased"] == bought_at.get(item["institution"], 0)


def test_lists_are_exported(evaluated: Api) -> None:
    for route in ("partners", "institutions"):
        items = evaluated.items(f"/v1/{route}")
        lines = evaluated.ask(f"/v1/{route}", None, bearer() | {"Accept": "text/csv"}).text
        header, *rows = lines.splitlines()
        assert header.split(",")[:2] == list(items[0])[:2]
        assert len(rows) == len(items)
        ndjson = {"Accept": "application/x-ndjson"}
        answer = evaluated.ask(f"/v1/{route}", None, bearer() | ndjson)
        assert len(answer.text.splitlines()) == len(items)


@pytest.mark.parametrize("query", [{}, {"as_of": CUT_OFF}])
def test_every_link_leads_to_what_was_counted(
    evaluated: Api, expected: Expected, query: dict[str, str]
) -> None:
    institution = max(expected.evaluations["institutions"], key=lambda each: each["purchased"])
    package = max(expected.evaluations["packages"], key=lambda each: each["purchases"])
    of_class = max(expected.evaluations["classes"], key=lambda each: each["purchased"])
    sold = evaluated.get(path("packages", package["partner"], package["package_code"]), **query)
    answers = [
        evaluated.get(path("partners", "pintaria"), **query),
        evaluated.get(path("institutions", institution["institution"]), **query),
        evaluated.get(path("classes", of_class["partner"], of_class["class_code"]), **query),
        *sold["classes"],
    ]
    for answer in answers:
        counted = answer | answer["flags"] | not_in_the_answer(answer)
        for figure, link in answer["links"].items():
            assert len(behind(evaluated, link)) == counted[figure], link
    for figure, link in sold["links"].items():
        assert len(behind(evaluated, link)) == sold[figure], link


def behind(api: Api, link: str) -> list[Any]:
    """The list that a link leads to."""
    place = urlsplit(link)
    return api.items(place.path, limit=1000, **dict(parse_qsl(place.query)))


def not_in_the_answer(answer: dict[str, Any]) -> dict[str, int]:
    return {
        "in_progress": answer["started"] - answer["completed"],
        "not_assessed": answer["purchased"] - answer["assessed"],
        "assessed_without_verdict": answer["assessed"] - answer["passed"] - answer["failed"],
        **{f"packages_{figure}": count for figure, count in answer.get("packages", {}).items()},
    }


def test_silence_is_shown_class_by_class(evaluated: Api, expected: Expected) -> None:
    for query in ({}, {"as_of": "2030-01-01T00:00:00Z"}):
        answer = evaluated.get(path("partners", "sisnaker"), **query)
        wanted = {
            each["class_code"]: (each["purchased"], each["never_reported"])
            for each in expected.evaluations["classes"]
            if each["partner"] == "sisnaker" and each["never_reported"]
        }
        found = answer["silence_by_class"]
        assert {
            each["class_code"]: (each["purchased"], each["never_reported"]) for each in found
        } == wanted
        silences = [each["never_reported"] for each in found]
        assert silences == sorted(silences, reverse=True)
        assert sum(silences) == answer["never_reported"] == sum(answer["silence"].values())
        first = evaluated.get(found[0]["evaluation"])
        assert first["silence"]["90_days_or_more"] == found[0]["never_reported"]
        assert first["title"] == found[0]["title"]


def test_gaps_in_running_numbers_are_shown(evaluated: Api, kept: Kept) -> None:
    for partner_id, partner in enumerate(PARTNERS, start=1):
        rows = kept.rows(
            f"SELECT sequence FROM ledger.event WHERE partner_id = {partner_id} ORDER BY 1"
        )
        numbers = {int(sequence) for (sequence,) in rows if sequence is not None}
        found = evaluated.get(path("partners", partner))["sequence"]
        assert found["received"] == len(numbers)
        assert found["unnumbered"] == sum(sequence is None for (sequence,) in rows)
        assert (found["unusable"], found["behind"]) == (0, 0)
        refused = {number for record in rejected(kept, partner_id) if (number := in_json(record))}
        assert found["rejected"] == len(refused - numbers)
        if numbers:
            missing = set(range(min(numbers), max(numbers))) - numbers - refused
            assert (found["lowest"], found["highest"]) == (min(numbers), max(numbers))
            assert found["missing"] == len(missing)
            assert missing == {
                number for gap in found["gaps"] for number in range(gap["from"], gap["to"] + 1)
            }
            assert found["gap_count"] == len(found["gaps"])
            assert [gap["missing"] for gap in found["gaps"]] == [
                gap["to"] - gap["from"] + 1 for gap in found["gaps"]
            ]
        assert evaluated.get(path("partners", partner), as_of=CUT_OFF)["sequence"] is None


def rejected(kept: Kept, partner_id: int) -> list[bytes]:
    rows = kept.rows(f"SELECT record FROM ledger.rejection WHERE partner_id = {partner_id}")
    return [bytes(record) for (record,) in rows]


def in_json(record: bytes) -> int | None:
    """The number in a structured event, or None."""
    try:
        told = json.loads(record)
    except ValueError:
        return None
    return int(told["sequence"]) if isinstance(told, dict) and "sequence" in told else None


def test_partners_see_their_own(evaluated: Api, expected: Expected) -> None:
    mine, other = TOKENS["pintaria"], "tokopedia"
    for kind, name in (("classes", "class_code"), ("packages", "package_code")):
        for wanted in expected.evaluations[kind]:
            if wanted["partner"] in {"pintaria", other}:
                status = 200 if wanted["partner"] == "pintaria" else 403
                place = path(kind, wanted["partner"], wanted[name])
                assert evaluated.status(place, mine) == status
    assert evaluated.status(path("partners", "pintaria"), mine) == 200
    assert evaluated.status(path("partners", other), mine) == 403
    assert [item["partner"] for item in evaluated.items("/v1/partners", mine)] == ["pintaria"]
    listed = evaluated.items("/v1/institutions", mine)
    assert {tuple(item["partners"]) for item in listed} == {("pintaria",)}
    purchased = sum(item["purchased"] for item in listed)
    taught = [each for each in expected.evaluations["classes"] if each["partner"] == "pintaria"]
    assert purchased == sum(each["purchased"] for each in taught if each["institution"])
    for item in listed[::4]:
        for query in ({}, {"as_of": "2030-01-01T00:00:00Z"}):
            whole = evaluated.get(item["evaluation"], mine, **query)
            assert whole["partners"] == ["pintaria"]
            assert whole["purchased"] == item["purchased"]


def test_what_nobody_heard_of_is_not_found(evaluated: Api) -> None:
    for place in (
        path("classes", "pintaria", "no such class"),
        path("packages", "pintaria", "no such package"),
        path("institutions", "no such institution"),
        path("partners", "no such partner"),
        path("classes", "no such partner", "C-0001"),
    ):
        for query in ({}, {"as_of": CUT_OFF}):
            assert evaluated.status(place, **query) == 404
    assert evaluated.status(path("partners", "pintaria"), as_of="2020-12-31T23:59:59") == 422
    assert evaluated.status("/v1/institutions", partner="nobody") == 422


def test_answers_say_what_is_not_added_up_yet(api: Api, database_url: str) -> None:
    kept = Kept(database_url)
    kept.tell(simulate(1_000, seed=12))
    kept.rejudge()
    place = path("partners", "pintaria")
    behind = api.get(place)
    assert behind["purchased"] == 0
    assert behind["freshness"]["events"] > 0
    assert behind["freshness"]["seconds"] > 0
    assert api.get("/v1/partners")["freshness"]["events"] > behind["freshness"]["events"]
    judged = api.get(place, as_of="2030-01-01T00:00:00Z")
    assert judged["freshness"] == {"events": 0, "seconds": 0.0}
    assert judged["purchased"] > 0
    kept.add_up()
    fresh = api.get(place)
    assert fresh["freshness"] == {"events": 0, "seconds": 0.0}
    assert fresh["purchased"] == judged["purchased"]
    assert api.get("/v1/institutions")["freshness"] == {"events": 0, "seconds": 0.0}


def test_an_identifier_with_signs_in_it_is_evaluated(api: Api, database_url: str) -> None:
    kept = Kept(database_url)
    lane = kept.desk.lane("pintaria")
    code = "A/B ?&=é"
    event = PartnerEvent(
        "pintaria", "e1", SALES_END, PARTICIPANT_STREAM + "one", ClassRedeemed(code)
    )
    kept.desk.send(lane, event)
    kept.settle()
    assert api.status(path("classes", "pintaria", code)) == 404
    bought = PurchasePaid("P", items=((code, 1),))
    kept.desk.send(
        lane, PartnerEvent("pintaria", "e2", SALES_END, PARTICIPANT_STREAM + "one", bought)
    )
    kept.settle()
    found = api.get(path("classes", "pintaria", code))
    assert (found["class_code"], found["purchased"], found["title"]) == (code, 1, None)
    assert len(behind(api, found["links"]["purchased"])) == 1
