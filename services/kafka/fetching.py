"""kafka-python's consumer with this project's reading of batches in the place of its own.

kafka-python 3.0's `Fetcher.PartitionRecords` ends its generator with the exception it raises; the
next poll finds the ended generator still in line, takes nothing from it and loops for ever. Here
nothing is raised while reading, and decompression is bounded (batches.py). The two seams used,
`Fetcher.PartitionRecords` and `Fetcher._parse_fetched_data`, are not public: tests hold them.
"""

from collections.abc import Callable, Iterator
from itertools import islice
from time import monotonic
from typing import Any

from kafka import KafkaConsumer
from kafka.consumer.fetcher import Fetcher

from services.kafka.batches import AbortedTransaction, Batch, batches
from services.kafka.membership import PartnerCoordinator
from services.kafka.records import CorruptRecord, Record


class FetchedPart:
    """One fetch of one partition, taken piece by piece; what kafka-python's Fetcher expects."""

    def __init__(
        self,
        fetch_offset: int,
        tp: tuple[str, int],
        _records: object,
        *,
        aborted_transactions: list[AbortedTransaction] | None,
        on_drain: Callable[["FetchedPart"], None],
        **_unused: object,
    ) -> None:
        self.topic_partition = tp
        self.next_fetch_offset = fetch_offset
        self.leader_epoch = -1
        self.bytes_read = 0
        self._aborted = aborted_transactions or []
        self._on_drain = on_drain
        self._batch = Batch(iter(()), fetch_offset)
        self._batches: Iterator[Batch] | None = iter(())

    def read(self, data: bytes, high_water: int) -> None:
        """Have `take` read the record batches in ``data``."""
        self.bytes_read = len(data)
        self._batches = batches(data, self.next_fetch_offset, high_water, self._aborted)

    def __bool__(self) -> bool:
        """Whether there may be more to take."""
        return self._batches is not None

    def take(self, most: int) -> list[Record | CorruptRecord]:
        """Up to ``most`` records; `next_fetch_offset` is then the offset behind what was read."""
        taken: list[Record | CorruptRecord] = []
        try:
            while self._batches is not None:
                taken.extend(islice(self._batch.records, most - len(taken)))
                if len(taken) >= most:
                    self.next_fetch_offset = taken[-1].offset + 1
                    break
                self.next_fetch_offset = self._batch.next_offset
                batch = next(self._batches, None)
                if batch is None:
                    self.drain()
                else:
                    self._batch = batch
                    if batch.leader_epoch >= 0:
                        self.leader_epoch = batch.leader_epoch
        except BaseException:
            # An ended generator would look like a batch that was read: fetch all of it again.
            self.drain()
            raise
        return taken

    def drain(self) -> None:
        """Forget the rest."""
        if self._batches is not None:
            self._batches = None
            self._on_drain(self)


class PartnerFetcher(Fetcher):  # type: ignore[misc]  # kafka-python has no annotations
    """Reads batches with `batches`, and remembers when a broker last answered."""

    PartitionRecords = FetchedPart

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.answered = monotonic()

    def _handle_fetch_response(self, *response: Any) -> None:
        self.answered = monotonic()
        super()._handle_fetch_response(*response)

    def _parse_fetched_data(self, completed_fetch: Any) -> FetchedPart | None:
        partition = completed_fetch.partition_data
        data = bytes(partition.records or b"")
        partition.records = b""  # for kafka-python's own look at it
        part: FetchedPart | None = super()._parse_fetched_data(completed_fetch)
        if part is not None:
            part.read(data, partition.high_watermark)
        return part


class PartnerKafkaConsumer(KafkaConsumer):  # type: ignore[misc]  # kafka-python has no annotations
    """A KafkaConsumer whose records are `Record` and `CorruptRecord`."""

    def __init__(self, **settings: Any) -> None:
        """Block until a broker answered; kafka-python's errors are raised as they are."""
        try:
            super().__init__(**settings)
        except BaseException:
            if client := getattr(self, "_client", None):
                client.close()  # ends its thread, which would go on looking for a broker
            raise
        self._fetcher = PartnerFetcher(self._client, self._subscription, **self.config)
        PartnerCoordinator.adopt(self._coordinator)
        self._refreshed = monotonic()
        self._cluster.add_listener(self._note_refresh)

    def _note_refresh(self, _cluster: object) -> None:
        self._refreshed = monotonic()

    @property
    def answered(self) -> float:
        """The time (`time.monotonic`) at which a broker last answered a fetch or for metadata."""
        return max(self._refreshed, self._fetcher.answered)

    @property
    def log_id(self) -> str | None:
        """The cluster id, as the broker gave it."""
        found: str | None = self._cluster.cluster_id
        return found

    def unplaced(self, partitions: set[tuple[str, int]]) -> list[Any]:
        """Those of ``partitions`` that have no position: given to this consumer just now."""
        assignment = self._subscription.assignment
        return [tp for tp in partitions if tp in assignment and assignment[tp].position is None]

    def places(self) -> list[tuple[Any, int, int | None]]:
        """Each partition with a position: the next offset, and the log's end where it is known."""
        return [
            (tp, state.position.offset, state.highwater)
            for tp, state in list(self._subscription.assignment.items())
            if state.position is not None
        ]
