"""`tuntas export`: any list as a file, whole or not at all, in constant memory."""

import csv
import inspect
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from domain.events import PARTICIPANT_STREAM, PartnerEvent, PurchasePaid
from services.cli.export import FORMATS, LISTS, export
from services.cli.whole_file import whole
from services.embedded.postgres import EmbeddedPostgres
from services.http.app import ROUTES
from services.http.routing import LIST
from tests.benchmarks.export_memory import fill, measure
from tests.services.cli.commands import run
from tests.services.http.desk import Desk

ROWS = 15_000
HIGHEST_MIB = 200


@pytest.fixture(scope="module")
def filled(postgres_server: EmbeddedPostgres) -> Iterator[str]:
    """A database with ROWS purchased classes; tests only read it."""
    url = postgres_server.create_database("export_of_cli")
    assert fill(url, ROWS) >= ROWS
    yield url
    postgres_server.drop_database("export_of_cli")


def exported(
    folder: Path, database_url: str, *arguments: str
) -> "subprocess.CompletedProcess[str]":
    return run(folder, database_url, "export", *arguments)


def run_alone(database_url: str, *arguments: str) -> "subprocess.CompletedProcess[bytes]":
    """In a process of its own, whose standard output takes bytes."""
    return subprocess.run(
        [sys.executable, "-m", "services.cli", "export", *arguments],
        env={**os.environ, "TUNTAS_DATABASE_URL": database_url},
        capture_output=True,
        check=False,
    )


@pytest.mark.parametrize("name", FORMATS)
def test_a_long_list_takes_no_more_memory_than_a_short_one(
    filled: str, tmp_path: Path, name: str
) -> None:
    measured = measure(filled, tmp_path / f"classes.{name}")
    assert measured.highest_mib < HIGHEST_MIB


def test_formats_agree(filled: str, tmp_path: Path) -> None:
    query = ("purchased-classes", "--partner", "pintaria", "--completion", "completed")
    for name in FORMATS:
        ended = exported(tmp_path, filled, *query, "--out", str(tmp_path / f"out.{name}"))
        assert ended.returncode == 0, ended.stderr
    of_csv = list(csv.DictReader(io.StringIO((tmp_path / "out.csv").read_text())))
    of_json = [json.loads(line) for line in (tmp_path / "out.ndjson").read_text().splitlines()]
    of_parquet = pq.read_table(tmp_path / "out.parquet").to_pylist()
    assert len(of_csv) == len(of_json) == len(of_parquet) > 100
    for row, item, typed in zip(of_csv, of_json, of_parquet, strict=True):
        assert row["participant_id"] == item["participant_id"] == typed["participant_id"]
        assert item["completion"]["state"] == "completed"
        assert typed["completion_at"].isoformat()[:19] == row["completion_at"][:19]


@pytest.fixture(scope="module")
def around_midnight(postgres_server: EmbeddedPostgres) -> Iterator[str]:
    """Three package purchases about the end of 2020 in Jakarta, 17:00 of 31 December UTC."""
    url = postgres_server.create_database("midnight_of_export")
    desk = Desk(url)
    lane = desk.lane("tokopedia")
    midnight = round(datetime.fromisoformat("2021-01-01T00:00:00+07:00").timestamp() * 1_000_000)
    times = {"before": midnight - 1, "at": midnight, "after": midnight + 1}
    desk.send(
        lane,
        *(
            PartnerEvent(
                "tokopedia",
                name,
                time,
                f"{PARTICIPANT_STREAM}P-{name}",
                PurchasePaid(name, None, (("C", None),)),
            )
            for name, time in times.items()
        ),
    )
    yield url
    postgres_server.drop_database("midnight_of_export")


@pytest.mark.parametrize(
    ("query", "names"),
    [
        (("--as-of", "2020-12-31"), {"before"}),
        (("--as-of", "2021-01-01"), {"before", "at", "after"}),
        (("--as-of", "2020-12-31T17:00:00Z"), {"before", "at"}),
        (("--purchased-to", "2020-12-31"), {"before"}),
        (("--purchased-from", "2021-01-01"), {"at", "after"}),
    ],
)
def test_a_day_is_jakartas(
    around_midnight: str, tmp_path: Path, query: tuple[str, ...], names: set[str]
) -> None:
    out = tmp_path / "out.csv"
    ended = exported(tmp_path, around_midnight, "purchased-classes", *query, "--out", str(out))
    assert ended.returncode == 0, ended.stderr
    rows = list(csv.DictReader(io.StringIO(out.read_text())))
    assert {row["purchases_purchase_id"] for row in rows} == names


