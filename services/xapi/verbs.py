"""What each verb says in the words of the contract (section 2, "xAPI and cmi5 statements"): the one table.

The docs' table is made from it. Sources: https://w3id.org/xapi/adl (ADL's verbs), cmi5 "Quartz"
(https://github.com/AICC/CMI-5_Spec_Current/blob/quartz/cmi5_spec.md, sections 9.3 and 9.5).
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from msgspec import UNSET, UnsetType

from domain.telling import tell
from services.xapi.rules import VOIDED
from services.xapi.statement import Result, Score

PROGRESS: Final = "https://w3id.org/xapi/cmi5/result/extensions/progress"
"""cmi5's whole number from 0 to 100."""

Data = dict[str, Any]
Translation = tuple[str, Data]
"""A type of the contract, without prefix, and the fields of its ``data`` beside participant and class."""

STARTED: Final[Translation] = ("class.started.v1", {})


class Verb(NamedTuple):
    """One verb: its name, its IRI, what it becomes in words, and what a result of it says.

    ``translate`` answers a sentence where the statement is refused.
    """

    name: str
    iri: str
    becomes: str
    translate: Callable[[Result], Translation | str]


def _started(_: Result) -> Translation:
    return STARTED


def _progressed(result: Result) -> Translation | str:
    extensions = {} if isinstance(result.extensions, UnsetType) else result.extensions
    percent = extensions.get(PROGRESS)
    if percent is None:
        return STARTED
    if isinstance(percent, bool) or not isinstance(percent, int) or not 0 <= percent <= 100:
        return tell(
            "`result.extensions` %(name)s must be a whole number from 0 to 100 (cmi5 9.5.5.1).",
            name=PROGRESS,
        )
    return "class.progressed.v1", {"percent": percent}


def _completed(result: Result) -> Translation:
    return STARTED if result.completion is False else ("class.completed.v1", {})


def _judged(verdict: bool) -> Callable[[Result], Translation | str]:
    def translate(result: Result) -> Translation | str:
        if result.success is (not verdict):
            return tell(
                "`result.success` contradicts the verb: it must be %(verdict)s, or absent.",
                verdict=str(verdict).lower(),
            )
        return "class.assessed.v1", {"kind": "post_test", "passed": verdict, **_score(result)}

    return translate


def _scored(result: Result) -> Translation:
    data: Data = {"kind": "assignment", **_score(result)}
    if not isinstance(result.success, UnsetType):
        data["passed"] = result.success
    return "class.assessed.v1", data


def _score(result: Result) -> Data:
    """The contract's score: raw with its bounds, else the scaled score as a raw one from 0 to 1."""
    score = result.score
    if isinstance(score, UnsetType):
        return {}
    bounded = score.min is not UNSET and score.max is not UNSET
    if score.raw is not UNSET and (bounded or score.scaled is UNSET):
        return {"score": _given(score)}
    if score.scaled is not UNSET:
        return {"score": {"raw": score.scaled, "min": 0, "max": 1}}
    return {}


def _given(score: Score) -> Data:
    return {
        name: value
        for name in ("raw", "min", "max")
        if (value := getattr(score, name)) is not UNSET
    }


def _refused(_: Result) -> str:
    return tell(
        "`verb` is one that only the learning management system may say: a partner may not."
    )


_ADL: Final = "http://adlnet.gov/expapi/verbs/"
_W3ID: Final = "https://w3id.org/xapi/adl/verbs/"

VERBS: Final = (
    Verb("initialized", f"{_ADL}initialized", "`class.started`", _started),
    Verb(
        "progressed",
        f"{_ADL}progressed",
        "`class.progressed` with cmi5's progress extension as `percent`; without it `class.started`",
        _progressed,
    ),
    Verb(
        "completed",
        f"{_ADL}completed",
        "`class.completed`; with `result.completion` false `class.started`",
        _completed,
    ),
    Verb(
        "passed",
        f"{_ADL}passed",
        "`class.assessed`, `kind` `post_test`, `passed` true, with the score",
        _judged(verdict=True),
    ),
    Verb(
        "failed",
        f"{_ADL}failed",
        "`class.assessed`, `kind` `post_test`, `passed` false, with the score",
        _judged(verdict=False),
    ),
    Verb(
        "scored",
        f"{_ADL}scored",
        "`class.assessed`, `kind` `assignment`, with the score (and `result.success` as `passed`)",
        _scored,
    ),
    Verb("voided", VOIDED, "`event.voided` of the statement that its object refers to", _started),
    Verb("waived", f"{_W3ID}waived", "refused: `invalid_data`", _refused),
    Verb("satisfied", f"{_W3ID}satisfied", "refused: `invalid_data`", _refused),
)

BY_IRI: Final[Mapping[str, Verb]] = {verb.iri: verb for verb in VERBS}

ANY_OTHER: Final = Verb("any other", "", "`class.started`: the participant was active", _started)
