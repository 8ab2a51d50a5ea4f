"""The figures of a report, as the API answers them."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from msgspec import Struct

Answer = Mapping[str, Any]

ADDED = (
    "purchased", "refunded", "never_reported", "started", "completed", "assessed", "passed", "failed",
    "satisfied", "reviewed", "gain_count", "drop_off_without_percent",
)  # fmt: skip
"""Figures of partners that add up."""


class Ask(Protocol):
    """Asks one route of the API by its name."""

    async def __call__(self, route: str, path: Mapping[str, str], **query: str) -> Answer:
        """The JSON answer."""


class Gathered(Struct, frozen=True):
    """What a report tells.

    ``partners`` are whole evaluations, ``series`` theirs by month, ``institutions`` headlines.
    ``intake`` is what was known when the first figure was asked for, so all of it is in each of them;
    ``read_meanwhile`` counts the records that were read until the last one was. ``events_behind`` None: how many wait
    is not known, ``behind_unknown`` says why.
    """

    partners: Sequence[Answer]
    series: Sequence[Sequence[Answer]]
    institutions: Sequence[Answer]
    intake: Answer
    as_of: str
    events_behind: int | None
    behind_unknown: str
    read_meanwhile: int


async def gather(ask: Ask, partners: Sequence[str], as_of: str | None) -> Gathered:
    """Asks for everything, one answer after the other."""
    at = {} if as_of is None else {"as_of": as_of}
    known = await ask("intake", {})
    evaluations = [
        await ask("partner_evaluation", {"partner": partner}, **at) for partner in partners
    ]
    series = [
        (await ask("partner_series", {"partner": partner}, by="month", limit="1000", **at))["items"]
        for partner in partners
    ]
    institutions: list[Answer] = []
    cursor: dict[str, str] = {}
    while True:
        page = await ask("institutions", {}, limit="1000", **at, **cursor)
        institutions += page["items"]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    after = await ask("intake", {})
    return Gathered(
        evaluations,
        series,
        institutions,
        known,
        max(evaluation["as_of"] for evaluation in evaluations),
        *_behind([evaluation["freshness"] for evaluation in evaluations]),
        after["totals"]["offsets_read"] - known["totals"]["offsets_read"],
    )


def _behind(freshness: Sequence[Answer]) -> tuple[int | None, str]:
    """How many records and changes the partners' answers lack, None where one does not know, and why."""
    events = [of["events"] for of in freshness]
    why = next((of["unknown"] for of in freshness if of.get("unknown")), "")
    return None if None in events else sum(events), why


def together(evaluations: Sequence[Answer]) -> dict[str, Any]:
    """The figures of some evaluations added up, of packages where all have them; means are those of all values.

    Medians do not add up.
    """
    all_of: dict[str, Any] = {
        name: sum(evaluation[name] for evaluation in evaluations) for name in ADDED
    }
    for name in ("score_histogram", "drop_off"):
        all_of[name] = [
            sum(tenth) for tenth in zip(*(each[name] for each in evaluations), strict=True)
        ]
    for name in ("rating_distribution", "silence", "flags"):
        all_of[name] = {
            key: sum(evaluation[name][key] for evaluation in evaluations)
            for key in evaluations[0][name]
        }
    if all("packages" in evaluation for evaluation in evaluations):
        all_of["packages"] = {
            name: sum(evaluation["packages"][name] for evaluation in evaluations)
            for name in ("purchases", "complete", "incomplete", "unresolved", "after_sales_end")
        }
    all_of["money"] = together_money([each["money"] for each in evaluations])
    scored = [sum(each["score_histogram"]) for each in evaluations]
    all_of["score_mean"] = _mean([each["score_mean"] for each in evaluations], scored)
    for mean, counted in (("gain_mean", "gain_count"), ("rating_mean", "reviewed")):
        all_of[mean] = _mean(
            [each[mean] for each in evaluations], [each[counted] for each in evaluations]
        )
    return all_of


def together_money(of_each: Sequence[Answer]) -> dict[str, Any]:
    """The money of several parts together: every amount, and those by state."""
    return {
        name: {key: sum(each[name][key] for each in of_each) for key in value}
        if isinstance(value, dict)
        else sum(each[name] for each in of_each)
        for name, value in of_each[0].items()
    }


def _mean(means: Sequence[float | None], counts: Sequence[int]) -> float | None:
    """The mean over several parts, each with its own mean over so many."""
    total = sum(counts)
    weighted = sum((mean or 0) * count for mean, count in zip(means, counts, strict=True))
    return weighted / total if total else None
