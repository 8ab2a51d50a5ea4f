"""Draws what a drain benchmark found: a point a contender, whiskers from the least to the most of its rounds.

    python -m tests.benchmarks.plot NAME

Reads docs/benchmarks/NAME.json, writes docs/benchmarks/NAME.svg.
"""

import sys
from pathlib import Path
from typing import Any

import msgspec

from tests.benchmarks.report import FOLDER

OURS = "#1f6f8b"
OTHERS = "#8a8a8a"
INK = "#333333"


def main() -> None:
    print(draw(sys.argv[1]))


def draw(name: str) -> Path:
    """Where the plot of a drain benchmark's JSON is now."""
    import matplotlib as mpl  # noqa: PLC0415 - of the extra "bench", and slow to start

    mpl.use("svg")
    from matplotlib import pyplot as plt  # noqa: PLC0415

    mpl.rcParams["svg.hashsalt"] = "tuntas"  # the same figures give the same file
    found: dict[str, Any] = msgspec.json.decode((FOLDER / f"{name}.json").read_bytes())
    path = FOLDER / f"{name}.svg"
    contenders = found["contenders"][::-1]
    rates = [one["records_per_second"] for one in contenders]
    around = [
        [rate - one["least"] for rate, one in zip(rates, contenders, strict=True)],
        [one["most"] - rate for rate, one in zip(rates, contenders, strict=True)],
    ]
    figure, axes = plt.subplots(figsize=(9, 0.55 * len(contenders) + 1.6), layout="constrained")
    names = [one["name"] for one in contenders]
    colours = [OURS if name.startswith("Tuntas") else OTHERS for name in names]
    axes.errorbar(rates, names, xerr=around, fmt="none", ecolor=INK, elinewidth=1, capsize=3)
    axes.scatter(rates, names, color=colours, s=70, zorder=3)
    axes.grid(axis="x", color="#e4e4e4", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.set_xscale("log")
    for place, (rate, one) in enumerate(zip(rates, contenders, strict=True)):
        axes.text(one["most"] * 1.15, place, f"{rate:,.0f}", va="center", fontsize=9, color=INK)
    axes.set_xlim(min(rates) / 2, max(one["most"] for one in contenders) * 2.2)
    axes.set_xlabel("records a second, from topic to committed (logarithmic)")
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
