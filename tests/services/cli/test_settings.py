"""`tuntas settings` on a narrow terminal: nothing is cut off, what was set is there, secrets are not."""

from pathlib import Path

import pytest

from services.settings import Described, described
from tests.services.cli.commands import run

TOKEN = "a-token-that-nobody-else-has"


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What is printed at 80 columns, as one line: borders and breaks are left out."""
    folder: Path = tmp_path_factory.mktemp("settings")
    ended = run(folder, "", "settings", COLUMNS="80", TUNTAS_EVALUATOR_TOKENS=TOKEN)
    assert ended.returncode == 0
    lines = ended.stdout.splitlines()
    assert max(map(len, lines)) <= 80
    cells = [[part.strip() for part in line.split("│")[1:3]] for line in lines if "│" in line]
    assert cells
    return "".join("".join(cell).replace(" ", "") for cell in zip(*cells, strict=True))


@pytest.mark.parametrize("setting", described({}), ids=lambda setting: setting.name)
def test_name_meaning_and_default_are_there(said: str, setting: Described) -> None:
    assert f"{setting.name}=" in said
    assert setting.meaning.replace(" ", "") in said
    assert f"default:{setting.default.replace(' ', '') or '(empty)'}" in said


def test_what_was_set_is_masked_where_it_is_a_secret(said: str) -> None:
    assert TOKEN not in said
