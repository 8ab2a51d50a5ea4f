"""A partner is a block of configuration: with a ninth one the whole program takes its records."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from domain.vocabulary import PARTNER_TABLE, read_partners

ROOT = Path(__file__).parents[2]
NINTH = '\n[[partner]]\nnumber = 9\ncode = "ninth"\nname = "The ninth"\n'

EVENT = """{"specversion": "1.0", "id": "1", "source": "/partners/ninth", "type": "id.tuntas.class.completed.v1",
"time": "2020-06-01T00:00:00Z", "data": {"participant_id": "P-1", "class_code": "C-1"}}"""
TAKES = """
import sys
from domain.vocabulary import PARTNER_IDS
from projections import catalogue
from services.cloudevents.decode import decode
from services.postgres.connect import connect, transaction
from services.postgres.migrations.run import migrate
decoded = decode("ninth", b"P-1", [("content-type", b"application/cloudevents+json")], sys.argv[2].encode())
print(getattr(decoded, "stream", decoded))
session = connect(sys.argv[1], "test")
migrate(session)
with transaction(session) as work:
    catalogue.set_package_sales_end(work, 1)
    print(catalogue.heads(work, [PARTNER_IDS["ninth"]]))
"""


def test_a_ninth_partner_is_a_block_of_configuration(tmp_path: Path, database_url: str) -> None:
    for package in ("domain", "projections", "services"):
        shutil.copytree(ROOT / package, tmp_path / package)
    table = tmp_path / "domain" / "partners.toml"
    table.write_text(table.read_text() + NINTH)

    def run(*words: str) -> str:
        ran = subprocess.run(
            [sys.executable, *words],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(tmp_path)},
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        return ran.stdout

    # A database that eight partners made is another one's tomorrow.
    run("-c", TAKES.replace("ninth", "tokopedia"), database_url, EVENT)
    assert run("-c", TAKES, database_url, EVENT).splitlines() == ["p:P-1", "{9: (0, 1)}"]
    lines = tmp_path / "events.jsonl"
    lines.write_text(EVENT.replace("\n", " "))
    assert "accepted" in run("-m", "services.cli", "check", str(lines), "--partner", "ninth")


@pytest.mark.parametrize(
    "text",
    [
        NINTH.replace("9", '"9"'),
        NINTH.replace("9", "0"),
        NINTH.replace("9", "32768"),
        NINTH.replace('"ninth"', '"Ninth"'),
        NINTH.replace('"ninth"', '"a/b"'),
        NINTH.replace("The ninth", " "),
        NINTH + NINTH,
    ],
)
def test_a_block_that_cannot_be_meant_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="partner"):
        read_partners(text)


def test_the_table_is_as_long_as_the_programme_had_platforms() -> None:
    assert len(PARTNER_TABLE) == 8
