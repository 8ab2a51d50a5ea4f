"""A rebuild from the ledger gives the rows that the writers made, and writers go on behind it."""

import os
import random
import signal
import sys
from collections.abc import Callable, Iterator
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from subprocess import DEVNULL, PIPE, Popen
from threading import Event
from time import monotonic, sleep
from typing import Any

import msgspec
import psutil
import pytest

from domain.events import (
    CertificateIssued,
    ClassAssessed,
    ClassAttended,
    ClassCompleted,
    ClassProgressed,
    ClassPublished,
    ClassRedeemed,
    ClassReviewed,
    ClassStarted,
    EventVoided,
    Fact,
    PackagePublished,
    PartnerEvent,
    PurchasePaid,
    PurchaseRefunded,
)
from domain.vocabulary import MoveOn
from projections import aggregates
from projections.rebuild.comparing import READ_MODELS
from projections.rebuild.run import Rebuilt
from projections.sequences import ranges as sequences
from projections.status import rejudge
from projections.sums import rollup
from services import rebuilding
from services.postgres.connect import transaction
from services.postgres.errors import Retry
from tests.domain.story import event
from tests.services.cli.commands import environment
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
        lambda: ClassStarted(code),
        lambda: ClassAttended(code, chance.randint(1, 3), None, 30),
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


@pytest.fixture(params=[1, 2], ids=["alone", "two processes"])
def rebuild(database_url: str, request: pytest.FixtureRequest) -> Callable[[], Rebuilt]:
    """A function that rebuilds and compares."""
    return partial(rebuilding.rebuild, database_url, request.param, compare=True)


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


