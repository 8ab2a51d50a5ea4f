"""Charts as SVG: horizontal bars, stacked bars, columns, divided columns.

One drawing serves pages, the HTML report and the PDF: only shapes, texts and presentation attributes, so that it needs
no style sheet and a content security policy can forbid inline styles. Fills differ in lightness, so that they can be
told apart in grey. Every number that is drawn is also written.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple
from xml.sax.saxutils import escape, quoteattr

from services.language.language import Language

WIDTH: Final = 680
TEXT_SIZE: Final = 13
SMALL_SIZE: Final = 11
LETTER: Final = 0.62
"""Mean width of a letter as a share of its size: a little more than that of common typefaces."""

INK: Final = "#1c2b2a"
SOFT_INK: Final = "#55625f"
TRACK: Final = "#edf0ef"
LINE: Final = "#c3cbc9"
FILL: Final = "#1f6f63"
FILLS: Final = ("#14524a", "#7db7ab", "#cfd8d5", "#93632a")
"""From dark to light, the fourth for what stands apart."""

ROW: Final = 26
BAR: Final = 16
MOST_LABEL: Final = 300
GAP: Final = 10


class Bar(NamedTuple):
    """One horizontal bar. ``note`` stands behind the value, as its share."""

    label: str
    value: float
    text: str
    note: str = ""


class Stack(NamedTuple):
    """One bar of several parts, as long as all the others: parts are shares of their sum."""

    label: str
    parts: Sequence[int]


def bars(of: Sequence[Bar], title: str, *, most: float | None = None) -> str:
    """Horizontal bars, one below the other; ``most`` is the value of a full bar, the greatest where absent."""
    most = most or max((bar.value for bar in of), default=0) or 1
    label_width = _label_width([bar.label for bar in of])
    told_width = max((_width(f"{bar.text}  {bar.note}", TEXT_SIZE) for bar in of), default=0)
    length = WIDTH - label_width - told_width - 2 * GAP
    drawn = []
    for row, bar in enumerate(of):
        top = row * ROW
        middle = top + ROW / 2
        filled = length * min(bar.value / most, 1)
        drawn += [
            _text(label_width, middle, _cut(bar.label, label_width), anchor="end", whole=bar.label),
            _rect(label_width + GAP, middle - BAR / 2, length, BAR, TRACK),
            _rect(label_width + GAP, middle - BAR / 2, filled, BAR, FILL),
            _text(label_width + length + 2 * GAP, middle, bar.text, weight="600"),
        ]
        if bar.note:
            drawn.append(_text(WIDTH, middle, bar.note, anchor="end", fill=SOFT_INK))
    return _svg(drawn, len(of) * ROW, title)


def stacks(of: Sequence[Stack], parts: Sequence[str], title: str, language: Language) -> str:
    """Bars of equal length, divided by shares; the legend stands above."""
    label_width = _label_width([stack.label for stack in of])
    totals = [language.number(sum(stack.parts)) for stack in of]
    total_width = max((_width(total, TEXT_SIZE) for total in totals), default=0)
    left = label_width + GAP
    length = WIDTH - left - total_width - GAP
    drawn = _legend(left, parts)
    for row, stack in enumerate(of):
        top = ROW + row * ROW
        middle = top + ROW / 2
        total = sum(stack.parts)
        drawn.append(
            _text(
                label_width, middle, _cut(stack.label, label_width), anchor="end", whole=stack.label
            )
        )
        drawn.append(_text(WIDTH, middle, totals[row], anchor="end", fill=SOFT_INK))
        at = float(left)
        for number, part in enumerate(stack.parts):
            width = length * part / total if total else 0
            if width:
                drawn.append(_rect(at, middle - BAR / 2, width, BAR, FILLS[number], edge=True))
            share = language.percent(part / total, 0) if total else ""
            if width > _width(share, SMALL_SIZE) + 6:
                ink = "#ffffff" if number in {0, 3} else INK
                drawn.append(
                    _text(at + width / 2, middle, share, SMALL_SIZE, anchor="middle", fill=ink)
                )
            at += width
        if not total:
            drawn.append(_rect(left, middle - BAR / 2, length, BAR, TRACK))
    return _svg(drawn, ROW + len(of) * ROW, title)


def columns(
    values: Sequence[int],
    labels: Sequence[str],
    title: str,
    axis: str,
    language: Language,
    *,
    width: float = WIDTH,
) -> str:
    """Upright columns with their counts on top; ``labels`` stand below, ``axis`` says what they are."""
    most = max(values, default=0) or 1
    height, top, below = 120, 18, 38
    step = width / max(len(values), 1)
    drawn = []
    for number, (value, label) in enumerate(zip(values, labels, strict=True)):
        tall = height * value / most
        left, middle = number * step + step * 0.1, (number + 0.5) * step
        drawn += [
            _rect(left, top + height - tall, step * 0.8, tall, FILL),
            _text(
                middle,
                top + height - tall - 8,
                language.number(value),
                SMALL_SIZE,
                anchor="middle",
            ),
            _text(middle, top + height + 11, label, SMALL_SIZE, anchor="middle", fill=SOFT_INK),
        ]
    drawn.append(
        f'<line x1="0" y1="{top + height}" x2="{width:g}" y2="{top + height}" stroke="{LINE}"/>'
    )
    drawn.append(
        _text(width / 2, top + height + 29, axis, SMALL_SIZE, anchor="middle", fill=SOFT_INK)
    )
    return _svg(drawn, top + height + below, title, width=width)


def divided_columns(
    of: Sequence[Stack], parts: Sequence[str], texts: Sequence[str], title: str
) -> str:
    """Upright columns, as tall as the sum of their parts, the first part lowest; ``texts`` stand on top of each."""
    most = max((sum(stack.parts) for stack in of), default=0) or 1
    height, top, below = 90, ROW + 18, 20
    ground = top + height
    step = WIDTH / max(len(of), 1)
    drawn = _legend(0, parts)
    for number, (stack, text) in enumerate(zip(of, texts, strict=True)):
        left, middle = number * step + step * 0.1, (number + 0.5) * step
        at = float(ground)
        for place, part in enumerate(stack.parts):
            tall = height * max(part, 0) / most
            at -= tall
            drawn.append(_rect(left, at, step * 0.8, tall, FILLS[place]))
        drawn += [
            _text(middle, at - 8, text, SMALL_SIZE, anchor="middle"),
            _text(middle, ground + 11, stack.label, SMALL_SIZE, anchor="middle", fill=SOFT_INK),
        ]
    drawn.append(f'<line x1="0" y1="{ground}" x2="{WIDTH}" y2="{ground}" stroke="{LINE}"/>')
    return _svg(drawn, ground + below, title)


def _legend(left: float, parts: Sequence[str]) -> list[str]:
    drawn = []
    at = left
    for number, part in enumerate(parts):
        drawn += [
            _rect(at, ROW / 2 - 6, 12, 12, FILLS[number], edge=True),
            _text(at + 18, ROW / 2, part, SMALL_SIZE + 1),
        ]
        at += 18 + _width(part, SMALL_SIZE + 1) + 16
    return drawn


def _label_width(labels: Sequence[str]) -> float:
    return min(max((_width(label, TEXT_SIZE) for label in labels), default=0), MOST_LABEL)


def _width(text: str, size: float) -> float:
    return len(text) * size * LETTER


def _cut(text: str, width: float) -> str:
    most = int(width / (TEXT_SIZE * LETTER) + 0.001)
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def _rect(
    left: float, top: float, width: float, height: float, fill: str, *, edge: bool = False
) -> str:
    stroke = ' stroke="#ffffff" stroke-width="1"' if edge else ""
    return (
        f'<rect x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" height="{height:.1f}" '
        f'fill="{fill}"{stroke}/>'
    )


def _text(
    left: float,
    middle: float,
    text: str,
    size: float = TEXT_SIZE,
    *,
    anchor: str = "start",
    fill: str = INK,
    weight: str = "400",
    whole: str = "",
) -> str:
    # The baseline is placed by hand: not every reader of SVG knows dominant-baseline.
    title = f"<title>{escape(whole)}</title>" if whole and whole != text else ""
    return (
        f'<text x="{left:.1f}" y="{middle + size * 0.35:.1f}" font-size="{size:g}" '
        f'text-anchor="{anchor}" fill="{fill}" font-weight="{weight}">{title}{escape(text)}</text>'
    )


def _svg(drawn: Sequence[str], height: float, title: str, *, width: float = WIDTH) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {max(height, 1):g}" '
        f'width="{width:g}" height="{max(height, 1):g}" role="img" aria-label={quoteattr(title)}>'
        f"{''.join(drawn)}</svg>"
    )
