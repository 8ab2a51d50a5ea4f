"""`tuntas publish`: a file of events to a partner's topic."""

import os
from typing import Annotated

import typer
from rich.console import Console

from domain.vocabulary import PARTNERS
from services.cli.progress import progress
from services.cli.reached import kafka_settings
from services.cli.wording import counted
from services.kafka.producer import publish_lines
from services.kafka.security import security_of
from services.kafka.topics import ensure_topics, partner_topic


def publish(
    file: Annotated[
        typer.FileBinaryRead,
        typer.Argument(help="JSON Lines, one CloudEvent a line; - is standard input."),
    ],
    partner: Annotated[str, typer.Option(help="Whose topic to write to.")],
) -> None:
    """Send JSON Lines to the partner's topic, with a progress bar. Lines are sent as they stand."""
    if partner not in PARTNERS:
        raise typer.BadParameter(f"{partner!r} is none of: {', '.join(PARTNERS)}")
    settings = kafka_settings()
    security = security_of(settings)
    size = os.fstat(file.fileno()).st_size
    ensure_topics(
        settings.kafka_bootstrap,
        settings.topic_partitions,
        [partner],
        names=[partner_topic],
        replicas=settings.topic_replicas,
        security=security,
    )
    with (
        progress(transient=True) as bars,
        bars.wrap_file(file, description=f"To {partner_topic(partner)}", total=size) as lines,
    ):
        sent = publish_lines(settings.kafka_bootstrap, partner, lines, security=security)
    Console().print(
        f"{counted(sent, 'record')} {'is' if sent == 1 else 'are'} in {partner_topic(partner)}."
    )
