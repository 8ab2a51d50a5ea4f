"""Asking a cluster about itself, and changing it: kafka-python's admin client, for the length of a block."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from kafka import KafkaAdminClient

from services.kafka.errors import translated
from services.kafka.security import Security


@contextmanager
def admin_client(
    bootstrap: str,
    security: Security,
    doing: str,
    *,
    client_id: str = "tuntas-topics",
    timeout_seconds: float = 15.0,
) -> Iterator[KafkaAdminClient]:
    """A connected admin client; errors in the block are raised as KafkaFailure.

    ``doing`` completes the sentence "While …". Blocks for at most ``timeout_seconds`` a request.
    """
    timeout_ms = round(timeout_seconds * 1000)
    with translated(doing, security.who):
        admin = _Admin(
            bootstrap_servers=bootstrap.split(","),
            bootstrap_timeout_ms=timeout_ms,
            request_timeout_ms=timeout_ms,
            client_id=client_id,
            **security.options(),
        )
        try:
            yield admin
        finally:
            admin.close()


class _Admin(KafkaAdminClient):  # type: ignore[misc]  # kafka-python has no annotations
    """Ends its thread when no broker was found; by itself that goes on looking for ever."""

    def __init__(self, **settings: Any) -> None:
        try:
            super().__init__(**settings)
        except BaseException:
            if client := getattr(self, "_client", None):
                client.close()
            raise
