"""Lists as Parquet: the same items as on the pages, typed, in row groups of bounded size."""

import io
import json
from datetime import datetime
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from domain.errors import Reason, Refusal
from services.http import parquet
from services.http.app import ROUTES
from services.http.columns import columns
from services.http.dictionary import listed
from services.http.negotiation import PARQUET
from services.http.routing import LIST
from tests.raw_record import raw_record
from tests.services.http.conftest import TOKENS, Api, bearer
from tests.services.http.desk import Desk

LISTS = tuple(route.path for route in ROUTES if route.media == LIST and "{" not in route.path)


def export(api: Api, path: str, token: str | None = None, **query: Any) -> Any:
    headers = {**(bearer(token) if token else bearer()), "Accept": PARQUET}
    answer = api.ask(path, query, headers)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == PARQUET
    assert answer.headers["content-disposition"].endswith('.parquet"')
    return pq.read_table(io.BytesIO(answer.content))


def in_json(value: Any) -> Any:
    """A value of a table as JSON has it."""
    return json.loads(msgspec.json.encode(value))


def flat(item: Any, name: str) -> Any:
    """What the JSON object has under a column's name; a list where objects are listed."""
    if name in item:
        return item[name]
    for field, value in item.items():
        rest = name.removeprefix(f"{field}_")
        if rest != name:
            if isinstance(value, list):
                return [flat(each, rest) for each in value]
            return None if value is None else flat(value, rest)
    raise AssertionError(f"{name} is in no field")


@pytest.mark.parametrize("path", LISTS)
def test_parquet_has_every_item_of_the_list(season_api: Api, path: str) -> None:
    rows = export(season_api, path).to_pylist()
    items = season_api.items(path) if path != "/v1/intake" else season_api.get(path)["items"]
    assert len(rows) == len(items) > 1
    for row, item in zip(rows, items, strict=True):
        for name, value in row.items():
            told = flat(item, name)
            assert in_json(value) == (
                json.dumps(told, separators=(",", ":")) if isinstance(told, dict) else told
            )


def test_columns_are_typed_and_explained(season_api: Api) -> None:
    schema = export(season_api, "/v1/purchased-classes").schema
    assert schema.field("completion_at").type == pa.timestamp("us", "UTC")
    assert schema.field("purchases_purchased_at").type == pa.list_(pa.timestamp("us", "UTC"))
    assert schema.field("flags").type == pa.list_(pa.string())
    assert schema.field("assessment_best_scaled").type == pa.float64()
    assert schema.field("completion_units_done").type == pa.int64()
    assert schema.field("satisfied").type == pa.bool_()
    meaning = schema.field("completion_percent").metadata[b"description"].decode()
    assert meaning == "The highest reported progress, percent, 0 to 100."


def test_filters_tokens_and_as_of_narrow_parquet(season_api: Api) -> None:
    query = {"completion": "completed", "as_of": "2020-07-01T00:00:00Z"}
    table = export(season_api, "/v1/purchased-classes", TOKENS["sisnaker"], **query)
    assert set(table["partner"].to_pylist()) == {"sisnaker"}
    latest: datetime = max(table["completion_at"].to_pylist())
    assert latest.isoformat() <= "2020-07-01T00:00:00+00:00"


@pytest.mark.parametrize("path", ["/v1/partners", "/v1/institutions"])
@pytest.mark.parametrize("query", [{}, {"as_of": "2020-07-01T00:00:00Z"}])
def test_headlines_as_parquet_are_those_of_the_pages(
    season_api: Api, path: str, query: dict[str, str]
) -> None:
    for token in (None, TOKENS["sisnaker"]):
        table = export(season_api, path, token, **query)
        items = season_api.items(path, **({"token": token} if token else {}), **query)
        assert table.column("purchased").to_pylist() == [item["purchased"] for item in items]
        assert sum(item["purchased"] for item in items) > 0
        kinds = {"purchased": pa.int64(), "rating_mean": pa.float64(), "evaluation": pa.string()}
        assert {name: table.schema.field(name).type for name in kinds} == kinds
        for row, item in zip(table.to_pylist(), items, strict=True):
            assert json.loads(row["flags"]) == item["flags"]
            assert row["rating_mean"] == item["rating_mean"]


@pytest.mark.usefixtures("desk")
@pytest.mark.parametrize("path", LISTS)
def test_an_empty_list_is_a_whole_file(api: Api, path: str) -> None:
    table = export(api, path)
    if path != "/v1/partners":
        assert table.num_rows == 0
    item = next(listed(route) for route in ROUTES if route.path == path)
    assert table.column_names == [column.name for column in columns(item)]


@pytest.mark.parametrize(("limit", "value"), [("GROUP_ROWS", 200), ("GROUP_BYTES", 200_000)])
def test_row_groups_are_bounded(
    desk: Desk, api: Api, monkeypatch: pytest.MonkeyPatch, limit: str, value: int
) -> None:
    desk.send(
        desk.lane("pintaria"),
        *[Refusal(Reason.NOT_JSON, f"record {number}") for number in range(600)],
        raw=raw_record(b"key", b"x" * 1_000),
    )
    monkeypatch.setattr(parquet, limit, value)
    answer = api.ask("/v1/rejections", headers={**bearer(), "Accept": PARQUET})
    file = pq.ParquetFile(io.BytesIO(answer.content))
    groups = [file.metadata.row_group(n).num_rows for n in range(file.metadata.num_row_groups)]
    assert groups == [256, 256, 88]
    details = file.read()["detail"].to_pylist()
    assert details == [f"record {number}" for number in reversed(range(600))]
