"""Equal sets of events give equal states, equal bytes and equal answers, however they arrive."""

import random
from collections.abc import Iterable, Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec import msgpack
from msgspec.structs import asdict

from domain import answer, catalogue, participant
from domain.class_evidence import ClassEvidence, classes_named
from domain.events import EventVoided, PartnerEvent
from domain.marks import key_of
from domain.snapshot import Snapshot, snapshot_of, state_of_snapshot
from tests.domain import told
from tests.domain.oracle import expected
from tests.domain.story import (
    SALES_END,
    catalogue_state,
    day,
    evidence_of,
    evolved,
    is_catalogue,
    participant_state,
)

AN_EVENT_SET = st.builds(
    lambda personal, published: [*personal, *published], told.of_participant(), told.of_catalogue()
)


def split(events: Iterable[PartnerEvent]) -> tuple[participant.State, catalogue.State]:
    """The two states that a mixture of events leads to."""
    events = list(events)
    return (
        participant_state(*(e for e in events if not is_catalogue(e))),
        catalogue_state(*(e for e in events if is_catalogue(e) or isinstance(e.fact, EventVoided))),
    )


def judged(
    state: participant.State, known: catalogue.State, class_code: str, as_of: int | None = None
) -> dict[str, Any]:
    """The answer as the oracle writes it."""
    given_answer = answer.judge(
        class_code, evidence_of(state, class_code, known), known, SALES_END, as_of
    )
    return asdict(given_answer) | {
        "purchases": [
            asdict(bought) | {"price": asdict(bought.price)} for bought in given_answer.purchases
        ],
        "assessment": asdict(given_answer.assessment),
        "money": asdict(given_answer.money),
        "flags": answer.flag_names(given_answer.flags),
    }


def evidence_rows(state: participant.State, known: catalogue.State) -> dict[str, bytes]:
    """Per class code its evidence, as bytes."""
    codes = set(state.classes)
    for purchase in state.purchases.values():
        codes |= classes_named(purchase, known)
    return {code: msgpack.encode(evidence_of(state, code, known)) for code in codes}


def standing(known: catalogue.State) -> dict[str, Any]:
    """What a catalogue says, without what it remembers of how it came to know."""
    return asdict(known) | {"published": sorted(known.published), "had": None}


def shuffled_and_repeated(events: Sequence[PartnerEvent], seed: int) -> list[PartnerEvent]:
    chance = random.Random(seed)
    delivered = list(events) + [e for e in events if chance.random() < 0.4]
    chance.shuffle(delivered)
    return delivered


@given(AN_EVENT_SET)
def test_the_answer_is_what_the_oracle_says(events: list[PartnerEvent]) -> None:
    state, known = split(events)
    for class_code in told.CLASS_CODES:
        assert judged(state, known, class_code) == expected(events, class_code, SALES_END)


@given(AN_EVENT_SET, st.integers(-1, told.DAYS + 1))
def test_as_of_answers_as_if_later_events_had_never_come(
    events: list[PartnerEvent], number: int
) -> None:
    state, known = split(events)
    then = split(e for e in events if e.happened <= day(number))
    for class_code in told.CLASS_CODES:
        as_of_then = judged(state, known, class_code, day(number))
        assert as_of_then == judged(*then, class_code)
        assert as_of_then == expected(events, class_code, SALES_END, day(number))


@given(AN_EVENT_SET, st.integers(0, 2**32))
def test_order_and_repetition_change_no_answer_and_no_byte(
    events: list[PartnerEvent], seed: int
) -> None:
    once = split(events)
    again = split(shuffled_and_repeated(events, seed))
    assert again[0] == once[0]
    assert standing(again[1]) == standing(once[1])
    assert evidence_rows(*again) == evidence_rows(*once)
    for class_code in told.CLASS_CODES:
        assert judged(*again, class_code) == judged(*once, class_code)


@given(AN_EVENT_SET)
def test_deciding_twice_stores_nothing(events: list[PartnerEvent]) -> None:
    state, known = split(events)
    for e in events:
        if is_catalogue(e):
            held = known.published[key_of(e.event_id)]
            assert not held.accepted or catalogue.decide(known, e) == []
        else:
            assert participant.decide(state, e) == []


@given(told.of_participant(), st.integers(0, 2**32))
def test_accepting_is_deciding_and_evolving(events: list[PartnerEvent], seed: int) -> None:
    step_by_step, at_once = participant.State(), participant.State()
    for e in shuffled_and_repeated(events, seed):
        decided = participant.decide(step_by_step, e)
        touched = [evolved(step_by_step, stored) for stored in decided]
        accepted = participant.accept(at_once, e)
        assert touched == ([] if accepted is None else [accepted])
        assert at_once == step_by_step


@given(told.of_participant(), st.integers(0, len(told.EVENT_IDS)))
def test_folding_on_from_a_snapshot_is_folding_at_once(
    events: list[PartnerEvent], cut: int
) -> None:
    taken = msgpack.encode(snapshot_of(participant_state(*events[:cut])))
    resumed = state_of_snapshot(msgpack.decode(taken, type=Snapshot))
    for e in events[cut:]:
        for stored in participant.decide(resumed, e):
            evolved(resumed, stored)
    assert resumed == participant_state(*events)


@given(told.of_participant(), told.of_catalogue())
def test_the_kept_evidence_of_a_class_is_all_that_has_a_say_in_it(
    events: list[PartnerEvent], published: list[PartnerEvent]
) -> None:
    state, known = split([*events, *published])
    for code, kept in evidence_rows(state, known).items():
        for number in range(-1, told.DAYS + 2):
            read = answer.judge(
                code, msgpack.decode(kept, type=ClassEvidence), known, SALES_END, day(number)
            )
            then = split(e for e in [*events, *published] if e.happened <= day(number))
            assert asdict(read) == asdict(
                answer.judge(code, evidence_of(then[0], code, then[1]), then[1], SALES_END)
            )


@given(told.of_participant())
def test_evolve_says_what_it_touched(events: list[PartnerEvent]) -> None:
    state = participant.State()
    known = catalogue.State()
    for e in events:
        before = evidence_rows(state, known)
        touched = evolved(state, e)
        after = evidence_rows(state, known)
        changed = {code for code in after if after[code] != before.get(code)}
        named = set(touched.class_codes)
        for purchase_id in touched.purchase_ids:
            named |= classes_named(state.purchases[purchase_id], known)
        assert changed <= named
