"""The one place where services are put together from settings. Nothing connects before it is asked to."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Final

from kafka import KafkaAdminClient
from psycopg2.extensions import connection

from domain.vocabulary import PARTNER_IDS
from services.heartbeat import INSTANCE, Heartbeat
from services.intake.departed import Departed
from services.intake.worker import Worker
from services.kafka.access import transactional_id
from services.kafka.admin import admin_client
from services.kafka.consumer import PartnerConsumer
from services.kafka.outbox import KafkaOutbox
from services.kafka.producer import STRUCTURED, Producer
from services.kafka.security import security_of
from services.kafka.topics import (
    PARTNER_TOPICS_OF,
    answer_topic,
    ensure_topics,
    partner_topic,
    rejection_topic,
    topics_of,
)
from services.postgres.connect import close, connect, transaction
from services.postgres.migrations.files import Migration
from services.postgres.migrations.fitness import check
from services.postgres.migrations.run import Progress, migrate, pending
from services.postgres.waiting import WaitingConnection
from services.projector.announcer import Announcement, Send
from services.projector.answering import Answering, Outbox
from services.projector.projector import Projector
from services.settings import Settings
from services.shared_rules import rules_agree, set_rules
from services.unworkable import Unworkable
from services.xapi.activities import (
    NO_PARTNERS,
    Activities,
    ActivitiesRefused,
    read_activities,
)

INGEST_PROCESS: Final = "tuntas-ingest-"
"""What an ingest process is called in the consumer group, with its number behind it; its heartbeat's name ends so."""

BATCH_STATEMENT_SECONDS = 20.0
"""A worker's statement that takes longer is ended, and its batch written in pieces: all its lanes wait for it."""


def prepare_database(
    settings: Settings,
    progress: Progress | None = None,
    on_wait: Callable[[], None] | None = None,
) -> list[Migration]:
    """Brings the database up to this version and makes what is set for all processes its rule.

    Returns the migrations that were applied. Blocks while another process migrates; raises as `migrate` does.
    """
    session = connect(settings.database_url, "tuntas migrate", idle_timeout_seconds=0)
    try:
        applied = migrate(session, progress=progress, on_wait=on_wait)
        with transaction(session) as work:
            set_rules(work, settings)
    finally:
        close(session)
    return applied


def pending_migrations(settings: Settings) -> list[Migration]:
    """The migrations that `prepare_database` would apply; raises as it does."""
    session = connect(settings.database_url, "tuntas migrate")
    try:
        return pending(session)
    finally:
        close(session)


def partner_topics(settings: Settings) -> list[Callable[[str], str]]:
    """The names of every topic of a partner; that of answers only where they are told."""
    return [name for name in PARTNER_TOPICS_OF if name != answer_topic or settings.answers == "on"]


def prepare_topics(settings: Settings, names: Sequence[Callable[[str], str]] | None = None) -> None:
    """Creates the partners' topics of these names, all unless they are named, where they are missing."""
    ensure_topics(
        settings.kafka_bootstrap,
        settings.topic_partitions,
        sorted(settings.partners),
        names=partner_topics(settings) if names is None else names,
        replicas=settings.topic_replicas,
        security=security_of(settings),
    )


def activities(settings: Settings) -> Activities:
    """Which classes the activities of xAPI statements are; raises Unworkable for a file that cannot be used."""
    file = settings.xapi_classes
    if file is None:
        return NO_PARTNERS
    try:
        return read_activities(file)
    except ActivitiesRefused as error:
        raise Unworkable(f"TUNTAS_XAPI_CLASSES {file} {error}.") from error


def worker(settings: Settings) -> Worker:
    """The ingest service; raises as `activities` does."""

    def subscribe() -> PartnerConsumer:
        prepare_topics(settings, [partner_topic])
        return PartnerConsumer(
            settings.kafka_bootstrap,
            settings.consumer_group,
            topics_of(settings.partners),
            security=security_of(settings),
            client_id=INGEST_PROCESS + INSTANCE,
        )

    return Worker(
        _connector(settings, "tuntas ingest", BATCH_STATEMENT_SECONDS),
        subscribe,
        batch_records=settings.batch_records,
        poll_seconds=settings.poll_timeout_ms / 1000,
        cached_participants=settings.cache_participants,
        activities=activities(settings),
    )


def projector(settings: Settings) -> Projector:
    """The project service."""

    @contextmanager
    def open_sender() -> Iterator[Send]:
        prepare_topics(settings, [rejection_topic])
        with Producer(
            settings.kafka_bootstrap, security=security_of(settings), client_id="tuntas-project"
        ) as producer:

            def send(announcements: Sequence[Announcement]) -> None:
                for topic, key, value in announcements:
                    producer.send(topic, key, STRUCTURED, value)
                producer.flush()

            yield send

    return Projector(_connector(settings, "tuntas project"), open_sender)


def answering(settings: Settings) -> Answering | None:
    """What the project service tells of answers, beside the rest; None: nothing, by the settings."""
    if settings.answers == "off":
        return None

    @contextmanager
    def open_outbox() -> Iterator[Outbox]:
        prepare_topics(settings, [answer_topic])
        name = transactional_id(settings.consumer_group, settings.server_number)
        with KafkaOutbox(settings.kafka_bootstrap, name, security=security_of(settings)) as outbox:
            yield outbox

    partner_ids = [PARTNER_IDS[partner] for partner in settings.partners]
    return Answering(_connector(settings, "tuntas project answers"), open_outbox, partner_ids)


def heartbeat(
    settings: Settings,
    service: str,
    purpose: str = "heartbeat",
    beside: Callable[[connection], None] | None = None,
) -> Heartbeat:
    """The word of one process of a service that it lives; ``purpose`` ends the name of its connection.

    ``beside``: as Heartbeat has it.
    """

    def open_session() -> WaitingConnection:
        return connect(settings.database_url, f"tuntas {service}", purpose=purpose)

    return Heartbeat(open_session, service, beside)


def heartbeat_of_worker(settings: Settings) -> Heartbeat:
    """The same of an ingest process, which looks for others that have ended meanwhile."""

    def open_admin() -> AbstractContextManager[KafkaAdminClient]:
        return admin_client(
            settings.kafka_bootstrap,
            security_of(settings),
            "looking for workers that are gone",
            client_id="tuntas-departed",
        )

    departed = Departed(INGEST_PROCESS, open_admin, settings.consumer_group)
    return heartbeat(settings, "ingest", INGEST_PROCESS + INSTANCE, departed.look)


def _connector(
    settings: Settings, name: str, statement_timeout_seconds: float = 60
) -> Callable[[], WaitingConnection]:
    begun = False

    def open_session() -> WaitingConnection:
        nonlocal begun
        session = connect(
            settings.database_url, name, statement_timeout_seconds=statement_timeout_seconds
        )
        try:
            check(session, while_running=begun)
            with transaction(session) as work:
                rules_agree(work, settings)
        except BaseException:
            close(session)
            raise
        begun = True
        return session

    return open_session
