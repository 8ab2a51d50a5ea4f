"""What of kafka-python is used without being public is there, and a version without it is named."""

from typing import Any

import kafka
import pytest
from kafka.consumer.fetcher import Fetcher
from kafka.coordinator.base import BaseCoordinator

from services.kafka.connections import new_client
from services.kafka.seams import KafkaPythonChanged, broken_seams, check_seams


@pytest.fixture(autouse=True)
def looked_at_anew() -> Any:
    check_seams.cache_clear()
    yield
    check_seams.cache_clear()


def test_the_installed_version_has_every_seam() -> None:
    assert list(broken_seams()) == []


def test_a_version_that_changed_is_named_before_a_client_is_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def append(_self: object, _drained: object, _part: object) -> None: ...

    def plain(_self: object) -> None: ...

    monkeypatch.setattr(Fetcher, "_append", append)
    monkeypatch.delattr(Fetcher, "_parse_fetched_data")
    monkeypatch.setattr(BaseCoordinator, "__init__", plain)
    monkeypatch.setattr(kafka, "__version__", "3.1.0")
    with pytest.raises(KafkaPythonChanged) as changed:
        new_client("PLAINTEXT", None, certified=False)
    message = str(changed.value)
    assert message.startswith("kafka-python 3.1.0 is installed, and Tuntas builds on 3.0.12")
    assert "Fetcher._append takes _self, _drained, _part (services/kafka/fetching.py)" in message
    assert "Fetcher._parse_fetched_data is gone (services/kafka/fetching.py)" in message
    assert "BaseCoordinator.rejoining is gone (services/kafka/membership.py)" in message
