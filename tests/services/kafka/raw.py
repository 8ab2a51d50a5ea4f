"""Has a broker take record batches as they are, such as no well-behaved client would send."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager

from kafka.errors import KafkaConnectionError
from kafka.net.manager import KafkaConnectionManager
from kafka.net.selector import NetworkSelector
from kafka.protocol.consumer import FetchRequest
from kafka.protocol.producer import ProduceRequest

from services.kafka.sockets import CLOSING_SOCKETS

TIMEOUT_MS = 15_000
CUT = -99

Placed = tuple[str, int, bytes]
"""Topic, partition, and a batch for it."""


def write_batches(bootstrap: str, topic: str, batches: Iterable[bytes]) -> None:
    """Write to partition 0, each batch behind the other, at a cluster of one broker."""
    for codes in offer(bootstrap, ([(topic, 0, batch)] for batch in batches)):
        assert codes == [0], f"the broker answered with error {codes}"


def offer(bootstrap: str, requests: Iterable[Sequence[Placed]]) -> Iterator[list[int]]:
    """What a cluster of one broker answered to the batches of each request: 0, or its error's number.

    A request has at most one batch for a partition. `CUT` where the broker ended the connection over it.
    """
    with _connected(bootstrap) as manager:
        for request in requests:
            try:
                answer = manager.run(manager.send, _request(request))
            except KafkaConnectionError:
                yield [CUT] * len(request)
                continue
            codes = {
                (topic.name, partition.index): partition.error_code
                for topic in answer.responses
                for partition in topic.partition_responses
            }
            yield [codes[topic, partition] for topic, partition, _ in request]


def ends_of_logs(bootstrap: str, places: Iterable[tuple[str, int]]) -> dict[tuple[str, int], int]:
    """The offset behind the last record of each topic partition, whatever its records are."""
    with _connected(bootstrap) as manager:
        found = {}
        for topic, partition in places:
            while not (answer := manager.run(manager.send, _fetch(topic, partition))).responses:
                pass  # tansu has nothing in time, where it is slow
            found[topic, partition] = answer.responses[0].partitions[0].high_watermark
    return found


@contextmanager
def _connected(bootstrap: str) -> Iterator[KafkaConnectionManager]:
    with closing(NetworkSelector()) as net:
        manager = KafkaConnectionManager(
            net, bootstrap_servers=[bootstrap], proxy_url=CLOSING_SOCKETS
        )
        net.start()
        try:
            manager.bootstrap(TIMEOUT_MS)
            yield manager
        finally:
            manager.close()


def _fetch(topic: str, partition: int) -> FetchRequest:
    data = FetchRequest.FetchTopic
    part = data.FetchPartition(partition=partition, fetch_offset=0, partition_max_bytes=1)
    return FetchRequest(
        max_wait_ms=100,  # tansu answers nothing at once
        min_bytes=1,
        max_bytes=1,
        isolation_level=0,
        session_id=0,
        session_epoch=-1,
        topics=[data(topic=topic, partitions=[part])],
        forgotten_topics_data=[],
        rack_id="",
        min_version=4,
        max_version=11,
    )


def _request(batches: Sequence[Placed]) -> ProduceRequest:
    data = ProduceRequest.TopicProduceData
    by_topic: dict[str, list[ProduceRequest.TopicProduceData.PartitionProduceData]] = {}
    for topic, partition, batch in batches:
        part = data.PartitionProduceData(index=partition, records=batch)
        by_topic.setdefault(topic, []).append(part)
    return ProduceRequest(
        transactional_id=None,
        acks=-1,
        timeout_ms=TIMEOUT_MS,
        topic_data=[data(name=topic, partition_data=parts) for topic, parts in by_topic.items()],
        min_version=3,
        max_version=9,
    )
