"""Has a broker take record batches as they are, such as no well-behaved client would send."""

from collections.abc import Iterable
from contextlib import closing

from kafka.net.manager import KafkaConnectionManager
from kafka.net.selector import NetworkSelector
from kafka.protocol.producer import ProduceRequest

from services.kafka.sockets import CLOSING_SOCKETS

TIMEOUT_MS = 15_000


def write_batches(bootstrap: str, topic: str, batches: Iterable[bytes]) -> None:
    """Write to partition 0, each batch behind the other, at a cluster of one broker."""
    with closing(NetworkSelector()) as net:
        manager = KafkaConnectionManager(
            net, bootstrap_servers=[bootstrap], proxy_url=CLOSING_SOCKETS
        )
        net.start()
        try:
            manager.bootstrap(TIMEOUT_MS)
            for batch in batches:
                answer = manager.run(manager.send, _request(topic, batch))
                code = answer.responses[0].partition_responses[0].error_code
                assert code == 0, f"the broker answered with error {code}"
        finally:
            manager.close()


def _request(topic: str, batch: bytes) -> ProduceRequest:
    data = ProduceRequest.TopicProduceData
    part = data.PartitionProduceData(index=0, records=batch)
    return ProduceRequest(
        transactional_id=None,
        acks=-1,
        timeout_ms=TIMEOUT_MS,
        topic_data=[data(name=topic, partition_data=[part])],
        min_version=3,
        max_version=9,
    )
