"""The one place where kafka-python's errors are translated into what can go wrong with Kafka (failures.py)."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from kafka import errors as driver

from domain.telling import tell
from services.kafka.failures import (
    BrokerRefused,
    BrokerUnavailable,
    LogMismatch,
    NotLetIn,
)
from services.kafka.refusals import HungUp, Refused
from services.unworkable import Unworkable

TOO_OLD = (driver.UnsupportedVersionError, driver.UnrecognizedBrokerVersion)


REPLACED: Final = "another record stands at offset"
"""What `log_replaced` says of a log, and is noted of its lane."""


@contextmanager
def translated(doing: str, who: str = "this client") -> Iterator[None]:
    """A block in which kafka-python's errors are raised as the KafkaFailure, or the Unworkable, they stand for.

    ``doing`` completes the sentence "While …" for people; ``who`` is the principal. Errors that say which offsets a
    log lacks pass through: `log_mismatch` turns them into LogMismatch, knowing the log's bounds.
    """
    try:
        yield
    except (driver.OffsetOutOfRangeError, driver.LogTruncationError):
        raise
    except HungUp as error:  # or it is just starting, or stopping
        raise BrokerRefused(str(error)) from error
    except Refused as error:
        raise NotLetIn(str(error)) from error
    except driver.AuthorizationError as error:
        raise NotLetIn(f"While {doing}: {not_allowed(error, who)}") from error
    except (driver.RetriableError, OSError) as error:
        raise BrokerUnavailable(f"While {doing}: {_sentence(error)}") from error
    except TOO_OLD as error:
        raise Unworkable(
            f"While {doing}: {_sentence(error)}. Tuntas needs Apache Kafka 2.8 or newer."
        ) from error
    except driver.KafkaError as error:
        raise BrokerRefused(f"While {doing}: {_sentence(error)}") from error


def not_allowed(error: driver.AuthorizationError, who: str) -> str:
    """What the cluster's authorizer does not let ``who`` do, and how that is changed."""
    named = error.args[0] if error.args else ""
    names = ", ".join(sorted(named)) if isinstance(named, set | frozenset) else str(named)
    if isinstance(error, driver.TopicAuthorizationFailedError):
        what = f"use the topic {names}"
    elif isinstance(error, driver.GroupAuthorizationFailedError):
        what = f"use the consumer group {names}"
    elif isinstance(error, driver.TransactionalIdAuthorizationFailedError):
        what = f"use the transactional id {names}".rstrip()
    else:
        what = "do this on the cluster"
    return (
        f"{who} may not {what}: the cluster's access control list has no line for it. `tuntas partners grant`, run by "
        "an administrator of the cluster, adds the lines that Tuntas and its partners need."
    )


def missing_offsets(error: driver.KafkaError) -> Mapping[tuple[str, int], int | None]:
    """The partitions whose log lacks the offset asked for, with that offset where it is known."""
    if isinstance(error, driver.LogTruncationError):
        return dict.fromkeys(error.divergent_offsets)
    found: Mapping[tuple[str, int], int | None] = error.args[0]
    return found


def log_mismatch(lane: tuple[str, int], offset: int, first: int, end: int) -> LogMismatch:
    """What happened, and what to do, when a log of offsets ``first`` to ``end`` lacks ``offset``."""
    topic, partition = lane
    if offset < first:
        what = tell(
            "The next offset to read of %(topic)s partition %(partition)s is %(offset)s, but the log starts at "
            "%(first)s: the %(count)s offsets between were deleted by Kafka's retention before they were read. Have "
            "the partner send their events again, and run "
            "`tuntas lanes --skip --topic %(topic)s --partition %(partition)s` to read on there.",
            topic=topic,
            partition=partition,
            offset=offset,
            first=first,
            count=first - offset,
        )
    else:
        what = tell(
            "The next offset to read of %(topic)s partition %(partition)s is %(offset)s, but the log ends at %(end)s: "
            "it is not the log that was read before. The topic was deleted and created again, or a broker lost "
            "records. %(remedy)s",
            topic=topic,
            partition=partition,
            offset=offset,
            end=end,
            remedy=_restart(topic, partition),
        )
    return LogMismatch(what, topic=topic, partition=partition, offset=offset)


def log_replaced(topic: str, partition: int, last: int, next_offset: int) -> LogMismatch:
    """What happened, and what to do, when a log holds another record than was read last, at its offset ``last``."""
    what = tell(
        "%(topic)s partition %(partition)s was read up to offset %(offset)s, and another record stands at offset "
        "%(last)s now: a broker that lacked the end of the log came to lead it, or it was restored from before, and "
        "was written on. %(remedy)s",
        topic=topic,
        partition=partition,
        offset=next_offset,
        last=last,
        remedy=_restart(topic, partition),
    )
    return LogMismatch(what, topic=topic, partition=partition, offset=next_offset)


def not_readable(lane: tuple[str, int], offset: int) -> LogMismatch:
    """What happened, and what to do, when a broker fails at reading one partition, and does not say why."""
    topic, partition = lane
    what = tell(
        "Kafka's broker fails at reading %(topic)s partition %(partition)s at offset %(offset)s: its log says why. "
        "Mend the broker or have another one lead the partition; it is tried again.",
        topic=topic,
        partition=partition,
        offset=offset,
    )
    return LogMismatch(what, topic=topic, partition=partition, offset=offset)


def topic_made_anew(topic: str, partition: int, offset: int) -> LogMismatch:
    """What happened, and what to do, when a topic is another one than the one that was read under its name."""
    what = tell(
        "%(topic)s partition %(partition)s was read up to offset %(offset)s, and then the topic was deleted and "
        "created again: its offsets are others now. %(remedy)s",
        topic=topic,
        partition=partition,
        offset=offset,
        remedy=_restart(topic, partition),
    )
    return LogMismatch(what, topic=topic, partition=partition, offset=offset)


def _restart(topic: str, partition: int) -> str:
    return tell(
        "Find out which records were lost and have the partner send them again; "
        "`tuntas lanes --restart --topic %(topic)s --partition %(partition)s` then reads the log there is from its "
        "start. What is read twice is a duplicate, and harmless.",
        topic=topic,
        partition=partition,
    )


def _sentence(error: Exception) -> str:
    name, text = type(error).__name__, str(error)
    return text if name in text else f"{name}: {text}".rstrip(": ")  # kafka-python's say their name
