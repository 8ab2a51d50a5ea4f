"""What of kafka-python is used here without being public: one table, compared with what is installed.

A new version of kafka-python may change any of it without a word. It is compared when a process makes its first client,
so that such a version is named at the start, with what it broke and where, not found out by records that do not come.
Tests of the rooms that the table names hold what the seams do.
"""

from collections.abc import Callable, Iterator
from functools import cache
from inspect import signature
from typing import Any, Final, NamedTuple

import kafka
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer
from kafka.consumer.fetcher import Fetcher
from kafka.coordinator.base import BaseCoordinator
from kafka.coordinator.consumer import ConsumerCoordinator
from kafka.net.compat import KafkaNetClient
from kafka.net.inet import KafkaNetSocket, create_connection
from kafka.net.manager import KafkaConnectionManager
from kafka.net.sasl import register_sasl_mechanism
from kafka.net.transport import KafkaSSLTransport, KafkaTCPTransport

from services.unworkable import Unworkable

KNOWN_VERSION: Final = "3.0.12"
"""The version that the seams were read and tried in."""


class KafkaPythonChanged(Unworkable):
    """The installed kafka-python is not as this version of Tuntas needs it."""


class Method(NamedTuple):
    """A function that is called, or taken the place of, with these parameters (without self)."""

    of: Any
    name: str
    parameters: tuple[str, ...]
    used_by: str


class Attribute(NamedTuple):
    """Something that every object of a class has once it is made."""

    of: type
    name: str
    used_by: str


METHODS: Final = (
    Method(
        Fetcher,
        "PartitionRecords",
        (
            "fetch_offset",
            "tp",
            "records",
            "key_deserializer",
            "value_deserializer",
            "check_crcs",
            "isolation_level",
            "aborted_transactions",
            "metric_aggregator",
            "on_drain",
        ),
        "fetching.py",
    ),
    Method(Fetcher, "fetched_records", ("max_records", "update_offsets"), "fetching.py"),
    Method(Fetcher, "_fetchable_partitions", (), "fetching.py"),
    Method(Fetcher, "_create_fetch_requests", (), "fetching.py"),
    Method(Fetcher, "_select_read_replica", ("tp",), "fetching.py"),
    Method(Fetcher, "_parse_fetched_data", ("completed_fetch",), "fetching.py"),
    Method(Fetcher, "_append", ("drained", "part", "max_records", "update_offsets"), "fetching.py"),
    Method(Fetcher, "_on_partition_records_drain", ("partition_records",), "fetching.py"),
    Method(
        Fetcher,
        "_handle_fetch_response",
        ("node_id", "fetch_offsets", "send_time", "response"),
        "fetching.py",
    ),
    Method(ConsumerCoordinator, "need_rejoin", (), "membership.py"),
    Method(ConsumerCoordinator, "poll", ("timeout_ms",), "membership.py"),
    Method(ConsumerCoordinator, "ensure_active_group", ("timeout_ms",), "membership.py"),
    Method(ConsumerCoordinator, "_do_join_and_sync_async", (), "membership.py"),
    Method(
        ConsumerCoordinator,
        "_on_join_complete_async",
        ("generation", "member_id", "protocol", "member_assignment_bytes"),
        "membership.py",
    ),
    Method(KafkaConnectionManager, "_build_transport", ("node", "timeout_at"), "connections.py"),
    Method(
        KafkaConnectionManager,
        "_connect",
        ("node", "conn", "reset_backoff_on_connect", "timeout_at"),
        "connections.py",
    ),
    Method(
        KafkaConnectionManager,
        "get_connection",
        (
            "node_id",
            "timeout_ms",
            "pop_on_close",
            "refresh_metadata_on_err",
            "reset_backoff_on_connect",
        ),
        "connections.py",
    ),
    Method(KafkaConnectionManager, "_do_bootstrap", ("deadline",), "connections.py"),
    Method(KafkaConnectionManager, "update_backoff", ("node_id",), "connections.py"),
    Method(KafkaConnectionManager, "reset_backoff", ("node_id",), "connections.py"),
    Method(KafkaTCPTransport, "_sock_recv", (), "connections.py"),
    Method(KafkaTCPTransport, "_write_to_sock", (), "connections.py"),
    Method(KafkaSSLTransport, "_sock_recv", (), "connections.py"),
    Method(KafkaSSLTransport, "abort", ("error",), "connections.py"),
    Method(KafkaNetClient, "close", ("node_id",), "fetching.py, producer.py, admin.py"),
    Method(
        KafkaNetSocket,
        "sock_connect",
        ("net", "sock", "sockaddr", "timeout_at"),
        "sockets.py",
    ),
)
ATTRIBUTES: Final = (
    Attribute(Fetcher, "_subscriptions", "fetching.py"),
    Attribute(Fetcher, "_completed_fetches", "fetching.py"),
    Attribute(Fetcher, "_paused_completed_fetches", "fetching.py"),
    Attribute(Fetcher, "_paused_partition_records", "fetching.py"),
    Attribute(BaseCoordinator, "rejoining", "membership.py"),
    Attribute(KafkaConsumer, "_client", "fetching.py"),
    Attribute(KafkaConsumer, "_manager", "fetching.py"),
    Attribute(KafkaConsumer, "_cluster", "fetching.py"),
    Attribute(KafkaConsumer, "_subscription", "fetching.py"),
    Attribute(KafkaConsumer, "_fetcher", "fetching.py"),
    Attribute(KafkaConsumer, "_coordinator", "fetching.py"),
    Attribute(KafkaProducer, "_sender", "producer.py"),
    Attribute(KafkaAdminClient, "_client", "admin.py"),
    Attribute(KafkaConnectionManager, "_backoff", "connections.py"),
    Attribute(KafkaConnectionManager, "cluster", "connections.py"),
)
FUNCTIONS: Final[tuple[tuple[Callable[..., Any], tuple[str, ...], str], ...]] = (
    (
        create_connection,
        ("net", "host", "port", "socket_options", "proxy_url", "timeout_at"),
        "connections.py",
    ),
    (register_sasl_mechanism, ("name", "klass", "overwrite"), "connections.py"),
)


def broken_seams() -> Iterator[str]:
    """Each seam that the installed kafka-python has not, or has in another way, and which file builds on it."""
    for of, name, wanted, used_by in METHODS:
        found = getattr(of, name, None)
        if found is None:
            yield f"{of.__name__}.{name} is gone (services/kafka/{used_by})"
        elif (parameters := _parameters(found)) != wanted:
            yield f"{of.__name__}.{name} takes {', '.join(parameters)} (services/kafka/{used_by})"
    for function, wanted, used_by in FUNCTIONS:
        if (parameters := _parameters(function)) != wanted:
            yield f"{function.__name__} takes {', '.join(parameters)} (services/kafka/{used_by})"
    for made, name, used_by in ATTRIBUTES:
        if name not in made.__init__.__code__.co_names and not hasattr(made, name):  # type: ignore[misc]
            yield f"{made.__name__}.{name} is gone (services/kafka/{used_by})"


@cache
def check_seams() -> None:
    """Looks once a process; raises KafkaPythonChanged, naming the version and what it changed."""
    if broken := list(broken_seams()):
        raise KafkaPythonChanged(
            f"kafka-python {kafka.__version__} is installed, and Tuntas builds on {KNOWN_VERSION}, of which it has "
            f"changed: {'; '.join(broken)}. Install kafka-python {KNOWN_VERSION}."
        )


def _parameters(function: Callable[..., Any]) -> tuple[str, ...]:
    return tuple(name for name in signature(function).parameters if name != "self")
