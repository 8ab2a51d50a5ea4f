"""Facts to stored events and back, in the words of today and of the past."""

from math import isfinite

import pytest
from eventsourcing.compressor import ZlibCompressor
from eventsourcing.persistence import MapperDeserialisationError
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct, msgpack
from msgspec.structs import astuple

from domain.events import FACTS, ClassCompleted, ClassRedeemed, Fact, PartnerEvent
from domain.vocabulary import PARTNER_CODES
from services.postgres.mapper import FactMapper, Reported
from services.postgres.recorded_events import LedgerEvent


def is_let_in(value: object) -> bool:
    """Whether the contract lets in every number inside: 64 bits, finite."""
    if isinstance(value, tuple):
        return all(map(is_let_in, value))
    return not isinstance(value, int | float) or (isfinite(value) and abs(value) < 2**63)


facts = st.one_of(
    *(st.from_type(fact).filter(lambda f: is_let_in(astuple(f))) for fact in FACTS.values())
)
numbers = st.integers(-(2**62), 2**62)
events = st.builds(
    PartnerEvent,
    partner=st.sampled_from(sorted(PARTNER_CODES.values())),
    event_id=st.text(min_size=1),
    happened=numbers,
    stream=st.text(min_size=1),
    fact=facts,
    sequence=st.none() | st.text(),
    recordedtime=st.none() | numbers,
)


@given(version=st.integers(1, 2**62), event=events)
def test_every_fact_comes_back_as_it_was(version: int, event: PartnerEvent) -> None:
    stored = FactMapper().to_stored_event(Reported(version, event))
    assert stored.topic == event.fact.topic
    assert stored.originator_id == event.stream
    assert FactMapper().to_domain_event(stored) == Reported(version, event)


def stored(topic: str, state: bytes) -> LedgerEvent:
    return LedgerEvent("p:PRK-1", 1, topic, state, "e-1", 4, None, 0, None)


class Redeemed2020(Struct, array_like=True):
    """How a redemption was stored before (only here): the code came first."""

    redeem_code: str
    class_code: str


def today(old: Redeemed2020) -> Fact:
    return ClassRedeemed(class_code=old.class_code, redeem_code=old.redeem_code)


def test_an_old_topic_is_read_in_today_s_words() -> None:
    mapper = FactMapper(upcasts={"redeemed.2020": (Redeemed2020, today)})
    reported = mapper.to_domain_event(stored("redeemed.2020", msgpack.encode(["R-1", "C-1"])))
    assert reported.event.fact == ClassRedeemed("C-1", "R-1")


def test_a_state_without_the_fields_that_came_later_is_complete() -> None:
    reported = FactMapper().to_domain_event(stored("completed", msgpack.encode(["C-1"])))
    assert reported.event.fact == ClassCompleted("C-1", None)


def test_a_topic_of_today_is_not_upcast() -> None:
    with pytest.raises(ValueError, match="redeemed"):
        FactMapper(upcasts={"redeemed": (Redeemed2020, today)})


@pytest.mark.parametrize(
    ("topic", "state"),
    [
        ("no_such_topic", msgpack.encode(["C-1"])),
        ("completed", msgpack.encode([17])),
        ("completed", b"\xc1"),
        ("completed", b""),
    ],
)
def test_what_cannot_be_read_is_said_without_its_content(topic: str, state: bytes) -> None:
    with pytest.raises(MapperDeserialisationError, match=topic) as raised:
        FactMapper().to_domain_event(stored(topic, state))
    assert "PRK-1" not in str(raised.value)


class Foreign(Struct, frozen=True):
    """A domain event that is not a reported fact."""

    originator_id: str
    originator_version: int


def test_other_domain_events_are_refused() -> None:
    with pytest.raises(TypeError, match="Foreign"):
        FactMapper().to_stored_event(Foreign("a", 1))


def test_facts_are_neither_compressed_nor_encrypted() -> None:
    with pytest.raises(ValueError, match="as they are"):
        FactMapper(compressor=ZlibCompressor())
