"""What worklists ask of a purchased class beside its columns: when it was spoken of last, since when it is done.

Contract section 3. It changes with every word of the partner, so it is not kept with what the intake writes.
"""

from typing import Final, NamedTuple

from domain.answer import Answer
from domain.catalogue import State as Catalogue
from domain.class_evidence import ClassEvidence
from domain.first_completion import completed_class
from domain.vocabulary import ASSESSMENT_STATES, COMPLETION_STATES, AssessmentState, CompletionState

COMPLETION: Final = {state: number * 10 for number, state in enumerate(COMPLETION_STATES)}
ASSESSMENT: Final = {state: number for number, state in enumerate(ASSESSMENT_STATES)}


class Watched(NamedTuple):
    """A purchased class that the partner reported on. Times in microseconds UTC.

    ``since``: when it became what first completions ask for: with certificate and review since when all is there,
    without one of them since its completion; None: not completed, or given back. ``is_open``: active, neither
    completed nor failed. ``state``: `state_number` of completion and assessment. ``is_ready``: whether certificate and
    review are there; None where ``since`` is.
    """

    last_reported_at: int
    since: int | None
    state: int
    is_open: bool
    is_ready: bool | None


def state_number(completion: CompletionState, assessment: AssessmentState) -> int:
    """Two states as one number, in which each has a digit."""
    return COMPLETION[completion] + ASSESSMENT[assessment]


def watched(
    class_code: str, evidence: ClassEvidence, catalogue: Catalogue, answer: Answer
) -> Watched | None:
    """What is to know of a class by its answer of now; None: it was not purchased, or never reported on."""
    if answer.last_reported_at is None or not answer.purchases:
        return None
    is_active = answer.purchase == "active"
    since = is_ready = None
    if is_active and answer.completed_at is not None:
        of = completed_class(0, class_code, evidence, catalogue)
        if of is not None:
            is_ready = of.ready_at is not None
            since = of.completed_at if of.ready_at is None else of.ready_at
    return Watched(
        answer.last_reported_at,
        since,
        state_number(answer.completion, answer.assessment.state),
        is_active and answer.completion != "completed" and answer.assessment.state != "failed",
        is_ready,
    )
