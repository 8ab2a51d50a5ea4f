"""Each planted defect still fits today's code: `make plant` shows that it is caught."""

import ast
from collections import Counter

import pytest

from tests.plants.plants import ROOT, Plant, plants

AT_LEAST = 20


@pytest.mark.parametrize("plant", plants(), ids=lambda plant: plant.name)
def test_a_plant_fits(plant: Plant) -> None:
    for edit in plant.edits:
        text = (ROOT / edit.file).read_text(encoding="utf-8")
        assert text.count(edit.text) == 1, (
            f"{edit.file} has {text.count(edit.text)} of {edit.text!r}"
        )
        assert edit.text != edit.replacement
        if edit.file.endswith(".py"):
            ast.parse(text.replace(edit.text, edit.replacement))
    assert plant.suites or plant.harmless
    for suite in plant.suites:
        kind, *arguments = suite.split()
        if kind == "simulate":
            assert int(*arguments) > 0
        else:
            assert all((ROOT / path).exists() for path in (kind, *arguments) if "/" in path)


def test_there_are_enough_of_them_and_each_has_a_name_of_its_own() -> None:
    names = Counter(plant.name for plant in plants())
    assert len(names) >= AT_LEAST
    assert set(names.values()) == {1}
