"""Everything a season has to show is there at 20,000 events, whatever the seed."""

from collections import Counter, defaultdict

import pytest

from services.simulator import SimulatedRecord, simulate
from services.simulator.expected import Expected
from services.simulator.expected_intake import read

SHAPES = [
    "class_published",
    "class_published_overtaken",
    "class_published_by_mistake",
    "class_republished",
    "package_published",
    "package_published_late",
    "package_republished",
    "purchase_single",
    "purchase_two_classes",
    "package_with_items",
    "package_by_code",
    "package_before_published",
    "package_never_published",
    "purchase_incomplete",
    "purchase_item_added",
    "purchase_restated",
    "purchase_restated_otherwise",
    "purchase_restated_after_refund",
    "purchase_again",
    "refund_whole",
    "refund_partial",
    "refund_rest",
    "refund_unknown",
    "redeemed",
    "started",
    "attended",
    "attended_again",
    "progress_percent",
    "progress_unit_number",
    "progress_unit_name",
    "progress_percent_and_unit",
    "progress_before_purchase",
    "completed",
    "pre_test_score",
    "pre_test_unscored",
    "assignment_score",
    "assignment_score_and_verdict",
    "post_test_score",
    "post_test_score_and_verdict",
    "post_test_verdict_against_score",
    "post_test_verdict",
    "post_test_bare",
    "performance_score",
    "performance_verdict",
    "performance_bare",
    "certificate",
    "certificate_again",
    "certificate_unfinished",
    "review",
    "review_again",
    "void",
    "void_before_target",
    "void_of_void",
    "void_of_publication",
    "void_unknown_target",
    "corrected",
]

FAULTS = [
    "truncated",
    "error_page",
    "csv_line",
    "latin_1",
    "bare_data",
    "array",
    "old_specversion",
    "without_id",
    "naive_time",
    "unknown_type",
    "other_source",
    "other_content",
    "other_classes",
    "national_id",
    "too_large",
    "percent_as_text",
    "percent_over_100",
    "percent_true",
    "neither_percent_nor_unit",
    "class_code_missing",
    "class_code_number",
    "participant_missing",
    "participant_null",
    "session_missing",
    "session_999",
    "minutes_negative",
    "rating_6",
    "rating_half",
    "comment_too_long",
    "comment_nul",
    "kind_unknown",
    "kind_missing",
    "raw_above_max",
    "range_empty",
    "raw_missing",
    "passed_as_text",
    "certificate_no_missing",
    "purchase_of_nothing",
    "amount_fraction",
    "item_without_class",
    "target_missing",
]

FLAGS = [
    "package_after_sales_end",
    "certificate_without_completion",
    "completed_without_assessment",
    "evidence_before_purchase",
    "evidence_after_refund",
    "purchased_twice",
]


@pytest.mark.parametrize("seed", range(42, 47))
def test_every_shape_is_there(seed: int) -> None:
    counts = Counter(record.shape for record in simulate(20_000, seed))
    assert [shape for shape in (*SHAPES, *FAULTS) if counts[shape] == 0] == []


def test_every_answer_is_there(expected: Expected) -> None:
    rows = expected.purchased_classes
    assert {row["purchase"] for row in rows} == {"active", "refunded", "none"}
    assert {row["completion"]["state"] for row in rows} == {
        "completed",
        "in_progress",
        "never_reported",
    }
    assert {row["assessment"]["state"] for row in rows} == {
        "passed",
        "failed",
        "assessed",
        "not_assessed",
    }
    assert {flag for row in rows for flag in row["flags"]} == set(FLAGS)
    assert {row["satisfied"] for row in rows} == {True, False}
    assert {row["title"] is None for row in rows} == {True, False}
    packages = expected.package_purchases
    assert {package["complete"] for package in packages} == {True, False, None}
    for question in ("unresolved", "after_sales_end"):
        assert {package[question] for package in packages} == {True, False}


def test_both_content_modes_and_every_way_to_write_them(season: list[SimulatedRecord]) -> None:
    content_types = Counter(dict(record.headers).get("content-type") for record in season)
    assert set(content_types) == {
        None,
        b"application/json",
        b"application/cloudevents+json",
        b"application/cloudevents+json; charset=UTF-8",
    }
    assert min(content_types.values()) > 100
    modes = defaultdict(set)
    for record in season:
        modes[record.partner, record.event_id].add(len(record.headers) > 1)
    assert sum(len(each) == 2 for each in modes.values()) > 20


