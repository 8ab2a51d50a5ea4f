"""A believable season of all eight partners, as the Kafka records they send.

Deterministic: the same arguments give the same bytes in every process (see chance.py).
"""

from collections.abc import Iterator
from typing import Final

from services.simulator.catalogue import open_shops
from services.simulator.chance import Chance
from services.simulator.delivery import deliver
from services.simulator.participants import admitted_at, story
from services.simulator.partners import PARTNERS
from services.simulator.publishing import catalogue_drafts
from services.simulator.record import Draft, EventIds, SimulatedRecord

_WAVES: Final = 40
_SMALLEST_WAVE: Final = 2_000


def simulate(
    events: int,
    seed: int,
    *,
    bad_share: float = 0.005,
    repeat_share: float = 0.03,
    partner: str | None = None,
) -> Iterator[SimulatedRecord]:
    """Exactly `events` records, in order of arrival.

    Everything counts as one record: what publishes the catalogue, what happens to participants,
    each repeat (`repeat_share` of all) and each record that has to be rejected (`bad_share`).
    With `partner` only that partner's records of the same season, so fewer.

    Every reason code is there from 2,000 events on (with the default share), every shape from
    20,000. Raises ValueError when an argument is out of its range.
    """
    if events < 0:
        raise ValueError(f"events must not be negative, not {events}")
    if not (bad_share >= 0 and repeat_share >= 0 and bad_share + repeat_share <= 0.5):
        raise ValueError("bad_share and repeat_share are shares, together at most one half")
    if partner is not None and partner not in [each.name for each in PARTNERS]:
        raise ValueError(f"{partner!r} is none of the eight partners")
    return _season(events, seed, bad_share, repeat_share, partner)


def _season(
    events: int, seed: int, bad_share: float, repeat_share: float, partner: str | None
) -> Iterator[SimulatedRecord]:
    bad = min(int(events * bad_share + 0.5), events // 2)
    repeats = int(events * repeat_share)
    total = events - bad - repeats
    ids = EventIds()
    drafts = _drafts(events, total, seed, ids)
    for record in deliver(Chance(seed, "delivery"), drafts, total, repeats, bad, ids):
        if partner is None or record.partner == partner:
            yield record


def _drafts(events: int, total: int, seed: int, ids: EventIds) -> Iterator[Draft]:
    """Exactly `total` drafts in the order they are sent.

    Participants are admitted in waves; what is sent before the next wave is handed out, so that
    only what is still to be sent is kept in memory.
    """
    chance = Chance(seed, "catalogue")
    shops = open_shops(chance, events)
    waiting = catalogue_drafts(chance, shops, ids)[:total]
    made = len(waiting)
    wave = max(_SMALLEST_WAVE, total // _WAVES)
    chance = Chance(seed, "participants")
    number = 0
    while made < total:
        made_before = made
        while made < min(total, made_before + wave):
            number += 1
            drafts = story(chance, shops, ids, number, admitted_at(made / total))[: total - made]
            waiting += drafts
            made += len(drafts)
        waiting.sort(key=_sent)
        next_admission = admitted_at(made / total)
        sent = next(
            (place for place, draft in enumerate(waiting) if draft.sent >= next_admission),
            len(waiting),
        )
        yield from waiting[:sent]
        del waiting[:sent]
    waiting.sort(key=_sent)
    yield from waiting


def _sent(draft: Draft) -> int:
    return draft.sent
