"""A rebuild from the ledger gives the rows that the writers made, and writers go on behind it."""

import random
from collections.abc import Callable
from functools import partial
from threading import Event

import psycopg2.extensions
import pytest

from domain.events import (
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
from domain.vocabulary import MoveOn
from projections import rejudge
from projections.rebuild import READ_MODELS, Rebuild, Rebuilt
from services.postgres.connect import connect, transaction
from tests.domain.story import event
from tests.services.intake.desk import Desk, batch
from tests.services.intake.side_by_side import in_threads

PEOPLE = 60
EVENTS = 3_000
PACKAGES = {f"K-{n}": tuple(f"C-{n + i}" for i in range(3)) for n in range(4)}


def any_fact(chance: random.Random, number: int) -> Fact:
    """Anything that a partner may say, voids of events that may be another's or not sent yet included."""
    code, invoice = f"C-{chance.randrange(7)}", f"INV-{chance.randrange(3)}"
    package = chance.choice(tuple(PACKAGES))
    makers: tuple[Callable[[], Fact], ...] = (
        lambda: PurchasePaid(invoice, None, ((code, 5),)),
        lambda: PurchasePaid(invoice, package),
        lambda: PurchasePaid(invoice, package, ((code, None), ("C-9", None))),
        lambda: PurchaseRefunded(invoice, chance.choice((None, (code,)))),
        lambda: ClassRedeemed(code),
        lambda: ClassProgressed(code, chance.choice((None, 30.0, 100.0)), chance.choice(("1", 2))),
        lambda: ClassCompleted(code),
        lambda: ClassAssessed(code, "post_test", chance.uniform(0, 100)),
        lambda: ClassAssessed(code, "pre_test", chance.uniform(0, 100)),
        lambda: CertificateIssued(code, f"N-{number}"),
        lambda: ClassReviewed(code, chance.randint(1, 5)),
        lambda: EventVoided(f"e{chance.randrange(EVENTS)}", "mistake"),
    )
    return chance.choice(makers)()


def any_publication(chance: random.Random) -> Fact:
    if chance.random() < 0.4:
        code = chance.choice(tuple(PACKAGES))
        codes = tuple(chance.sample(PACKAGES[code], 3))
        return PackagePublished(code, f"Package {chance.randrange(3)}", codes)
    rules: tuple[MoveOn, ...] = ("Completed", "Passed", "CompletedOrPassed", "NotApplicable")
    code, mastery_score = f"C-{chance.randrange(7)}", chance.choice((0.3, 0.6, 0.8))
    return ClassPublished(code, "t", "i", None, chance.choice(rules), mastery_score)


def season(chance: random.Random) -> list[PartnerEvent]:
    """Events of one partner in the order of arrival, some of them twice."""
    told = []
    for number in range(EVENTS):
        fact = any_publication(chance) if chance.random() < 0.02 else any_fact(chance, number)
        person = f"PRK-{chance.randrange(PEOPLE)}"
        told.append(event(chance.randrange(60), fact, f"e{number}", of=person))
        if chance.random() < 0.1:
            told.append(chance.choice(told))
    return told


def lane_of(told: PartnerEvent, chance: random.Random) -> int:
    """One lane a stream; but one participant's events are spread over two."""
    return chance.randrange(2) if told.stream == "p:PRK-7" else hash_of(told.stream) % 3


def hash_of(text: str) -> int:
    return sum(text.encode())


@pytest.fixture
def rebuild(database_url: str) -> Callable[[], Rebuilt]:
    """A function that rebuilds and compares, on two connections of its own."""

    def run() -> Rebuilt:
        writing, reading = connect(database_url, "rebuild"), connect(database_url, "rebuild reads")
        reading.set_session(
            isolation_level=psycopg2.extensions.ISOLATION_LEVEL_REPEATABLE_READ, readonly=True
        )
        try:
            return Rebuild(
                write=partial(transaction, writing),
                read=partial(transaction, reading),
                stream=lambda: reading.cursor("participant_events"),
            ).run(compare=True)
        finally:
            writing.close()
            reading.close()

    return run


def send_all(
    desk: Desk,
    delivered: list[PartnerEvent],
    chance: random.Random,
    partner: str = "tokopedia",
    *,
    judging: bool = True,
) -> None:
    """Sends everything in batches of some lanes each, and judges again now and then."""
    lanes = [desk.lane(partner, partition) for partition in range(3)]
    while delivered:
        size = chance.randint(1, 120)
        shares: list[list[PartnerEvent]] = [[], [], []]
        for told in delivered[:size]:
            shares[lane_of(told, chance)].append(told)
        del delivered[:size]
        desk.write(
            *(batch(lane, share) for lane, share in zip(lanes, shares, strict=True) if share)
        )
        if judging and chance.random() < 0.1:
            desk.judge_again()


@pytest.mark.parametrize("seed", range(3))
def test_it_has_the_same_rows_and_writers_go_on(
    desk: Desk, rebuild: Callable[[], Rebuilt], seed: int
) -> None:
    chance = random.Random(seed)
    told = season(chance)
    kept_back = [told.pop() for _ in range(200)]
    send_all(desk, told, chance)
    desk.judge_again()
    before = desk.read_models()
    done = rebuild()
    assert done.differences == dict.fromkeys(READ_MODELS, 0)
    assert done.generation == 2
    ((events, people),) = desk.rows(
        "SELECT count(*), count(DISTINCT stream) FILTER (WHERE stream LIKE 'p:%%') FROM ledger.event"
    )
    assert (done.events, done.participants) == (events, people)
    assert desk.read_models() == before
    assert desk.judge_again() == []
    # The same writer goes on, with what it had cached of the rows before.
    send_all(desk, kept_back, chance)
    desk.judge_again()
    again = rebuild()
    assert again.differences == dict.fromkeys(READ_MODELS, 0)
    assert again.generation == 3


def test_it_finds_what_is_wrong(desk: Desk, rebuild: Callable[[], Rebuilt]) -> None:
    desk.send(desk.lane(), event(1, PurchasePaid("INV-1", None, (("C-1", None),))))
    desk.send(desk.lane(), event(2, ClassCompleted("C-2")))
    desk.rows_of("tokopedia")
    with transaction(desk.session) as work:
        work.execute(
            "UPDATE projections.purchased_class SET satisfied = true WHERE class_code = 'C-1'"
        )
        work.execute("DELETE FROM projections.purchased_class WHERE class_code = 'C-2'")
        work.execute("DELETE FROM projections.purchase")
    done = rebuild()
    assert done.differences == dict.fromkeys(READ_MODELS, 0) | {"purchased_class": 3, "purchase": 1}
    assert rebuild().differences == dict.fromkeys(READ_MODELS, 0)
    assert desk.rows("SELECT count(*) FROM projections.purchase") == [(1,)]


def test_two_partners_are_kept_apart(desk: Desk, rebuild: Callable[[], Rebuilt]) -> None:
    chance = random.Random(5)
    for partner in ("tokopedia", "sisnaker"):
        send_all(desk, season(chance)[:400], chance, partner)
    desk.judge_again()
    assert rebuild().differences == dict.fromkeys(READ_MODELS, 0)


def test_writers_and_projectors_go_on_while_it_runs(
    open_desk: Callable[[], Desk], rebuild: Callable[[], Rebuilt]
) -> None:
    desk, projector = open_desk(), open_desk()
    chance = random.Random(11)
    told = season(chance)
    send_all(desk, [told.pop() for _ in range(1_000)], chance)
    finished = Event()
    opened = partial(transaction, projector.session)
    generations: list[int] = []

    def work(number: int) -> None:
        match number:
            case 0:
                try:
                    send_all(desk, told, random.Random(12), judging=False)
                finally:
                    finished.set()
            case 1:
                while not finished.wait(0.01):
                    for partner_id in rejudge.partners_behind(opened):
                        if rejudge.claim(opened, partner_id):
                            rejudge.rejudge(opened, partner_id)
                            rejudge.release(opened, partner_id)
            case _:
                while not finished.is_set():
                    generations.append(rebuild().generation)

    in_threads(work, 3)
    assert generations == list(range(2, 2 + len(generations)))
    projector.judge_again()
    assert rebuild().differences == dict.fromkeys(READ_MODELS, 0)