def test_what_is_sold(season: list[SimulatedRecord]) -> None:
    institutions = defaultdict(set)
    classes = set()
    institution_of = {}
    packages = []
    prices = []
    for record in season:
        if record.outcome != "accepted":
            continue
        event = read(record)
        data = event["data"]
        if event["kind"] == "class.published":
            institutions[data["institution"]].add(record.partner)
            institution_of[record.partner, data["class_code"]] = data["institution"]
            classes.add((record.partner, data["class_code"]))
        elif event["kind"] == "package.published":
            packages.append((record.partner, data["class_codes"]))
        elif event["kind"] == "purchase.paid":
            prices += [item["price"] for item in data.get("items", []) if "price" in item]
    assert len({partner for partner, _ in classes}) == 8
    assert len(classes) > 200
    assert len(institutions) > 24
    assert sum(len(partners) > 1 for partners in institutions.values()) > 20
    assert {len(codes) for _, codes in packages} == {2, 3, 4, 5}
    assert any(
        len({institution_of.get((partner, code)) for code in codes}) > 1
        for partner, codes in packages
    )
    assert min(prices) >= 50_000
    assert max(prices) <= 1_000_000


def test_when_it_happens(season: list[SimulatedRecord]) -> None:
    moments = [read(record)["at"] for record in season if record.outcome == "accepted"]
    assert min(moments).year == 2020
    assert min(moments).month in (3, 4)
    assert {(moment.year, moment.month) for moment in moments} >= {
        (2020, month) for month in range(4, 13)
    }


def test_one_partner_is_much_more_silent_than_the_others(expected: Expected) -> None:
    silent = {
        row["partner"]: row["never_reported"] / row["purchased"]
        for row in expected.evaluations["partners"]
    }
    others = [share for partner, share in silent.items() if partner != "sisnaker"]
    assert silent["sisnaker"] > 0.45
    assert max(others) < 0.25


def test_some_partners_never_say_who_attended(expected: Expected) -> None:
    not_attended = {
        row["partner"]: row["money"]["net_not_attended"] / row["money"]["net"]
        for row in expected.evaluations["partners"]
    }
    never = {partner for partner, share in not_attended.items() if share == 1}
    assert never == {"bukalapak", "sisnaker", "tokopedia"}
    others = [share for partner, share in not_attended.items() if partner not in never]
    assert 0.2 < min(others) < max(others) < 0.7


def test_classes_are_attended_and_not_finished_and_finished_and_not_attended(
    expected: Expected,
) -> None:
    seen = {
        (row["attendance"]["sessions"] > 0, row["completion"]["state"] == "completed")
        for row in expected.purchased_classes
        if row["partner"] == "skill-academy"
    }
    assert seen == {(True, True), (True, False), (False, True), (False, False)}


def test_prices_are_stated_allocated_and_unknown_in_one_purchase_and_over_several(
    expected: Expected,
) -> None:
    kinds = {
        frozenset(each["price_is"] for each in purchase["classes"])
        for purchase in expected.purchases
    }
    assert kinds >= {
        frozenset({"stated"}),
        frozenset({"allocated"}),
        frozenset({"unpriced"}),
        frozenset({"stated", "allocated"}),
    }
    in_part = [
        purchase
        for purchase in expected.purchases
        if 0 < purchase["money"]["refunded"] < purchase["money"]["paid"]
    ]
    assert len(in_part) > 10
    assert any(purchase["package_code"] for purchase in in_part)
    differing = sum(purchase["amount_differs"] for purchase in expected.purchases)
    assert 20 < differing < len(expected.purchases) // 10


def test_one_partner_says_nothing_for_weeks(season: list[SimulatedRecord]) -> None:
    quiet = [
        record
        for record in season
        if record.partner == "tokopedia"
        and record.outcome == "accepted"
        and (event := read(record))["kind"].startswith("class.")
        and event["kind"] != "class.published"
        and (event["at"].month, event["at"].day) >= (8, 11)
        and (event["at"].month, event["at"].day) <= (9, 4)
    ]
    assert quiet == []


def test_packages_are_sold_in_the_last_second_and_in_the_first_after_it(
    expected: Expected,
) -> None:
    sold = {row["purchased_at"]: row["after_sales_end"] for row in expected.package_purchases}
    assert sold["2020-06-29T16:59:59Z"] is False
    assert sold["2020-06-29T17:00:00Z"] is True
