"""A Kafka record of which only key and value matter."""

from services.kafka.records import Record


def raw_record(key: bytes | None, value: bytes | None) -> Record:
    """The record, at offset 0."""
    return Record(0, key, (), value)
