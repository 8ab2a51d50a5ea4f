"""`tuntas partners …`: what an administrator of a secured cluster does for partners."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from services.cli.reached import given_settings
from services.kafka.access import SERVICES, lines_of_partner, lines_of_services
from services.kafka.admin import admin_client
from services.kafka.granting import Plan, Wanted, add_lines, make_users, plan
from services.kafka.passwords import Passwords
from services.kafka.security import security_of
from services.kafka.topics import ensure_topics
from services.settings import Settings
from services.wiring import partner_topics

partners = typer.Typer(
    help="Partners on a secured cluster.", no_args_is_help=True, rich_markup_mode="rich"
)


@partners.callback()
def partners_commands() -> None:
    """Partners on a secured cluster."""


@partners.command()
def grant(
    passwords: Annotated[
        Path | None,
        typer.Option(
            help="Folder of the users' passwords, one file a user. Default: passwords in the state directory."
        ),
    ] = None,
    users: Annotated[
        bool, typer.Option(help="Make SCRAM users; without, they show certificates of these names.")
    ] = True,
    rotate: Annotated[
        list[str] | None, typer.Option(help="A user that gets a new password; may be repeated.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only print what would be done.")
    ] = False,
) -> None:
    """Make topics, SCRAM users and access control lines for partners and Tuntas's own services.

    What is there already is left as it is, so this can be done again at any time.
    """
    settings = given_settings()
    if not settings.kafka_bootstrap:
        raise typer.BadParameter(
            "TUNTAS_KAFKA_BOOTSTRAP names no cluster. Those that `tuntas up` and `tuntas demo` start have no users: "
            "they listen on this machine only, and let everybody do everything."
        )
    wanted = _wanted(settings, users, rotate or [])
    folder = Passwords(passwords or settings.state_dir / "passwords")
    console = Console(soft_wrap=True, highlight=False)
    missing = _granted(settings, wanted, folder, dry_run=dry_run)
    _tell(console, missing, wanted, folder, dry_run=dry_run)


def _wanted(settings: Settings, users: bool, rotate: list[str]) -> Wanted:
    chosen = sorted(settings.partners)
    names = partner_topics(settings)
    named = [*SERVICES, *chosen] if users else []
    if unknown := sorted(set(rotate) - set(named)):
        raise typer.BadParameter(f"{unknown[0]!r} is none of: {', '.join(named)}")
    return Wanted(
        topics=[name(partner) for partner in chosen for name in names],
        users=named,
        lines=[
            *lines_of_services(chosen, settings.consumer_group),
            *(line for partner in chosen for line in lines_of_partner(partner)),
        ],
        rotated=rotate,
    )


def _granted(settings: Settings, wanted: Wanted, folder: Passwords, *, dry_run: bool) -> Plan:
    """What was missing; it is there now, unless this is a dry run."""
    security = security_of(settings)
    bootstrap = settings.kafka_bootstrap
    doing = f"granting rights at {bootstrap}"
    with admin_client(bootstrap, security, doing, client_id="tuntas-partners") as admin:
        missing = plan(admin, wanted)
        if dry_run:
            return missing
        if missing.topics:
            ensure_topics(
                bootstrap,
                settings.topic_partitions,
                sorted(settings.partners),
                names=partner_topics(settings),
                replicas=settings.topic_replicas,
                security=security,
            )
        make_users(admin, missing.users, wanted.rotated, folder)
        add_lines(admin, missing.lines)
    return missing


def _tell(
    console: Console, missing: Plan, wanted: Wanted, folder: Passwords, *, dry_run: bool
) -> None:
    done = "would be made" if dry_run else "made"
    for topic in missing.topics:
        console.print(f"topic {topic}: {done}")
    for user in missing.users:
        given = "given a new password" if user in wanted.rotated else "made"
        given = f"would be {given}" if dry_run else given
        console.print(f"user {user}: {given}, in {folder.file(user)}")
    for line in missing.lines:
        console.print(f"line: {line}" + (" (would be added)" if dry_run else ""))
    for beyond in missing.beyond:
        console.print(f"left alone, Tuntas does not need it: {beyond}")
    counts = (
        f"{len(missing.topics)} topics, {len(missing.users)} users and {len(missing.lines)} lines"
    )
    rest = (
        f"{len(wanted.topics) - len(missing.topics)} topics, {len(wanted.users) - len(missing.users)} users and "
        f"{len(wanted.lines) - len(missing.lines)} lines were there"
    )
    console.print(f"{counts} {'would be made' if dry_run else 'made'}; {rest}.")
