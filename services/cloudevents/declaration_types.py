"""The type by which a partner says what its events come to: shape of ``data``, what makes a fact of it, an example."""

from typing import Annotated, Final

from msgspec import Meta

from domain.events import DECLARATION_STREAM, TotalsDeclared
from domain.telling import tell
from services.cloudevents import time
from services.cloudevents.event_type import Built, EventType, Example
from services.cloudevents.wire import Count, Data, Rupiah

Until = Annotated[
    str,
    Meta(
        description=tell("a time: RFC 3339 with an offset, as in 2020-07-01T00:00:00+07:00"),
        extra_json_schema={"format": "date-time"},
    ),
]


class TotalsDeclaredData(Data, frozen=True, kw_only=True):
    """Your own totals over all your events whose ``time`` is before ``until``, each id once.

    Withdrawn events and declarations are not counted; what withdraws is an event. Of several declarations for one
    ``until`` the latest ``time`` stands. The record's key may be anything. What was accepted, and is missing, is at
    ``GET /v1/partners/{partner}/reconciliation``.
    """

    until: Until
    events: Annotated[Count, Meta(title="how many events")]
    purchases: Annotated[Count, Meta(title="how many of them are ``purchase.paid``")] | None = None
    completions: Annotated[Count, Meta(title="how many are ``class.completed``")] | None = None
    amount: Annotated[Rupiah, Meta(title="the sum of what ``purchase.paid`` say")] | None = None


def totals_declared(data: TotalsDeclaredData) -> Built | str:
    """The totals, or what is wrong with the time that they are up to."""
    until = time.microseconds(data.until)
    if until is None:
        return tell("`%(name)s` %(fault)s.", name="data.until", fault=time.fault(data.until))
    strings = 3 + sum(
        total is not None for total in (data.purchases, data.completions, data.amount)
    )
    fact = TotalsDeclared(until, data.events, data.purchases, data.completions, data.amount)
    return DECLARATION_STREAM, fact, strings


DECLARATION_TYPES: Final = (
    EventType(
        TotalsDeclared,
        TotalsDeclaredData,
        totals_declared,
        Example(
            "pm-totals-2020-06",
            "2020-07-02T08:00:00+07:00",
            {
                "until": "2020-07-01T00:00:00+07:00",
                "events": 48210,
                "purchases": 6120,
                "completions": 3907,
                "amount": 2142000000,
            },
        ),
    ),
)
