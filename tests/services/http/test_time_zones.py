"""Exports say their times in the zone that is asked for: the same instants, and the day that pages show."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from services.http.app import ROUTES
from services.http.negotiation import CSV, NDJSON, PARQUET
from services.http.routing import LIST
from services.language.language import language
from tests.services.http.conftest import Api, bearer
from tests.services.http.pages.reading import shown

JAKARTA = "Asia/Jakarta"
LISTS = tuple(route.path for route in ROUTES if route.media == LIST and "{" not in route.path)


def export(api: Api, path: str, media: str, **query: Any) -> bytes:
    answer = api.ask(path, query, {**bearer(), "Accept": media})
    assert answer.status_code == 200, answer.text
    assert answer.headers["tuntas-time-zone"] == query.get("time_zone", "UTC")
    return answer.content


def cells(api: Api, path: str, **query: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(export(api, path, CSV, **query).decode())))


@pytest.mark.parametrize("zone", [JAKARTA, "Asia/Makassar", "America/St_Johns"])
@pytest.mark.parametrize("path", LISTS)
def test_csv_has_the_same_instants_in_a_zone(season_api: Api, path: str, zone: str) -> None:
    offsets = set()
    in_utc, in_zone = cells(season_api, path), cells(season_api, path, time_zone=zone)
    for there, here in zip(in_utc, in_zone, strict=True):
        for column, told in there.items():
            if here[column] != told:
                for one, other in zip(told.split(";"), here[column].split(";"), strict=True):
                    if one == other == "":
                        continue
                    at = datetime.fromisoformat(other)
                    assert one.endswith("Z")
                    assert at == datetime.fromisoformat(one)
                    assert at.utcoffset() == at.astimezone(ZoneInfo(zone)).utcoffset()
                    offsets.add(at.utcoffset())
    assert offsets or path in {"/v1/partners", "/v1/institutions", "/v1/classes"}
    if zone == JAKARTA:
        assert offsets <= {timedelta(hours=7)}


def test_parquet_is_typed_with_the_zone(season_api: Api) -> None:
    path = "/v1/package-purchases"
    there = pq.read_table(io.BytesIO(export(season_api, path, PARQUET)))
    here = pq.read_table(io.BytesIO(export(season_api, path, PARQUET, time_zone=JAKARTA)))
    assert here.schema.field("purchased_at").type == pa.timestamp("us", JAKARTA)
    assert there.num_rows == here.num_rows > 10
    assert here["purchased_at"].cast(pa.timestamp("us", "UTC")) == there["purchased_at"]
    nested = pq.read_table(
        io.BytesIO(export(season_api, "/v1/purchased-classes", PARQUET, time_zone=JAKARTA))
    )
    assert nested.schema.field("purchases_purchased_at").type == pa.list_(
        pa.timestamp("us", JAKARTA)
    )


def test_pages_and_exports_agree_on_the_day(season_api: Api) -> None:
    """Of a purchase that is on one day in Jakarta and on the day before in UTC."""
    rows = cells(season_api, "/v1/package-purchases", time_zone=JAKARTA)
    late = [row for row in rows if row["purchased_at"][11:13] < "07"]
    assert late
    for row in late[:5]:
        at = datetime.fromisoformat(row["purchased_at"])
        assert at.astimezone(UTC).date() < at.date()
        page = shown(season_api, f"/purchases/{row['partner']}/{row['purchase_id']}")
        assert f"paid {language('en').moment(row['purchased_at'])}" in page.text


@pytest.mark.parametrize(
    "zone", ["WIB", "asia", "Asia", "../../etc/passwd", "/etc/localtime", "", "x" * 300, "Asia/\0"]
)
def test_what_is_no_zone_is_refused(season_api: Api, zone: str) -> None:
    answer = season_api.ask(LISTS[0], {"time_zone": zone}, {**bearer(), "Accept": CSV})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["parameter"] == "time_zone"


@pytest.mark.parametrize("media", ["application/json", NDJSON])
def test_json_is_utc(season_api: Api, media: str) -> None:
    headers = {**bearer(), "Accept": media}
    answer = season_api.ask(LISTS[0], {"time_zone": JAKARTA}, headers)
    assert answer.status_code == 422
    assert "times in JSON are UTC" in json.dumps(answer.json())
