"""The simulator and its oracle share nothing with the system they try."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SIMULATOR = ROOT / "services" / "simulator"
FILES = [*SIMULATOR.glob("*.py"), *Path(__file__).parent.glob("*.py")]
ORACLE = sorted(SIMULATOR.glob("expected*.py"))


def imported(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide where they lead"
            yield str(node.module)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_imports_nothing_of_the_system(file: Path) -> None:
    ours = {"domain", "projections", "services"}
    reached = {name for name in imported(file) if name.split(".")[0] in ours}
    assert {name for name in reached if not name.startswith("services.simulator")} == set()


@pytest.mark.parametrize("file", ORACLE, ids=lambda file: file.name)
def test_the_oracle_does_not_know_the_generator(file: Path) -> None:
    reached = {name for name in imported(file) if name.startswith("services")}
    assert {name for name in reached if not name.startswith("services.simulator.expected")} == set()


def test_there_is_an_oracle_to_look_at() -> None:
    assert len(ORACLE) > 5