def test_times_are_in_the_zone_that_is_asked_for(around_midnight: str, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    query = ("purchased-classes", "--as-of", "2020-12-31", "--time-zone", "Asia/Jakarta")
    ended = exported(tmp_path, around_midnight, *query, "--out", str(out))
    assert ended.returncode == 0, ended.stderr
    (row,) = csv.DictReader(io.StringIO(out.read_text()))
    assert row["purchases_purchased_at"] == "2020-12-31T23:59:59.999999+07:00"


def test_standard_output_has_the_rows_alone(filled: str) -> None:
    ended = run_alone(filled, "intake", "--out", "-", "--format", "ndjson")
    lanes = [json.loads(line) for line in ended.stdout.splitlines()]
    assert len(lanes) == 8
    assert f"{len(lanes)} rows" in ended.stderr.decode()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("purchased-classes", "--as-of", "yesterday"), "--as-of"),
        (("purchased-classes", "--time-zone", "WIB"), "--time-zone is no time zone"),
        (
            ("purchased-classes", "--format", "ndjson", "--time-zone", "Asia/Jakarta"),
            "times in JSON are UTC",
        ),
        (("rejections", "--completion", "completed"), "--completion is not a parameter here"),
        (("purchased-classes", "--partner", "nobody"), "--partner is none of"),
        (("nothing",), "is none of: purchased-classes"),
        (("intake", "--format", "xlsx"), "is none of: csv, ndjson, parquet"),
    ],
)
def test_what_cannot_be_exported_leaves_no_file(
    filled: str, tmp_path: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    ended = exported(tmp_path, filled, *arguments, "--out", str(tmp_path / "out.csv"))
    assert ended.returncode == 2
    told = " ".join(ended.stderr.replace("│", " ").split())
    assert sentence in told
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_breaks_off_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    path.write_bytes(b"old")

    def break_off() -> None:
        with whole(path) as file:
            file.write(b"new, but")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        break_off()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
    with whole(path) as file:
        file.write(b"new")
    assert path.read_bytes() == b"new"


def test_what_a_link_leads_to_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    file, link = tmp_path / "there" / "rows.csv", tmp_path / "link.csv"
    link.symlink_to(file)
    for content in (b"old", b"new"):
        with whole(link) as written:
            written.write(content)
        assert (link.is_symlink(), file.read_bytes()) == (True, content)
    assert list(file.parent.iterdir()) == [file]


def test_a_pipe_is_written_as_it_is(tmp_path: Path) -> None:
    pipe = tmp_path / "rows.csv"
    os.mkfifo(pipe)
    with subprocess.Popen(["cat", pipe], stdout=subprocess.PIPE) as reader:
        with whole(pipe) as file:
            file.write(b"rows")
        assert reader.communicate(timeout=30)[0] == b"rows"
    assert pipe.is_fifo()
    assert list(tmp_path.iterdir()) == [pipe]


def test_a_full_disk_is_said_with_the_file(filled: str, tmp_path: Path) -> None:
    full = tmp_path / "rows.csv"
    full.symlink_to("/dev/full")
    ended = exported(tmp_path, filled, "intake", "--out", str(full))
    assert (ended.returncode, ended.stderr.strip()) == (1, f"{full}: No space left on device.")
    assert Path("/dev/full").is_char_device()


def test_every_list_and_every_filter_of_the_api_is_an_option() -> None:
    routes = [route for route in ROUTES if route.media == LIST and "{" not in route.path]
    assert {route.path for route in routes} == {f"/v1/{name}" for name in LISTS}
    of_api = {of.name for route in routes for of in route.parameters} - {"limit", "cursor"}
    options = {name.removesuffix("_") for name in inspect.signature(export).parameters}
    assert options - {"context", "name", "out", "format"} == of_api
