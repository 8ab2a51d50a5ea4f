"""Facts as bytes: what `ledger.event.topic` and `ledger.event.state` hold.

A fact is a MessagePack array under its short topic. A field is only ever added at its end, with a default, so old
states decode as they are. A change that this rule does not allow gets a new topic, and the old topic an entry in
UPCASTS: history is read in today's words and never rewritten.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

import msgspec

from domain.events import FACTS, Fact

Upcast: TypeAlias = tuple[type[msgspec.Struct], Callable[[Any], Fact]]
"""The shape that an old topic's states have, and the function from that shape to today's fact."""

UPCASTS: Final[Mapping[str, Upcast]] = {}
"""Old topic to its upcast. Empty: no topic was ever replaced."""

encode: Final[Callable[[Fact], bytes]] = msgspec.msgpack.Encoder().encode
"""The state of a fact; equal facts give equal bytes."""


def decoder(upcasts: Mapping[str, Upcast] = UPCASTS) -> Callable[[str, bytes], Fact]:
    """A function from (topic, state) to the fact they stand for.

    It raises KeyError for a topic that nobody ever wrote and msgspec.ValidationError for a state of another shape.
    """
    current: dict[str, Callable[[bytes], Any]] = {
        topic: msgspec.msgpack.Decoder(shape).decode for topic, shape in FACTS.items()
    }
    old = {
        topic: (msgspec.msgpack.Decoder(shape).decode, to_fact)
        for topic, (shape, to_fact) in upcasts.items()
    }
    if both := current.keys() & old.keys():
        raise ValueError(f"topics {sorted(both)} are of today and cannot be upcast")

    def decode_state(topic: str, state: bytes) -> Fact:
        read = current.get(topic)
        fact: Fact
        if read is not None:
            fact = read(state)
        else:
            read, to_fact = old[topic]
            fact = to_fact(read(state))
        return fact

    return decode_state


decode: Final = decoder()
"""The fact that a topic and a state stand for; see ``decoder``."""