def test_it_has_the_same_rows_and_writers_go_on(desk: Desk, rebuild: Callable[[], Rebuilt]) -> None:
    chance = random.Random(0)
    told = season(chance)
    kept_back = [told.pop() for _ in range(200)]
    send_all(desk, told, chance)
    desk.judge_again()
    before = desk.read_models()
    done = rebuild()
    assert done.differences == dict.fromkeys(READ_MODELS, 0)
    assert done.generation == 2
    ((events, people),) = desk.rows(
        "SELECT count(*), count(DISTINCT (partner_id, person)) FILTER (WHERE person > 0) FROM ledger.event"
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


@pytest.mark.parametrize("few", [0, aggregates.FEW])
def test_it_finds_and_removes_snapshots_that_are_wrong(
    desk: Desk, rebuild: Callable[[], Rebuilt], monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    lane = desk.lane()
    desk.send(
        lane, event(1, ClassCompleted("C-1"), of="a"), event(1, ClassCompleted("C-2"), of="b")
    )
    assert rebuild().wrong_snapshots == 0
    with transaction(desk.session) as work:
        work.execute(
            "UPDATE ledger.snapshot SET state = (SELECT state FROM ledger.snapshot ORDER BY person LIMIT 1)"
        )
    assert rebuild().wrong_snapshots == 1
    assert desk.rows("SELECT count(*) FROM ledger.snapshot") == [(1,)]
    monkeypatch.setattr(aggregates, "FEW", few)
    desk.forget()
    desk.send(
        lane, event(2, ClassCompleted("C-1"), of="a"), event(2, ClassCompleted("C-2"), of="b")
    )
    done = rebuild()
    assert done.differences == dict.fromkeys(READ_MODELS, 0)
    assert done.wrong_snapshots == 0


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


def test_no_lane_moves_on_between_its_last_look_and_its_switch(
    desk: Desk, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lane = desk.lane()
    desk.send(lane, event(1, PurchasePaid("INV-1", None, (("C-1", None),)), "e1"))
    add_up_all = rollup.add_up_all
    held: list[str | None] = []

    def add_up_and_look(cursor: Any) -> None:
        add_up_all(cursor)
        try:
            desk.rows(
                "SET LOCAL lock_timeout = 500; UPDATE ledger.lane SET trouble = 'x' RETURNING trouble"
            )
        except Retry as retry:
            held.append(retry.sqlstate)

    monkeypatch.setattr(rollup, "add_up_all", add_up_and_look)
    rebuilding.rebuild(database_url, 1)
    assert held == ["55P03"]


def test_nobody_looks_for_gaps_while_it_switches(
    desk: Desk, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who began in the tables of before would go on in the new ones, which know of it already."""
    add_up_all = rollup.add_up_all
    claimed: list[Any] = []

    def add_up_and_look(cursor: Any) -> None:
        add_up_all(cursor)
        claimed.extend(desk.rows(sequences.SQL["claim"]))

    monkeypatch.setattr(rollup, "add_up_all", add_up_and_look)
    rebuilding.rebuild(database_url, 1)
    assert claimed == [(False,)]


DEFINITIONS = """
SELECT 'column', table_name || '.' || column_name, concat_ws(' ', ordinal_position, data_type, collation_name,
       is_nullable, column_default, is_identity, generation_expression)
FROM information_schema.columns WHERE table_schema = 'projections'
UNION ALL
SELECT 'constraint', conrelid::regclass || '.' || conname, pg_get_constraintdef(oid)
FROM pg_constraint WHERE connamespace = 'projections'::regnamespace
UNION ALL
SELECT 'index', indexname, indexdef FROM pg_indexes WHERE schemaname = 'projections'
UNION ALL
SELECT 'relation', relname, concat_ws(' ', relkind, relpersistence, reloptions)
FROM pg_class WHERE relnamespace = 'projections'::regnamespace
ORDER BY 1, 2
"""


def test_tables_are_defined_as_their_script_defines_them(
    desk: Desk, rebuild: Callable[[], Rebuilt]
) -> None:
    by_script = desk.rows(DEFINITIONS)
    assert ("index", "purchased_class_pkey") in {(kind, name) for kind, name, _ in by_script}
    rebuild()
    assert desk.rows(DEFINITIONS) == by_script
    rebuild()
    assert desk.rows(DEFINITIONS) == by_script


def test_an_event_that_cannot_be_read_leaves_everything_as_it_was(
    desk: Desk, rebuild: Callable[[], Rebuilt]
) -> None:
    lane = desk.lane()
    desk.send(lane, event(1, PurchasePaid("INV-1", None, (("C-1", None),)), "e1"))
    before = desk.read_models()
    spoil = "UPDATE ledger.stored_event SET state = %s WHERE event_id = 'e1' RETURNING event_id"
    ((state,),) = desk.rows("SELECT state FROM ledger.event WHERE event_id = 'e1'")
    desk.rows(spoil, (b"\x91\x01",))
    with pytest.raises(msgspec.ValidationError):
        rebuild()
    assert desk.read_models() == before
    desk.rows(spoil, (state,))
    done = rebuild()
    assert done.differences == dict.fromkeys(READ_MODELS, 0)
    assert done.generation == 2
    assert leftovers(desk) == []


def leftovers(desk: Desk) -> list[tuple[object, ...]]:
    """What a rebuild makes for itself and removes."""
    return desk.rows(
        "SELECT nspname FROM pg_namespace WHERE nspname IN ('projections_next', 'projections_previous') "
        "UNION ALL SELECT relname FROM pg_class WHERE relname = 'counted'"
    )


@pytest.fixture
def some(desk: Desk) -> Desk:
    """A desk with some events in its tables."""
    chance = random.Random(3)
    send_all(desk, season(chance)[:300], chance)
    desk.judge_again()
    return desk


def test_a_process_that_is_killed_fails_the_rebuild(
    some: Desk, open_desk: Callable[[], Desk], database_url: str
) -> None:
    before = some.read_models()
    blocker = open_desk()

    def work(number: int) -> None:
        if number == 0:
            with pytest.raises(BrokenProcessPool):
                rebuilding.rebuild(database_url, 2)
        else:
            with shares_held_up(some, blocker):
                crew_of(psutil.Process())[0].kill()

    in_threads(work, 2)
    assert some.read_models() == before
    done = rebuilding.rebuild(database_url, 2, compare=True)
    assert done.differences == dict.fromkeys(READ_MODELS, 0)
    assert leftovers(some) == []


def test_the_crew_ends_with_the_process_that_started_it(
    some: Desk, open_desk: Callable[[], Desk], database_url: str
) -> None:
    before = some.read_models()
    rebuild = f"from services.rebuilding import rebuild; rebuild({database_url!r}, 2)"
    with (
        Popen([sys.executable, "-c", rebuild]) as started,
        shares_held_up(some, open_desk()),
    ):
        crew = crew_of(psutil.Process(started.pid))
        assert len(crew) == 2
        started.kill()
        psutil.wait_procs(crew, timeout=30)
        assert not any(process.is_running() for process in crew)
    assert some.read_models() == before
    done = rebuilding.rebuild(database_url, 1, compare=True)
    assert done.differences == dict.fromkeys(READ_MODELS, 0)
    assert leftovers(some) == []


INTERRUPTIBLE = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    "from services.cli import main; main()"
)
"""The command line. What a shell runs in the background ignores Ctrl-C, and so does what that starts."""


def test_an_interrupt_ends_it_and_its_crew_without_a_trace(
    some: Desk, open_desk: Callable[[], Desk], database_url: str, tmp_path: Path
) -> None:
    before = some.read_models()
    with Popen(
        [sys.executable, "-c", INTERRUPTIBLE, "rebuild", "--workers", "2"],
        env=environment(tmp_path, database_url),
        stdout=DEVNULL,
        stderr=PIPE,
        text=True,
        start_new_session=True,
    ) as started:
        with shares_held_up(some, open_desk()):
            os.killpg(started.pid, signal.SIGINT)  # as a terminal does
        said = started.communicate(timeout=30)[1]
    assert started.returncode == 130
    assert "Traceback" not in said
    assert some.read_models() == before


@contextmanager
def shares_held_up(desk: Desk, blocker: Desk) -> Iterator[None]:
    """Until the end of the block no share of the rebuild that begins now is committed; one waits already."""
    wait_for(lambda: desk.rows("SELECT to_regclass('projections_next.counted')") != [(None,)])
    with transaction(blocker.session) as holding:
        holding.execute("LOCK TABLE projections_next.counted")
        wait_for(lambda: desk.rows(WAITING) != [(0,)])
        yield


WAITING = (
    "SELECT count(*) FROM pg_stat_activity "
    "WHERE wait_event_type = 'Lock' AND query LIKE 'COPY%%counted%%'"
)


def crew_of(process: psutil.Process) -> list[psutil.Process]:
    """The processes that fold shares for it."""
    return [
        child
        for child in process.children()
        if any("spawn_main" in argument for argument in child.cmdline())
    ]


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = monotonic() + 60
    while not condition():
        assert monotonic() < deadline
        sleep(0.005)
