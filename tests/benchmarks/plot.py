"""Draws what a drain benchmark found: one bar a contender, whiskers from the least to the most of its rounds.

    python -m tests.benchmarks.plot NAME

Reads docs/benchmarks/NAME.json, writes docs/benchmarks/NAME.svg.
"""

import sys
from pathlib import Path
from typing import Any

import msgspec

from tests.benchmarks.report import FOLDER

OURS = "#1f6f8b"
OTHERS = "#b8b8b8"
INK = "#333333"


def main() -> None:
    name = sys.argv[1]
    print(draw(msgspec.json.decode((FOLDER / f"{name}.json").read_bytes()), FOLDER / f"{name}.svg"))


def draw(found: dict[str, Any], path: Path) -> Path:
    """Writes the plot of a drain benchmark's JSON; returns where."""
    import matplotlib as mpl  # noqa: PLC0415 - of the extra "bench", and slow to start

    mpl.use("svg")
    from matplotlib import pyplot as plt  # noqa: PLC0415

    mpl.rcParams["svg.hashsalt"] = "tuntas"  # the same figures give the same file
    contenders = found["contenders"][::-1]
    rates = [one["records_per_second"] for one in contenders]
    around = [
        [rate - one["least"] for rate, one in zip(rates, contenders, strict=True)],
        [one["most"] - rate for rate, one in zip(rates, contenders, strict=True)],
    ]
    figure, axes = plt.subplots(figsize=(9, 0.55 * len(contenders) + 1.6), layout="constrained")
    axes.barh(
        [one["name"] for one in contenders],
        rates,
        xerr=around,
        color=[OURS if one["name"].startswith("Tuntas") else OTHERS for one in contenders],
        ecolor=INK,
        capsize=3,
        height=0.62,
    )
    axes.set_xscale("log")
    for place, (rate, one) in enumerate(zip(rates, contenders, strict=True)):
        axes.text(one["most"] * 1.08, place, f"{rate:,.0f}", va="center", fontsize=9, color=INK)
    axes.set_xlim(min(rates) / 2, max(one["most"] for one in contenders) * 2.2)
    axes.set_xlabel(
        "records a second, from topic to committed (logarithmic; median, least and most of the rounds)"
    )
    machine = found["machine"]
    axes.set_title(
        f"{found['log']['records']:,} records · {machine['processor']} · {machine['date'][:10]}",
        fontsize=10,
        loc="left",
        color=INK,
    )
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)
    return path


if __name__ == "__main__":
    main()
