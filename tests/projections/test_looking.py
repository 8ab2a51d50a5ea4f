"""What is looked at costs what changed: days on which nothing stood before are not judged as of before."""

import msgspec
import pytest

from domain import answer, steps
from domain.answer import Answer
from domain.catalogue import State as Catalogue
from domain.events import ClassCompleted, ClassProgressed, PurchasePaid
from domain.participant import State
from projections.days.changed import Changed
from projections.days.looking import look
from projections.status.record import Rules
from tests.domain.story import event

EVENTS = (
    event(1, PurchasePaid("INV-1", None, (("C-1", 5),)), "e1"),
    event(3, ClassProgressed("C-1", 10.0), "e2"),
    event(7, ClassProgressed("C-1", 60.0), "e3"),
    event(9, ClassCompleted("C-1"), "e4"),
)


@pytest.mark.parametrize(("known", "judged"), [(0, 4), (2, 3), (3, 2)])
def test_only_what_stood_is_judged(
    monkeypatch: pytest.MonkeyPatch, known: int, judged: int
) -> None:
    calls: list[str] = []
    judge = answer.judge

    def counted(class_code: str, *about: object) -> Answer:
        calls.append(class_code)
        return judge(class_code, *about)  # type: ignore[arg-type]

    told = [
        (7, of.fact.topic, of.happened, of.event_id, msgspec.msgpack.encode(of.fact), 0)
        for of in EVENTS
    ]
    state, rules = State(), Rules(Catalogue(), 0)
    look(7, state, told[:known], rules, Changed(1, rules.catalogue))
    monkeypatch.setattr(steps, "judge", counted)
    look(7, state, told[known:], rules, Changed(1, rules.catalogue))
    assert len(calls) == judged
