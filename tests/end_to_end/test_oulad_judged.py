"""The OULAD season through decoder and domain alone: the rules, without any server."""

import random
from collections import defaultdict
from datetime import datetime
from itertools import chain

import msgspec
import pytest

from docs.examples.oulad import partner_events
from domain import answer as judging
from domain import catalogue, counting, participant
from domain import evaluation as evaluating
from domain.class_evidence import Slices
from domain.events import PARTICIPANT_STREAM, PartnerEvent
from domain.marks import key_of
from domain.vocabulary import DEFAULT_PACKAGE_SALES_END
from services.cloudevents.decode import decode
from tests.end_to_end.oulad_figures import (
    DATA_DIR,
    END_OF_TIME,
    FLAGS,
    Answer,
    answers,
    by_class,
    evaluation,
)

pytestmark = pytest.mark.slow

REPEATED = 1_000


class Season:
    """What Tuntas knows after reading the season: the catalogue and each participant's state."""

    def __init__(self, lines: list[bytes]) -> None:
        self.catalogue = catalogue.State()
        self.participants: dict[str, participant.State] = {}
        self.read = len(lines)
        self.decided = 0
        for line in lines:
            event = decode(partner_events.PARTNER, partner_events.key_of(line).encode(), (), line)
            assert isinstance(event, PartnerEvent), event
            assert event.unknown_fields == 0
            self.take(event)

    def take(self, event: PartnerEvent) -> None:
        if event.stream.startswith(PARTICIPANT_STREAM):
            name = event.stream.removeprefix(PARTICIPANT_STREAM)
            state = self.participants.setdefault(name, participant.State())
            decided = participant.decide(state, event)
            for one in decided:
                participant.evolve(state, one.happened, key_of(one.event_id), one.fact)
        else:
            published = catalogue.publish(self.catalogue, event)
            assert isinstance(published, list)
            decided = published
        self.decided += len(decided)

    def answers(self, as_of: str) -> dict[tuple[str, str], judging.Answer]:
        """Every purchased class, judged."""
        sales_end = microseconds(DEFAULT_PACKAGE_SALES_END)
        until = None if as_of == END_OF_TIME else microseconds(as_of)
        judged = {
            (name, class_code): judging.judge(
                class_code,
                Slices(state, self.catalogue, whole=True).of(class_code),
                self.catalogue,
                sales_end,
                until,
            )
            for name, state in self.participants.items()
            for class_code in classes_of(state)
        }
        return {place: one for place, one in judged.items() if one.purchases}


def classes_of(state: participant.State) -> set[str]:
    bought = [paid.class_codes or () for one in state.purchases.values() for paid in one.paid]
    return {*state.classes, *chain.from_iterable(bought)}


@pytest.fixture(scope="module")
def season() -> Season:
    """Every event, out of order, and a part of them twice."""
    lines = list(partner_events.events(DATA_DIR))
    random.Random(2013).shuffle(lines)
    return Season(lines + lines[:REPEATED])


def microseconds(time: str) -> int:
    return int(datetime.fromisoformat(time).timestamp()) * 1_000_000


def judged(one: judging.Answer) -> tuple[object, ...]:
    (purchase,) = one.purchases
    of = one.assessment
    return (
        (purchase.purchased_at, purchase.refunded_at, one.purchase),
        (one.completion, one.completed_at),
        (of.state, of.at, of.best_scaled, of.attempts),
        one.satisfied,
        judging.flag_names(one.flags),
    )


def expected(one: Answer) -> tuple[object, ...]:
    def at(time: str | None) -> int | None:
        return None if time is None else microseconds(time)

    return (
        (at(one.purchased_at), at(one.refunded_at), "refunded" if one.refunded_at else "active"),
        (one.completion, at(one.completed_at)),
        (one.assessment, at(one.assessed_at), one.best_scaled, one.attempts),
        bool(one.satisfied),
        [flag for flag in FLAGS if getattr(one, flag)],
    )


@pytest.mark.parametrize("as_of", [END_OF_TIME, "2014-12-31T23:59:59Z", "2014-01-15T00:00:00Z"])
def test_every_class_is_judged_as_the_tables_say(season: Season, as_of: str) -> None:
    got = {place: judged(one) for place, one in season.answers(as_of).items()}
    due = {(one.participant_id, one.class_code): expected(one) for one in answers(as_of)}
    assert got.keys() == due.keys()
    wrong = [(got[place], due[place]) for place in due if got[place] != due[place]]
    assert wrong[:3] == [], f"{len(wrong)} of {len(due)} answers differ"


def test_every_class_is_evaluated_as_the_tables_say(season: Season) -> None:
    tallies: dict[str, counting.Tally] = defaultdict(counting.Tally)
    for (_, class_code), one in season.answers(END_OF_TIME).items():
        counted = counting.counted(one)
        assert counted is not None
        counting.count(tallies[class_code], counted)
    everything = answers()
    for figure in by_class():
        got = msgspec.to_builtins(evaluating.evaluate(tallies[figure.class_code]))
        due = evaluation([one for one in everything if one.class_code == figure.class_code])
        assert got["flags"] == dict.fromkeys(got["flags"], 0) | due.pop("flags")
        wanted = {name: pytest.approx(value) for name, value in due.items()}
        assert {name: got[name] for name in due} == wanted


def test_repeated_events_decide_nothing(season: Season) -> None:
    assert season.decided == season.read - REPEATED
