"""kafka-python's consumer group coordinator, without two ways of its own to drop out of the group.

Its `poll` asks each time whether a rebalance is needed, and takes the group's answer only when it
is. So it forgets a rebalance that is under way, when the answer arrives between two polls:

- When the reason was a new topic, "needed" turns to no as soon as the request to join is sent.
  Nobody takes the answer, no heartbeat is sent, and the consumer never reads again.
- Otherwise it joins once more, which makes the whole group join once more.

The members used are not public: services/kafka/seams.py lists and compares them, tests hold what they do.
"""

from time import monotonic
from typing import Any, Final

from kafka.coordinator.consumer import ConsumerCoordinator
from kafka.errors import KafkaTimeoutError

_ANSWER_HOLDS_SECONDS: Final = 3.0
"""Shorter than the session: no heartbeat is sent until the group's answer is taken."""


class PartnerCoordinator(ConsumerCoordinator):  # type: ignore[misc]  # without annotations
    """Takes the place of a ConsumerCoordinator that was made: `adopt`."""

    _answer: tuple[float, bytes] | None = None

    @classmethod
    def adopt(cls, coordinator: ConsumerCoordinator) -> None:
        """Have the coordinator that a KafkaConsumer made for itself behave as this class says."""
        coordinator.__class__ = cls

    def need_rejoin(self) -> bool:
        """Whether there is a group to join, or an answer of the group to be taken."""
        return bool(self.rejoining or super().need_rejoin())

    def poll(self, timeout_ms: float | None = None) -> bool:
        """Whether this consumer is a member; takes the group's answer before anything else.

        By itself each poll would first wait for new metadata, and short ones get no further.
        """
        if self.rejoining:
            try:
                if not self.ensure_active_group(timeout_ms=timeout_ms):
                    return False
            except KafkaTimeoutError:
                return False
        return bool(super().poll(timeout_ms=timeout_ms))

    async def _do_join_and_sync_async(self) -> bytes:
        """The group's answer: the one that nobody took, or a new one."""
        kept, self._answer = self._answer, None
        if kept is None or monotonic() - kept[0] > _ANSWER_HOLDS_SECONDS:
            answer = await super()._do_join_and_sync_async()
            kept = (monotonic(), answer)
        self._answer = kept
        return kept[1]

    async def _on_join_complete_async(self, *answer: Any) -> None:
        self._answer = None
        await super()._on_join_complete_async(*answer)
