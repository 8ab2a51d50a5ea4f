"""Partners that keep sending while things break."""

from collections.abc import Sequence
from threading import Event, Thread
from time import monotonic
from types import TracebackType
from typing import Self

from services.kafka.producer import Producer
from services.simulator import SimulatedRecord
from tests.end_to_end.running_system import TIMEOUT_SECONDS, RunningSystem

AT_ONCE = 50
PER_SECOND = 1_500


class Load:
    """Sends records at a steady pace from a thread of its own, each once and in order, until all are sent.

    Leaving the block waits until all are sent, and raises what made sending fail.
    """

    def __init__(
        self,
        system: RunningSystem,
        records: Sequence[SimulatedRecord],
        per_second: float = PER_SECOND,
    ) -> None:
        self.sent = 0
        self._per_second = per_second
        self._system = system
        self._records = records
        self._stop = Event()
        self._failure: Exception | None = None
        self._thread = Thread(target=self._run, name="load")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None:
            self._stop.set()
        self._thread.join()
        if error is None and self._failure is not None:
            raise self._failure

    @property
    def records(self) -> int:
        """How many there are to be sent."""
        return len(self._records)

    @property
    def has_failed(self) -> bool:
        """Whether sending ended with an error, which leaving the block raises."""
        return self._failure is not None

    def wait_until_sent(self, share: float) -> None:
        """Blocks until that share of the records was sent and something of it read."""
        wanted = round(len(self._records) * share)
        self._system.wait_until(
            lambda: self.sent >= wanted or self._failure is not None, f"{wanted} records are sent"
        )

    def wait_until_read(self, share: float) -> None:
        """Blocks until that share of the records was sent and read; more of them is on its way."""
        self._system.wait_until_read(round(len(self._records) * share))

    def _run(self) -> None:
        try:
            self._send()
        except Exception as failure:  # noqa: BLE001 - raised again where the block is left
            self._failure = failure

    def _send(self) -> None:
        # A batch that a broker took before it was killed is not taken again: the producer repeats it as it was.
        with Producer(self._system.bootstrap, unavailable_after_seconds=TIMEOUT_SECONDS) as kafka:
            due = monotonic()
            for start in range(0, len(self._records), AT_ONCE):
                if self._stop.wait(max(0.0, due - monotonic())):
                    return
                due += AT_ONCE / self._per_second
                for record in self._records[start : start + AT_ONCE]:
                    kafka.send(record.topic, record.key, record.headers, record.value)
                kafka.flush()
                self.sent = start + AT_ONCE
