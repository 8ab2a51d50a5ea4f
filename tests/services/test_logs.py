"""What reaches an operator's log of what libraries say."""

import logging

import pytest
from kafka.errors import Cancelled, KafkaTimeoutError

from services.logs import configure


def test_a_client_that_is_closed_while_it_asks_is_no_error(
    capsys: pytest.CaptureFixture[str],
) -> None:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    try:
        configure("INFO")
        log = logging.getLogger("kafka.cluster")
        log.error("Metadata refresh: failed %s", Cancelled())
        assert capsys.readouterr().err == ""
        log.error("Metadata refresh: failed %s", KafkaTimeoutError())
        assert "Metadata refresh: failed" in capsys.readouterr().err
    finally:
        root.handlers[:] = before
        root.setLevel(level)
