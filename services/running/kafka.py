"""What Kafka says, asked once by a command."""

import logging
from collections.abc import Iterable

from projections.reading.kafka_log import Asked, KafkaLog
from services.kafka.failures import KafkaFailure
from services.kafka.log_watch import LogWatch
from services.kafka.security import security_of
from services.kafka.topics import partner_topic
from services.running.lanes import LaneStatus
from services.settings import Settings
from services.unworkable import Unworkable


def asked(settings: Settings, found: Iterable[LaneStatus]) -> KafkaLog:
    """What Kafka holds beyond some lanes; blocks for some seconds, raises KafkaFailure and Unworkable."""
    nexts = {(lane.topic, lane.partition): lane.next_offset for lane in found if lane.is_current}
    topics = [partner_topic(partner) for partner in sorted(settings.partners)]
    logging.getLogger("kafka").setLevel(logging.CRITICAL)  # the command says what failed
    watch = LogWatch(settings.kafka_bootstrap, security_of(settings))
    try:
        return watch.look(topics, nexts)
    finally:
        watch.close()


def asked_once(settings: Settings, found: Iterable[LaneStatus] = ()) -> Asked:
    """What Kafka says it holds beyond some lanes, or why that is not known. Without lanes what waits has no ages."""
    if not settings.kafka_bootstrap:
        return Asked(unknown="TUNTAS_KAFKA_BOOTSTRAP names no Kafka")
    try:
        return Asked(asked(settings, found))
    except (KafkaFailure, Unworkable) as failure:
        return Asked(unknown=str(failure))
