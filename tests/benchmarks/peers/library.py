"""The eventsourcing library by itself, on its own PostgreSQL recorder: a writer or a projection runner.

    python -m tests.benchmarks.peers.library prepare|each|batched|project BOOTSTRAP GROUP SPANS

SPANS is JSON: [[topic, partition, offset to begin at, offset to stop at], …]. POSTGRES_* in the environment say where
PostgreSQL is. `prepare` makes the tables, which two processes at once cannot.
"""

import sys
from collections.abc import Iterator

import msgspec
from eventsourcing.projection import ProjectionRunner
from kafka import KafkaConsumer, TopicPartition

from domain.events import PARTICIPANT_STREAM, PartnerEvent
from domain.vocabulary import TOPIC_PREFIX
from services.cloudevents.decode import decode
from tests.benchmarks.contenders.library import BATCH_RECORDS
from tests.benchmarks.peers.classes_view import Classes, ClassesView
from tests.benchmarks.peers.training import Trainings


def main() -> None:
    role, bootstrap, group, spans = sys.argv[1:]
    if role == "project":
        with ProjectionRunner(
            application_class=Trainings, projection_class=Classes, view_class=ClassesView
        ) as runner:
            runner.run_forever()
        return
    trainings = Trainings()
    if role == "prepare":
        return
    for batch in batches(bootstrap, group, msgspec.json.decode(spans)):
        if role == "each":
            for event in batch:
                trainings.take(event)
        else:
            trainings.take_all(batch)


def batches(
    bootstrap: str, group: str, spans: list[tuple[str, int, int, int]]
) -> Iterator[list[PartnerEvent]]:
    """The events of participants in the spans, decoded as Tuntas decodes them; then none, for ever."""
    consumer = KafkaConsumer(
        bootstrap_servers=bootstrap, group_id=group, auto_offset_reset="earliest"
    )
    limits = {TopicPartition(topic, partition): end for topic, partition, _, end in spans}
    consumer.assign(list(limits))
    for topic, partition, start, _ in spans:
        consumer.seek(TopicPartition(topic, partition), start)
    while True:
        polled = consumer.poll(timeout_ms=200, max_records=BATCH_RECORDS)
        events = [
            event
            for tp, records in polled.items()
            for record in records
            if record.offset < limits[tp]
            and isinstance(
                event := decode(
                    tp.topic.removeprefix(TOPIC_PREFIX), record.key, record.headers, record.value
                ),
                PartnerEvent,
            )
            and event.stream.startswith(PARTICIPANT_STREAM)
        ]
        if events:
            yield events


if __name__ == "__main__":
    main()
