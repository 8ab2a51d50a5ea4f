"""From a figure to the list behind it: what was counted can be looked at, one by one."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlencode

import msgspec

from domain.vocabulary import ASSESSMENT_STATES, COMPLETION_STATES, FLAGS
from projections.reading.instants import instant
from projections.reading.paths import part

STATES: Final[Mapping[str, tuple[str, str]]] = {
    "refunded": ("purchase", "refunded"),
    **{state: ("completion", state) for state in COMPLETION_STATES},
    **{state: ("assessment", state) for state in ASSESSMENT_STATES if state != "assessed"},
    "assessed_without_verdict": ("assessment", "assessed"),
    **{flag: ("flag", flag) for flag in FLAGS},
}
"""Figure to the filter of purchased classes that lists it; what is `assessed` is listed by verdict."""

OF_PACKAGES: Final[Mapping[str, tuple[str, str]]] = {
    "complete": ("complete", "true"),
    "incomplete": ("complete", "false"),
    "unresolved": ("unresolved", "true"),
    "after_sales_end": ("after_sales_end", "true"),
}
"""Figure to the filter of package purchases that lists it."""


def purchased_classes(as_of: int | None, **narrowed: str) -> dict[str, str]:
    """Figure to the path of its list of purchased classes, under ``purchased`` all of them."""
    return _paths("/v1/purchased-classes", "purchased", STATES, as_of, narrowed)


def package_purchases(as_of: int | None, **narrowed: str) -> dict[str, str]:
    """Figure to the path of its list of package purchases, under ``purchases`` all of them."""
    return _paths("/v1/package-purchases", "purchases", OF_PACKAGES, as_of, narrowed)


def evaluation(kind: str, name: str, as_of: int | None) -> str:
    """The path of an evaluation: of ``name`` among ``classes/<partner>``, ``institutions`` or ``partners``."""
    return f"/v1/{kind}/{part(name)}/evaluation{_query({}, as_of)}"


def _paths(
    path: str,
    everything: str,
    figures: Mapping[str, tuple[str, str]],
    as_of: int | None,
    narrowed: dict[str, str],
) -> dict[str, str]:
    return {everything: path + _query(narrowed, as_of)} | {
        figure: path + _query(narrowed | {name: value}, as_of)
        for figure, (name, value) in figures.items()
    }


def _query(parameters: dict[str, str], as_of: int | None) -> str:
    if as_of is not None:
        parameters = parameters | {"as_of": msgspec.to_builtins(instant(as_of))}
    return "?" + urlencode(parameters) if parameters else ""
