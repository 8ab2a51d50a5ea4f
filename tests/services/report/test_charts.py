"""Charts: well-formed, within their bounds, every number written, every text escaped."""

from xml.etree import ElementTree as ET

import pytest

from services.language.language import language
from services.report.charts import FILLS, Bar, Stack, bars, columns, divided_columns, stacks

EN = language("en")
SVG = "{http://www.w3.org/2000/svg}"
EVIL = "<script>\"&'</script>" * 5


def drawn(svg: str) -> ET.Element:
    """The drawing, after checking that every shape lies within it and has no negative size."""
    root = ET.fromstring(svg)
    _, _, width, height = map(float, root.attrib["viewBox"].split())
    for rect in root.iter(f"{SVG}rect"):
        left, top, wide, tall = (float(rect.attrib[n]) for n in ("x", "y", "width", "height"))
        assert left >= 0
        assert top >= 0
        assert wide >= 0
        assert tall >= 0
        assert left + wide <= width + 0.2
        assert top + tall <= height + 0.2
    for text in root.iter(f"{SVG}text"):
        assert 0 <= float(text.attrib["x"]) <= width
        assert 0 <= float(text.attrib["y"]) <= height
    assert root.attrib["aria-label"]
    assert "style" not in svg
    return root


def texts(root: ET.Element) -> list[str]:
    return [text.text or "" for text in root.iter(f"{SVG}text")] + [
        text[-1].tail or "" for text in root.iter(f"{SVG}text") if len(text)
    ]


def widths(root: ET.Element, fill: str) -> list[float]:
    return [float(r.attrib["width"]) for r in root.iter(f"{SVG}rect") if r.attrib["fill"] == fill]


def test_bars_are_as_long_as_their_values() -> None:
    root = drawn(bars([Bar("all", 200, "200", "100%"), Bar("half", 100, "100", "50%")], "t"))
    whole, half = widths(root, "#1f6f63")
    assert half == pytest.approx(whole / 2, abs=0.1)
    assert {"all", "half", "200", "100", "100%", "50%"} <= set(texts(root))


def test_parts_fill_a_bar_by_their_shares() -> None:
    root = drawn(stacks([Stack("a", [1, 2, 1]), Stack("b", [0, 0, 0])], ["x", "y", "z"], "t", EN))
    first, second, third = ([w for w in widths(root, fill) if w != 12] for fill in FILLS[:3])
    assert second[0] == pytest.approx(2 * first[0], abs=0.2)
    assert third == first
    assert {"25%", "50%", "4", "0"} <= set(texts(root))


def test_columns_are_as_tall_as_their_values() -> None:
    root = drawn(columns([0, 5, 10], ["a", "b", "c"], "t", "axis", EN))
    tall = [float(rect.attrib["height"]) for rect in root.iter(f"{SVG}rect")]
    assert tall == [0, 60, 120]
    assert {"0", "5", "10", "a", "b", "c", "axis"} <= set(texts(root))


def test_divided_columns_are_as_tall_as_the_sum_of_their_parts() -> None:
    of = [Stack("a", [10, 0]), Stack("b", [5, 15]), Stack("c", [0, 0])]
    root = drawn(divided_columns(of, ["x", "y"], ["ten", "twenty", "none"], "t"))
    heights = [float(rect.attrib["height"]) for rect in root.iter(f"{SVG}rect")]
    assert heights[2:] == [45, 0, 22.5, 67.5, 0, 0]
    assert {"a", "b", "c", "x", "y", "ten", "twenty", "none"} <= set(texts(root))


def test_numbers_are_written_as_the_language_writes_them() -> None:
    of = language("id")
    assert "1.234" in texts(drawn(columns([1_234], ["a"], "t", "axis", of)))
    assert "2.468" in texts(drawn(stacks([Stack("a", [1_234, 1_234])], ["x", "y"], "t", of)))


def test_long_and_hostile_labels_are_cut_and_escaped() -> None:
    for svg in (
        bars([Bar(EVIL, 1, EVIL[:5], "1%")], EVIL),
        stacks([Stack(EVIL, [1, 1])], [EVIL[:10], "y"], EVIL, EN),
        columns([1], [EVIL[:10]], EVIL, EVIL[:10], EN),
        divided_columns([Stack(EVIL[:10], [1, 1])], [EVIL[:10], "y"], [EVIL[:5]], EVIL),
    ):
        root = drawn(svg)
        assert root.attrib["aria-label"] == EVIL
        assert "<script" not in svg
    whole = next(ET.fromstring(bars([Bar(EVIL, 1, "1")], "t")).iter(f"{SVG}title"))
    assert whole.text == EVIL


def test_nothing_to_draw_is_drawn() -> None:
    for svg in (
        bars([], "t"),
        stacks([], ["x"], "t", EN),
        columns([], [], "t", "a", EN),
        bars([Bar("a", 0, "0")], "t"),
        columns([0], ["a"], "t", "a", EN),
        divided_columns([], ["x"], [], "t"),
    ):
        drawn(svg)
