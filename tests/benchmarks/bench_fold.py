"""What folding costs: microseconds per event from a decoded event to the rows that it changes.

    python -m tests.benchmarks.bench_fold [participants] [--profile]

A season of one partner in batches of 5,000. In order: a participant has several events in a batch, as when a partner
catches up. Spread: the events are shuffled, so most participants of a batch have one. Warm: the records stay in
memory between batches. Cold: every batch reads its records back from the bytes of their rows. CPU time, the least of
three runs; no PostgreSQL here.
"""

import cProfile
import platform
import pstats
import random
import sys
from time import process_time

import msgspec
from msgspec import Struct

from domain import catalogue
from domain.events import (
    PARTICIPANT_STREAM,
    CertificateIssued,
    ClassAssessed,
    ClassCompleted,
    ClassProgressed,
    ClassPublished,
    ClassRedeemed,
    ClassReviewed,
    EventVoided,
    Fact,
    PackagePublished,
    PartnerEvent,
    PurchasePaid,
    PurchaseRefunded,
)
from domain.participant import State, Touched, accept
from domain.snapshot import Snapshot, snapshot_of, state_of_snapshot
from projections.status.record import Changes, Rules
from projections.status.rows import changes

BATCH = 5_000
encode = msgspec.msgpack.Encoder().encode
decode = msgspec.msgpack.Decoder(Snapshot).decode
CLASSES = 500
SALES_END = 1_593_450_000_000_000
DAY = 86_400_000_000
DAY_ONE = SALES_END - 60 * DAY


class Spent(Struct):
    """Seconds by step, and what came of them."""

    load: float = 0.0
    evolve: float = 0.0
    changes: float = 0.0
    events: int = 0
    rows: int = 0


def laid_down() -> Rules:
    """A catalogue of single classes and packages of three."""
    rules = Rules(catalogue.State(), SALES_END)
    facts: list[Fact] = [ClassPublished(f"C-{n:04}", f"Class {n}", "i") for n in range(CLASSES)]
    facts += [
        PackagePublished(f"K-{n:03}", "p", tuple(f"C-{n * 3 + i:04}" for i in range(3)))
        for n in range(CLASSES // 10)
    ]
    for number, fact in enumerate(facts):
        catalogue.evolve(rules.catalogue, DAY_ONE, number, fact)
    return rules


def season(participants: int, rules: Rules) -> list[PartnerEvent]:
    """Events in the order of time with some delay, a tenth of the purchases being packages."""
    chance = random.Random(1)
    told: list[tuple[float, PartnerEvent]] = []
    for number in range(participants):
        stream = f"{PARTICIPANT_STREAM}PRK-{number:09}"
        for purchase in range(chance.choice((1, 1, 1, 2, 3))):
            bought = DAY_ONE + chance.randrange(90 * DAY)
            invoice = f"INV-{number}-{purchase}"
            if chance.random() < 0.1:
                package = f"K-{chance.randrange(CLASSES // 10):03}"
                codes = rules.catalogue.composition(package) or ()
                facts: list[tuple[int, Fact]] = [(bought, PurchasePaid(invoice, package))]
            else:
                codes = (f"C-{chance.randrange(CLASSES):04}",)
                facts = [(bought, PurchasePaid(invoice, None, ((codes[0], 250_000),), 250_000))]
            for code in codes:
                if chance.random() < 0.15:
                    continue
                facts += learning(chance, code, bought)
            if chance.random() < 0.05:
                facts.append((bought + 9 * DAY, PurchaseRefunded(invoice)))
            for index, (happened, fact) in enumerate(facts):
                event_id = f"{stream}-{purchase}-{index}"
                event = PartnerEvent("sisnaker", event_id, happened, stream, fact)
                told.append((happened + chance.expovariate(1 / DAY), event))
            if chance.random() < 0.02:
                void = EventVoided(f"{stream}-{purchase}-{len(facts) - 1}", "mistake")
                event = PartnerEvent("sisnaker", f"{stream}-v{purchase}", bought, stream, void)
                told.append((bought + 10 * DAY, event))
    told.sort(key=lambda pair: pair[0])
    return [event for _, event in told]


def learning(chance: random.Random, code: str, bought: int) -> list[tuple[int, Fact]]:
    """What a partner reports of one class."""
    facts: list[Fact] = [ClassRedeemed(code, "CODE"), ClassAssessed(code, "pre_test", 40.0)]
    facts += [ClassProgressed(code, 10.0 * n, n) for n in range(1, chance.randint(2, 9))]
    if chance.random() < 0.8:
        facts += [ClassCompleted(code), ClassAssessed(code, "post_test", chance.uniform(40, 100))]
        facts += [CertificateIssued(code, f"N-{bought}"), ClassReviewed(code, 4)]
    return [(bought + (index + 1) * DAY // 3, fact) for index, fact in enumerate(facts)]


def run(events: list[PartnerEvent], rules: Rules, *, warm: bool) -> Spent:
    """Folds the season batch by batch and keeps the time of each step."""
    spent = Spent(events=len(events))
    kept: dict[str, State] = {}
    stored: dict[str, bytes] = {}
    for start in range(0, len(events), BATCH):
        batch = events[start : start + BATCH]
        streams = dict.fromkeys(event.stream for event in batch)
        began = process_time()
        if not warm:
            kept = {}
            for stream in streams:
                taken = stored.get(stream)
                kept[stream] = State() if taken is None else state_of_snapshot(decode(taken))
        else:
            for stream in streams:
                if stream not in kept:
                    kept[stream] = State()
        loaded = process_time()
        touched: dict[str, list[Touched]] = {}
        for event in batch:
            part = accept(kept[event.stream], event)
            if part is not None:
                touched.setdefault(event.stream, []).append(part)
        evolved = process_time()
        into = Changes()
        for stream, parts in touched.items():
            changes(hash(stream), kept[stream], parts, rules, into)
        changed = process_time()
        spent.load += loaded - began
        spent.evolve += evolved - loaded
        spent.changes += changed - evolved
        spent.rows += len(into.classes)
        if not warm:
            stored |= {stream: encode(snapshot_of(kept[stream])) for stream in streams}
    return spent


def main() -> None:
    """Prints the figures."""
    numbers = [int(word) for word in sys.argv[1:] if word.isdigit()]
    rules = laid_down()
    events = season(numbers[0] if numbers else 6_000, rules)
    print(
        f"{platform.machine()}, Python {platform.python_version()}, msgspec {msgspec.__version__}; "
        f"{len(events)} events in batches of {BATCH}"
    )
    spread = random.Random(2).sample(events, len(events))
    for name, delivered, warm in (
        ("in order, warm", events, True),
        ("in order, cold", events, False),
        ("spread,   warm", spread, True),
        ("spread,   cold", spread, False),
    ):
        best = min((run(delivered, rules, warm=warm) for _ in range(3)), key=total)
        per_event = 1e6 / best.events
        print(
            f"{name}: load {best.load * per_event:5.2f}  decide+evolve {best.evolve * per_event:5.2f}  "
            f"changes {best.changes * per_event:5.2f}  in all {total(best) * per_event:5.2f} µs an event; "
            f"{best.rows / best.events:.2f} rows an event"
        )
    if "--profile" in sys.argv:
        profile = cProfile.Profile()
        profile.runcall(run, spread, rules, warm=True)
        pstats.Stats(profile).sort_stats("tottime").print_stats(25)


def total(spent: Spent) -> float:
    """Seconds of all steps."""
    return spent.load + spent.evolve + spent.changes


if __name__ == "__main__":
    main()
