"""`tuntas redrive`: rejected records are taken up again, each at most once, and what became of them is said."""

import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer
from psycopg2.extensions import connection
from rich.console import Console

from domain.errors import Reason
from domain.vocabulary import PARTNER_IDS, PARTNERS
from services.cli.reached import reached_settings
from services.cli.wording import counted
from services.cloudevents import time as rfc3339
from services.kafka.producer import Producer
from services.kafka.security import security_of
from services.postgres.connect import close, connect
from services.postgres.migrations.fitness import check
from services.redriving.redrive import Redriven, Wanted, outcome, waiting
from services.redriving.redrive import redrive as take_up

LOOK_SECONDS = 0.2
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def redrive(
    partner: Annotated[
        str | None, typer.Option(help="Only what this partner sent; else every partner's.")
    ] = None,
    reason: Annotated[
        Reason | None, typer.Option(help="Only what was rejected for this reason.")
    ] = None,
    since: Annotated[
        str | None, typer.Option(help="Only what was rejected then or later (RFC 3339).")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say which records would be taken up.")
    ] = False,
    again: Annotated[
        bool,
        typer.Option("--again", help="Also what was taken up before, and rejected once more."),
    ] = False,
    wait: Annotated[
        float, typer.Option(min=0, help="Wait so many seconds for the records to be read.")
    ] = 30.0,
) -> None:
    """Take rejected records up again after a mend on our side or a new mapping, and say what became of each.

    A record is sent to its topic once more, with its key, headers and bytes, and read like any other. Each is taken up
    at most once; those whose bytes were not kept whole, and those whose id was accepted since, are left out, and
    without --again what was taken up before and is no better since.
    """
    if partner is not None and partner not in PARTNERS:
        raise typer.BadParameter(f"{partner!r} is none of: {', '.join(PARTNERS)}")
    settings = reached_settings()
    partner_ids = [PARTNER_IDS[partner]] if partner else sorted(PARTNER_IDS.values())
    wanted = Wanted(partner_ids, reason, _since(since), again)
    session = connect(settings.database_url, "tuntas redrive")
    try:
        check(session, while_running=True)
        if dry_run:
            _say_what_waits(session, wanted)
            return
        with Producer(
            settings.kafka_bootstrap, security=security_of(settings), client_id="tuntas-redrive"
        ) as producer:
            found = list(take_up(session, producer, waiting(session, wanted)))
        _say_what_became(session, found, wait)
    finally:
        close(session)


def _since(text: str | None) -> datetime:
    if text is None:
        return EPOCH
    microseconds = rfc3339.microseconds(text)
    if microseconds is None:
        raise typer.BadParameter(f"--since {rfc3339.fault(text)}")
    return EPOCH + timedelta(microseconds=microseconds)


def _say_what_waits(session: connection, wanted: Wanted) -> None:
    reasons: Counter[str] = Counter()
    for one in waiting(session, wanted):
        reasons[one.reason] += 1
        typer.echo(f"{one.place} {one.reason}")
    told = ", ".join(f"{count:,} {reason}" for reason, count in reasons.most_common())
    total = f"{counted(reasons.total(), 'record')} would be taken up"
    Console(stderr=True).print(f"{total}: {told}" if told else f"{total}.", highlight=False)


def _say_what_became(session: connection, found: Sequence[Redriven], wait: float) -> None:
    """Prints each record's outcome when it is known, the others when the time is over."""
    deadline = time.monotonic() + wait
    open_ = list(found)
    outcomes: Counter[str] = Counter()
    while open_:
        left = []
        for sent in open_:
            became = outcome(session, sent)
            if became is None:
                left.append(sent)
                continue
            outcomes[became] += 1
            _say(sent, became)
        open_ = left
        if time.monotonic() > deadline:
            break
        if open_:
            time.sleep(LOOK_SECONDS)
    for sent in open_:
        outcomes["not read yet"] += 1
        _say(sent, "not read yet")
    told = ", ".join(f"{count:,} {became}" for became, count in outcomes.most_common())
    total = f"{counted(len(found), 'record')} taken up"
    Console(stderr=True).print(f"{total}: {told}" if told else f"{total}.", highlight=False)


def _say(sent: Redriven, became: str) -> None:
    typer.echo(f"{sent.rejected.place} -> {sent.partition}/{sent.offset} {became}")
