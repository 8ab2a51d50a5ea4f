"""A process that is stuck in the Kafka client ends by itself, and says so."""

import subprocess
import sys
from signal import SIGCONT, SIGSTOP
from time import monotonic, sleep

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


STOPPED = """
import sys
from services.kafka.watchdog import Watchdog
with Watchdog().watch(4.0):
    print("begun", flush=True)
    sys.stdin.readline()
"""


def test_a_worker_that_was_stopped_for_longer_is_not_stuck() -> None:
    """It has a moment to go on once it runs again."""
    with subprocess.Popen(
        [sys.executable, "-c", STOPPED], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        process.send_signal(SIGSTOP)
        sleep(6)
        process.send_signal(SIGCONT)
        sleep(1.5)
        assert process.poll() is None
        process.communicate("\n", timeout=30)
    assert process.returncode == 0
