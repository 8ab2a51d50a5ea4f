"""kafka-python's producer with bounds: on what a request holds, and on how long a call takes."""

from contextlib import suppress
from typing import Any, Final

from kafka import KafkaProducer
from kafka.errors import KafkaTimeoutError
from kafka.net.compat import KafkaNetClient

from services.kafka.security import Security

_BATCH_BYTES: Final = 256 * 1024
"""Of one partition."""
_REQUEST_BYTES: Final = 1024 * 1024
"""What brokers take by default. A larger record is refused here, see `Producer`."""
_LINGER_MS: Final = 50
"""How long a batch waits for more records; a flush does not wait."""


class BoundedProducer(KafkaProducer):  # type: ignore[misc]  # kafka-python has no annotations
    """A KafkaProducer none of whose calls outlasts the bound by much, and that leaves no thread."""

    def __init__(
        self,
        bootstrap: str,
        client_id: str,
        unavailable_after_seconds: float,
        security: Security,
        transactional_id: str | None = None,
    ) -> None:
        bound_ms = self._bound_ms = round(unavailable_after_seconds * 1000)
        clients: list[KafkaNetClient] = []
        options = security.options()
        secured = options.pop("kafka_client")

        def new_client(**settings: Any) -> KafkaNetClient:
            client: KafkaNetClient = secured(**settings)
            # Asking for a topic by its name would have some brokers create it.
            client.cluster.need_all_topic_metadata = True
            clients.append(client)
            return client

        try:
            super().__init__(
                bootstrap_servers=bootstrap.split(","),
                client_id=client_id,
                acks="all",
                enable_idempotence=True,
                transactional_id=transactional_id,
                batch_size=_BATCH_BYTES,
                linger_ms=_LINGER_MS,
                max_request_size=_REQUEST_BYTES,
                bootstrap_timeout_ms=bound_ms,
                delivery_timeout_ms=bound_ms,
                max_block_ms=bound_ms,
                # A frozen broker is given up early enough to be asked again.
                request_timeout_ms=bound_ms // 2,
                metrics_enabled=False,
                kafka_client=new_client,
                **options,
            )
        except BaseException:
            for client in clients:
                client.close()  # ends its thread, which would go on looking for a broker
            raise

    def commit_transaction(self) -> None:
        """Commit; by itself kafka-python waits for ever where no broker answers."""
        result = self._transaction_manager.begin_commit()
        self._sender.wakeup()
        if not result.wait(timeout_ms=self._bound_ms):
            raise KafkaTimeoutError(f"no answer to a commit within {self._bound_ms} ms")

    def log_of(self, topic: str) -> str:
        """The cluster's id and the topic's, as far as the broker says them."""
        return f"{self._metadata.cluster_id}/{self._metadata.topic_id(topic)}"

    def close(self, timeout: float | None = 5.0, null_logger: bool = False) -> None:
        """End the sending thread, whatever it still holds; by itself kafka-python waits for that."""
        if sender := getattr(self, "_sender", None):
            sender.force_close()
            sender.join(timeout)
        with suppress(KafkaTimeoutError):
            super().close(0, null_logger)
