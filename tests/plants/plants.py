"""The plants: what plants.toml holds, and a copy of the tree in which one of them is planted at a time."""

from __future__ import annotations

import shutil
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct, field

ROOT: Final = Path(__file__).parents[2]
DATA: Final = Path(__file__).with_name("plants.toml")
COPIED: Final = (
    "domain",
    "projections",
    "services",
    "tests",
    "docs",
    "pyproject.toml",
    "tuntas.py",
)


class Edit(Struct, frozen=True, forbid_unknown_fields=True):
    """``text`` stands in ``file`` exactly once."""

    file: str
    text: str
    replacement: str


class Plant(Struct, frozen=True, forbid_unknown_fields=True):
    """One defect. ``harmless`` says why no suite need turn red."""

    name: str
    what: str
    edits: list[Edit]
    suites: list[str] = field(default_factory=list)
    harmless: str = ""


def plants() -> list[Plant]:
    """All of them, in their order."""
    found = tomllib.loads(DATA.read_text(encoding="utf-8"))
    return msgspec.convert(found["plant"], list[Plant])


def copy_tree(folder: Path) -> None:
    """Copies what tests need of this tree."""
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / name)


@contextmanager
def planted(plant: Plant, root: Path) -> Iterator[None]:
    """A block in which a copy of the tree has the defect; raises ValueError when it does not fit."""
    before: dict[Path, str] = {}
    try:
        for edit in plant.edits:
            path = root / edit.file
            text = path.read_text(encoding="utf-8")
            before.setdefault(path, text)
            if text.count(edit.text) != 1:
                raise ValueError(f"{plant.name} does not fit {edit.file}")
            path.write_text(text.replace(edit.text, edit.replacement), encoding="utf-8")
        yield
    finally:
        for path, text in before.items():
            path.write_text(text, encoding="utf-8")
