"""Commands that do not wait long for a Kafka that is away."""

import pytest

from services.kafka import log_watch
from services.kafka.admin import admin_client
from services.kafka.producer import Producer
from services.kafka.topics import ensure_topics

PATIENCE_SECONDS = 1.0


@pytest.fixture(autouse=True)
def _little_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_watch, "ANSWER_SECONDS", PATIENCE_SECONDS)
    for waits, name in (
        (Producer.__init__, "unavailable_after_seconds"),
        (admin_client.__wrapped__, "timeout_seconds"),  # type: ignore[attr-defined]
        (ensure_topics, "timeout_seconds"),
    ):
        defaults = waits.__kwdefaults__
        assert defaults is not None
        monkeypatch.setitem(defaults, name, PATIENCE_SECONDS)
