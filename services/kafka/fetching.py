"""kafka-python's consumer with this project's reading of batches in the place of its own.

kafka-python 3.0's `Fetcher.PartitionRecords` ends its generator with the exception it raises; the
next poll finds the ended generator still in line, takes nothing from it and loops for ever. Here
nothing is raised while reading, and decompression is bounded (batches.py). The seams used are not public:
services/kafka/seams.py lists and compares them, tests hold what they do.
"""

from collections import defaultdict, deque
from collections.abc import Callable, Collection, Iterator
from time import monotonic
from typing import Any, Final

from kafka import KafkaConsumer
from kafka.consumer.fetcher import Fetcher

from services.kafka.batches import AbortedTransaction, Batch, batches
from services.kafka.membership import PartnerCoordinator
from services.kafka.records import AnyRecord

TURN_RECORDS: Final = 1_500
TURN_BYTES: Final = 1024 * 1024
"""So much of one lane is taken before it is another lane's turn."""

OPENING_COSTS: Final = 16
"""A byte that is decompressed, of a record that is not kept, counts as a sixteenth of one that is."""

OPEN_BYTES: Final = 64 * 1024 * 1024
"""So much is kept decompressed for the next turn; what is more is decompressed again."""

FETCHED_BYTES: Final = 4 * 1024 * 1024
"""So much is handed out at once, where no other bound is set."""

PARTS_BYTES: Final = 16 * 1024 * 1024
"""No more is fetched while so much waits, undecompressed, for its turn."""


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
        self.most_bytes = TURN_BYTES
        self.taken_bytes = 0
        self.begun = False
        self._aborted = aborted_transactions or []
        self._on_drain = on_drain
        self._data = b""
        self._high_water = 0
        self._batch = Batch(iter(()), fetch_offset)
        self._batches: Iterator[Batch] | None = iter(())

    def read(self, data: bytes, high_water: int) -> None:
        """Have `take` read the record batches in ``data``."""
        self.bytes_read = len(data)
        self._data = data
        self._high_water = high_water
        self.close_batch()

    def __bool__(self) -> bool:
        """Whether there may be more to take."""
        return self._batches is not None

    @property
    def open_bytes(self) -> int:
        """How much is kept decompressed for the next time."""
        return self._batch.size

    def close_batch(self) -> None:
        """Keep nothing decompressed: the next time the batch is opened again."""
        self._batch = Batch(iter(()), self.next_fetch_offset)
        self._batches = batches(self._data, self.next_fetch_offset, self._high_water, self._aborted)

    def take(self, most: int) -> list[AnyRecord]:
        """Up to ``most`` records, and not many more than ``most_bytes``, of what comes next.

        `next_fetch_offset` is then the offset behind what was read, and ``taken_bytes`` what reading it cost.
        """
        taken: list[AnyRecord] = []
        size = 0
        self.begun = True
        try:
            while self._batches is not None:
                for record in self._batch.records:
                    taken.append(record)
                    size += record.held_bytes
                    if len(taken) >= most or size >= self.most_bytes:
                        break
                else:
                    self.next_fetch_offset = self._batch.next_offset
                    if size >= self.most_bytes:
                        self._batch = Batch(iter(()), self.next_fetch_offset)
                        break
                    batch = next(self._batches, None)
                    if batch is None:
                        self.drain()
                    else:
                        self._batch = batch
                        size += batch.size // OPENING_COSTS
                        if batch.leader_epoch >= 0:
                            self.leader_epoch = batch.leader_epoch
                    continue
                self.next_fetch_offset = taken[-1].offset + 1
                if self.next_fetch_offset == self._batch.next_offset:
                    self._batch = Batch(iter(()), self.next_fetch_offset)
                break
        except BaseException:
            # An ended generator would look like a batch that was read: fetch all of it again.
            self.drain()
            raise
        self.taken_bytes = size
        return taken

    def drain(self) -> None:
        """Forget the rest."""
        if self._batches is not None:
            self._batches = None
            self._batch = Batch(iter(()), self.next_fetch_offset)
            self._data = b""
            self._on_drain(self)


class PartnerFetcher(Fetcher):  # type: ignore[misc]  # kafka-python has no annotations
    """Reads batches with `batches`, lanes by turns, and remembers when a broker last answered."""

    PartitionRecords = FetchedPart

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.answered = monotonic()
        self.most_bytes = FETCHED_BYTES
        self.held: Collection[tuple[str, int]] = ()

    def fetched_records(
        self, max_records: int | None = None, update_offsets: bool = True
    ) -> tuple[dict[Any, list[AnyRecord]], bool]:
        """What comes next of each lane that is not held, by turns, within ``max_records`` and `most_bytes`.

        kafka-python's own takes one partition's fetch to its end before it looks at another's, however much it
        turns out to be. Second: whether a fetch waits for its first turn, so that no other has to be sent yet.
        """
        self._line_up()
        line: dict[Any, FetchedPart] = self._paused_partition_records
        found: dict[Any, list[AnyRecord]] = defaultdict(list)
        records_left = max_records or self.config["max_poll_records"]
        bytes_left = self.most_bytes
        turns = deque(tp for tp in line if self._has_turns(tp))
        while turns and records_left > 0 and bytes_left > 0:
            tp = turns.popleft()
            part = line.pop(tp)
            part.most_bytes = min(TURN_BYTES, bytes_left)
            part.taken_bytes = 0
            most = min(TURN_RECORDS, records_left)
            records_left -= self._append(found, part, most, update_offsets)
            bytes_left -= part.taken_bytes
            if part:
                line[tp] = part  # behind the others, also in the next call
                turns.append(tp)
                if part.open_bytes and sum(p.open_bytes for p in line.values()) > OPEN_BYTES:
                    part.close_batch()
        waiting = any(not part.begun for tp, part in line.items() if self._has_turns(tp))
        full = sum(part.bytes_read for part in line.values()) > PARTS_BYTES
        return dict(found), waiting or full

    def _has_turns(self, tp: tuple[str, int]) -> bool:
        return tp not in self.held and not self._subscriptions.is_paused(tp)

    def _line_up(self) -> None:
        """Puts what was fetched into the line. What is wrong with a fetch is raised, and no record lost by it."""
        for tp in list(self._paused_completed_fetches):
            if not self._subscriptions.is_paused(tp):
                self._completed_fetches.append(self._paused_completed_fetches.pop(tp))
        while self._completed_fetches:
            completed = self._completed_fetches.popleft()
            tp = completed.topic_partition
            if self._subscriptions.is_paused(tp):
                self._paused_completed_fetches[tp] = completed
            elif part := self._parse_fetched_data(completed):
                self._paused_partition_records[tp] = part

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
    """A KafkaConsumer whose records are `Record`, `OversizedRecord` and `CorruptRecord`."""

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
    def refused(self) -> Exception | None:
        """Why a broker refused this client last, unless it has been let in since."""
        found: Exception | None = self._manager.refused
        return found

    @property
    def log_id(self) -> str | None:
        """The cluster id, as the broker gave it."""
        found: str | None = self._cluster.cluster_id
        return found

    def bound(self, most_bytes: int, held: Collection[tuple[str, int]]) -> None:
        """How much `poll` hands out from now on, and which lanes' records it keeps back."""
        self._fetcher.most_bytes = most_bytes
        self._fetcher.held = held

    def topic_id(self, topic: str) -> str | None:
        """What tells a topic from another one that is made under its name later; None: this broker does not say."""
        found = self._cluster.topic_id(topic)
        return None if found is None else str(found)

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
