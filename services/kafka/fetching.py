"""kafka-python's consumer with this project's reading of batches in the place of its own.

kafka-python 3.0's `Fetcher.PartitionRecords` ends its generator with the exception it raises; the
next poll finds the ended generator still in line, takes nothing from it and loops for ever. Here
nothing is raised while reading, and decompression is bounded (batches.py). The seams used are not public:
services/kafka/seams.py lists and compares them, tests hold what they do.
"""

import logging
from collections import defaultdict, deque
from collections.abc import Collection, Mapping
from time import monotonic
from typing import Any, Final

from kafka import KafkaConsumer
from kafka.consumer.fetcher import Fetcher
from kafka.errors import CorruptRecordError, InvalidRecordError, UnknownError

from services.kafka.errors import not_readable
from services.kafka.fetched_part import TURN_BYTES, TURN_RECORDS, FetchedPart
from services.kafka.membership import PartnerCoordinator
from services.kafka.records import AnyRecord
from services.kafka.standing import PATIENCE_MS, Standing

_log = logging.getLogger(__name__)

OPEN_BYTES: Final = 64 * 1024 * 1024
"""So much is kept decompressed for the next turn; what is more is decompressed again."""

FETCHED_BYTES: Final = 4 * 1024 * 1024
"""So much is handed out at once, where no other bound is set."""

DAMAGED: Final = frozenset({CorruptRecordError.errno, InvalidRecordError.errno})
"""What a broker answers with that cannot read its own log at the offset asked for."""

PARTS_BYTES: Final = 16 * 1024 * 1024
"""No more is fetched while so much waits, undecompressed, for its turn."""


class PartnerFetcher(Fetcher):  # type: ignore[misc]  # kafka-python has no annotations
    """Reads batches with `batches`, lanes by turns, and remembers when a broker last answered."""

    PartitionRecords = FetchedPart

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.answered = monotonic()
        self.standing = Standing(self.config["fetch_max_bytes"])
        self.most_bytes = FETCHED_BYTES
        self.held: Collection[tuple[str, int]] = ()
        self.began: dict[Any, int] = {}
        """Of each partition of which something was taken, where that begins."""

    def fetched_records(
        self, max_records: int | None = None, update_offsets: bool = True
    ) -> tuple[dict[Any, list[AnyRecord]], bool]:
        """What comes next of each lane that is not held, by turns, within ``max_records`` and `most_bytes`.

        kafka-python's own takes one partition's fetch to its end before it looks at another's, however much it
        turns out to be. Second: whether a fetch waits for its first turn, so that no other has to be sent yet.
        """
        self._line_up()
        self._give_up_what_stands()
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
            begins = part.next_fetch_offset
            records_left -= self._append(found, part, most, update_offsets)
            if part.next_fetch_offset != begins:
                self.began.setdefault(tp, begins)
            bytes_left -= part.taken_bytes
            if part.beside:
                self.standing.read_nothing(tuple(tp), part.fetch_offset, part.beside)
            if part:
                line[tp] = part  # behind the others, also in the next call
                turns.append(tp)
                if part.open_bytes and sum(p.open_bytes for p in line.values()) > OPEN_BYTES:
                    part.close_batch()
        waiting = any(not part.begun for tp, part in line.items() if self._has_turns(tp))
        full = sum(part.bytes_read for part in line.values()) > PARTS_BYTES
        return dict(found), waiting or full

    def forget(self, tp: tuple[str, int]) -> None:
        """Drops what waits of one partition for its turn."""
        part: FetchedPart | None = self._paused_partition_records.pop(tp, None)
        if part is not None:
            part.drain()

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

    def _give_up_what_stands(self) -> None:
        """Puts into the line that offsets are lost which the broker's log has, and does not send."""
        if not self.standing:
            return
        places = [
            (tp, state.position.offset)
            for tp, state in list(self._subscriptions.assignment.items())
            if state.position is not None and tp not in self._paused_partition_records
        ]
        for tp, offset, end in self.standing.lost(places):
            _log.error(
                "offsets given up topic=%s partition=%d offset=%d next_offset=%d", *tp, offset, end
            )
            part = FetchedPart(
                offset,
                tp,
                None,
                aborted_transactions=None,
                on_drain=self._on_partition_records_drain,
            )
            part.give_up(end)
            self._paused_partition_records[tp] = part

    def _fetchable_partitions(self) -> list[Any]:
        """Where one that seems to stand still is fetched, nothing else of the same broker is: see Standing."""
        fetchable: list[Any] = super()._fetchable_partitions()
        if not self.standing:
            return fetchable
        assignment = self._subscriptions.assignment
        alone: dict[object, Any] = {}
        for tp in fetchable:
            if self.standing.is_doubted(tuple(tp), assignment[tp].position.offset):
                alone.setdefault(self._select_read_replica(tp), tp)
        if not alone:
            return fetchable
        return [tp for tp in fetchable if alone.get(self._select_read_replica(tp), tp) == tp]

    def _create_fetch_requests(self) -> dict[int, tuple[Any, Mapping[Any, int]]]:
        """A broker is given more time for what it is asked for alone, in doubt: see Standing."""
        requests: dict[int, tuple[Any, Mapping[Any, int]]] = super()._create_fetch_requests()
        if self.standing:
            for request, offsets in requests.values():
                if any(self.standing.is_doubted(tuple(tp), at) for tp, at in offsets.items()):
                    request.min_bytes, request.max_wait_ms = 1, PATIENCE_MS
        return requests

    def _handle_fetch_response(
        self, node_id: int, fetch_offsets: Mapping[Any, int], send_time: float, response: Any
    ) -> None:
        self.answered = monotonic()
        # Before its records are taken out of it.
        self.standing.answered(fetch_offsets, response)
        super()._handle_fetch_response(node_id, fetch_offsets, send_time, response)

    def _parse_fetched_data(self, completed_fetch: Any) -> FetchedPart | None:
        partition = completed_fetch.partition_data
        tp, offset = completed_fetch.topic_partition, completed_fetch.fetched_offset
        if partition.error_code in DAMAGED:
            self.standing.refused(tuple(tp), offset)
            self._subscriptions.move_partition_to_end(tp)
            return None
        data = bytes(partition.records or b"")
        partition.records = b""  # for kafka-python's own look at it
        try:
            part: FetchedPart | None = super()._parse_fetched_data(completed_fetch)
        except UnknownError as error:
            raise not_readable(tp, offset) from error
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
        self._fetcher.began.clear()

    def began(self, tp: tuple[str, int]) -> int | None:
        """Where begins what was taken of a partition since `bound`; None: nothing was."""
        found: int | None = self._fetcher.began.get(tp)
        return found

    def forget_fetched(self, tp: tuple[str, int]) -> None:
        """Has what waits of a partition be fetched again.

        Where it left and came back meanwhile, nothing is known of its log's end until it is.
        """
        self._fetcher.forget(tp)

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
