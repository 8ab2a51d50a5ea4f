"""How a participant did in a class, from the results that stand (contract section 3, "assessment")."""

from collections.abc import Sequence

from msgspec import Struct

from domain.marks import Result
from domain.vocabulary import ASSESSING_KINDS, AssessmentState


class Assessment(Struct, frozen=True, gc=False):
    """How the participant did. ``best_scaled`` and ``pre_test_scaled`` 0 to 1."""

    state: AssessmentState = "not_assessed"
    at: int | None = None
    best_scaled: float | None = None
    attempts: int = 0
    pre_test_scaled: float | None = None


_NOT_ASSESSED = Assessment()


def assess(results: Sequence[Result], mastery_score: float) -> Assessment:
    """The result of results in order of time; those with a score and no verdict pass from ``mastery_score`` on."""
    if not results:
        return _NOT_ASSESSED
    pre_test_scaled: float | None = None
    best_scaled: float | None = None
    first_pass: int | None = None
    verdict = False
    attempts = 0
    latest = 0
    for result in results:
        if result.kind not in ASSESSING_KINDS:
            if pre_test_scaled is None and result.kind == "pre_test":
                pre_test_scaled = result.scaled
            continue
        attempts += 1
        latest = result.happened
        passed = result.passed
        if result.scaled is not None:
            if best_scaled is None or result.scaled > best_scaled:
                best_scaled = result.scaled
            if passed is None:
                passed = result.scaled >= mastery_score
        if passed is not None:
            verdict = True
            if passed and first_pass is None:
                first_pass = result.happened
    if not attempts:
        return Assessment(pre_test_scaled=pre_test_scaled)
    state: AssessmentState = (
        "passed" if first_pass is not None else "failed" if verdict else "assessed"
    )
    at = latest if first_pass is None else first_pass
    return Assessment(state, at, best_scaled, attempts, pre_test_scaled)
