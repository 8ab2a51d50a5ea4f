"""A process that is stuck in the Kafka client ends by itself, and says so."""

import subprocess
import sys
from time import monotonic

from services.kafka.watchdog import STUCK_EXIT_CODE

STUCK = """
import logging, sys, threading
logging.basicConfig(format="%(message)s")
from services.kafka.consumer import PartnerConsumer
consumer = PartnerConsumer(sys.argv[1], "stuck", "^no-topic$", stuck_after_seconds=1.0)
consumer._kafka.poll = lambda *_: threading.Event().wait()
consumer.poll(0.1, 10)
"""


def test_a_worker_whose_poll_does_not_return_ends_loudly(bootstrap: str) -> None:
    started = monotonic()
    ended = subprocess.run(
        [sys.executable, "-c", STUCK, bootstrap],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == STUCK_EXIT_CODE
    assert "a call into the Kafka client did not return; leaving the process" in ended.stderr
    assert "in poll" in ended.stderr  # the stack says where
    assert monotonic() - started < 30
