"""Lists as CSV and NDJSON: everything, streamed, safe to open in a spreadsheet."""

import csv
import io
import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import Reason, Refusal
from domain.events import PARTICIPANT_STREAM, CertificateIssued, PartnerEvent, PurchasePaid
from services.http.cells import cell
from services.http.columns import _lines
from tests.services.http.conftest import TOKENS, Api, bearer
from tests.services.http.desk import Desk

LISTS = (
    "/v1/purchased-classes",
    "/v1/purchases",
    "/v1/package-purchases",
    "/v1/rejections",
    "/v1/intake",
)


def read_csv(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def export(api: Api, path: str, media: str, **query: Any) -> str:
    answer = api.ask(path, query, {**bearer(), "Accept": media})
    assert answer.status_code == 200, answer.text
    return answer.content.decode()


@pytest.mark.parametrize("path", LISTS)
def test_ndjson_has_every_item_of_the_list(season_api: Api, path: str) -> None:
    lines = export(season_api, path, "application/x-ndjson").splitlines()
    items = season_api.items(path) if path != "/v1/intake" else season_api.get(path)["items"]
    assert len(items) > 1
    assert [json.loads(line) for line in lines] == items


@pytest.mark.parametrize("path", LISTS)
def test_csv_has_every_item_of_the_list(season_api: Api, path: str) -> None:
    rows = read_csv(export(season_api, path, "text/csv"))
    items = season_api.items(path) if path != "/v1/intake" else season_api.get(path)["items"]
    assert len(rows) == len(items)
    for row, item in zip(rows, items, strict=True):
        assert row["partner"] == item["partner"]
        assert None not in row, "no cell without a column"


def test_a_purchased_class_is_one_flat_row(season_api: Api) -> None:
    rows = read_csv(export(season_api, "/v1/purchased-classes", "text/csv"))
    for row, item in zip(rows, season_api.items("/v1/purchased-classes"), strict=True):
        completion, assessment = item["completion"], item["assessment"]
        assert row["completion_state"] == completion["state"]
        assert row["completion_at"] == (completion["at"] or "")
        assert row["assessment_state"] == assessment["state"]
        assert row["assessment_best_scaled"] == text(assessment["best_scaled"])
        assert row["review_rating"] == text(item["review"] and item["review"]["rating"])
        assert row["satisfied"] == ("true" if item["satisfied"] else "false")
        assert row["flags"] == ";".join(item["flags"])
        bought = item["purchases"]
        assert row["purchases_purchase_id"] == ";".join(each["purchase_id"] for each in bought)
        assert row["purchases_purchased_at"] == ";".join(each["purchased_at"] for each in bought)
        assert row["purchases_refunded_at"] == ";".join(
            each["refunded_at"] or "" for each in bought
        )


def text(value: float | None) -> str:
    return "" if value is None else str(value)


def test_filters_tokens_and_as_of_narrow_exports(season_api: Api) -> None:
    path = "/v1/purchased-classes"
    query = {"completion": "completed", "as_of": "2020-07-01T00:00:00Z"}
    lines = export(season_api, path, "application/x-ndjson", **query).splitlines()
    assert [json.loads(line) for line in lines] == season_api.items(path, **query)
    answer = season_api.ask(path, query, {**bearer(TOKENS["sisnaker"]), "Accept": "text/csv"})
    assert {row["partner"] for row in read_csv(answer.text)} == {"sisnaker"}
    assert answer.headers["tuntas-as-of"] == "2020-07-01T00:00:00Z"
    assert answer.headers["tuntas-freshness"] == "events=0, seconds=0.0"
    assert 'filename="purchased-classes.csv"' in answer.headers["content-disposition"]


@pytest.mark.usefixtures("desk")
def test_an_empty_csv_still_names_its_columns(api: Api) -> None:
    for path in LISTS:
        header = export(api, path, "text/csv").splitlines()
        assert len(header) == 1
        assert "partner" in header[0].split(",")
        assert export(api, path, "application/x-ndjson") == ""


def test_a_persons_classes_and_their_export_agree(season_api: Api) -> None:
    person = season_api.get("/v1/purchased-classes", limit=1)["items"][0]["participant_id"]
    path = f"/v1/participants/{person}/classes"
    lines = export(season_api, path, "application/x-ndjson").splitlines()
    assert [json.loads(line) for line in lines] == season_api.get(path)["items"]


def test_a_cell_is_never_a_formula(desk: Desk, api: Api) -> None:
    lane = desk.lane("tokopedia")
    who = f"{PARTICIPANT_STREAM}=cmd|' /C calc'!A0"
    desk.send(
        lane,
        PartnerEvent("tokopedia", "1", 1, who, PurchasePaid("+1", None, (("-C", None),))),
        PartnerEvent("tokopedia", "2", 2, who, CertificateIssued("-C", "@SUM(1)")),
    )
    desk.send(lane, Refusal(Reason.NOT_JSON, "-1 is no JSON"))
    (row,) = read_csv(export(api, "/v1/purchased-classes", "text/csv"))
    assert row["participant_id"] == "'=cmd|' /C calc'!A0"
    assert row["class_code"] == "'-C"
    assert row["purchases_purchase_id"] == "'+1"
    assert row["certificate_certificate_no"] == "'@SUM(1)"
    (rejection,) = read_csv(export(api, "/v1/rejections", "text/csv"))
    assert rejection["detail"] == "'-1 is no JSON"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("=1+1", "'=1+1"),
        ("+62", "'+62"),
        ("-", "'-"),
        ("@x", "'@x"),
        ("\tx", "'\tx"),
        ("\rx", "'\rx"),
        ("x=1", "x=1"),
        (-1, -1),
        (-0.5, -0.5),
        (True, "true"),
        (None, ""),
        (["=a", "b"], "'=a;b"),
        (["a", "=b", "c;=d"], "a;'=b;c;'=d"),
        (["a", None, "-1"], "a;;'-1"),
        ([1, -1, -0.5], "1;-1;-0.5"),
        ({"a": 1}, '{"a":1}'),
        ({"a": "x;=1"}, '{"a":"x\\u003b=1"}'),
        ([{"a": "=1"}], '{"a":"=1"}'),
        ("\nx", "'\nx"),
        ("\n=1", "'\n'=1"),
        ("  =1", "'  =1"),
        ("\u00a0=1", "'\u00a0=1"),
        ("\u3000＝1", "'\u3000＝1"),
        ("\ufeff=1", "'\ufeff=1"),
        ("\u200b@x", "'\u200b@x"),
        ("＝1", "'＝1"),
        ("＋1", "'＋1"),
        ("－1", "'－1"),
        ("＠x", "'＠x"),
        ("﹦1", "'﹦1"),
        ("−1", "'−1"),
        ("x;=1", "x;'=1"),
        ("x; =1", "x;' =1"),
        ("x;＝1;y;@z", "x;'＝1;y;'@z"),
        (";=1", ";'=1"),
        ("x\n=1", "x\n'=1"),
        ("x\r\n\t+1", "x\r'\n'\t'+1"),
        ("x\t-1", "x\t'-1"),
        ("a;b", "a;b"),
        ("a-b=c@d", "a-b=c@d"),
        ("", ""),
        (datetime(2020, 1, 1, tzinfo=UTC), "2020-01-01T00:00:00Z"),
    ],
)
def test_texts_are_made_safe_and_numbers_stay_numbers(value: Any, shown: Any) -> None:
    assert cell(value) == shown


FORMULA = re.compile(r"[\s\ufeff\u200b]*[=+\-@＝＋－＠]")


@given(st.text(st.sampled_from("=+-@＝＠;,\"'\t\r\n ab1\u00a0\u3000"), max_size=12))
def test_no_spreadsheet_finds_a_formula(text: str) -> None:
    """Whatever separates its cells: it takes the line apart as it likes, and no piece begins as a formula does."""
    line = _lines([["pintaria", cell(text), 5]])
    for separator in ",;\t":
        for row in csv.reader(io.StringIO(line, newline=""), delimiter=separator):
            assert not [piece for piece in row if FORMULA.match(piece)], (line, separator)


@given(st.text(max_size=20))
def test_a_harmless_text_is_left_alone_and_any_can_be_told_again(text: str) -> None:
    shown = cell(text)
    assert isinstance(shown, str)
    assert len(shown) - len(text) == len(re.findall("'", shown)) - len(re.findall("'", text))
