"""One fetch of one partition, read piece by piece, so that lanes take turns."""

from collections.abc import Callable, Iterator
from typing import Final

from services.kafka.batches import AbortedTransaction, Batch, batches, not_sent, offsets_of_last
from services.kafka.records import AnyRecord

TURN_RECORDS: Final = 5_000
TURN_BYTES: Final = 2 * 1024 * 1024
"""So much of one lane is taken before it is another lane's turn."""

OPENING_COSTS: Final = 16
"""A byte that is decompressed, of a record that is not kept, counts as a sixteenth of one that is."""


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
        self.fetch_offset = fetch_offset
        self.leader_epoch = -1
        self.bytes_read = 0
        self.most_bytes = TURN_BYTES
        self.taken_bytes = 0
        self.begun = False
        self.beside = 0
        """How many offsets nothing was sent of, where what was asked for was not what came: they may be lost."""
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

    def give_up(self, end: int) -> None:
        """Have `take` say of each offset up to ``end`` that it is lost."""
        self._batches = iter([not_sent(self.next_fetch_offset, end)])

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
        self._batches = batches(
            self._data, self.next_fetch_offset, self._high_water, self._aborted, in_doubt=True
        )

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
                    if batch is None or batch.left_out:
                        if self._data and self.next_fetch_offset == self.fetch_offset:
                            self.beside = batch.left_out if batch else offsets_of_last(self._data)
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
