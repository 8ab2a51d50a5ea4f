"""Commands that do not wait long for a Kafka that is away."""

import pytest

from services.kafka import log_watch


@pytest.fixture(autouse=True)
def _little_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_watch, "ANSWER_SECONDS", 1.0)
