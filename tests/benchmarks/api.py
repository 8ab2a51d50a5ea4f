"""HTTP servers of a benchmark: the real API, and the bare FastAPI beside it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from time import monotonic, sleep
from typing import Final
from urllib.error import URLError
from urllib.request import urlopen

from services.embedded.free_port import free_port
from tests.benchmarks.contenders.tuntas import environment_of
from tests.benchmarks.draining import Place, Process, last_words, running

TOKEN: Final = "benchmark-evaluator"
START_SECONDS: Final = 60.0


@contextmanager
def api(place: Place, *beside: Process) -> Iterator[str]:
    """The URL of `tuntas api`, one process, on the place's database; ``beside`` runs with it."""
    port = free_port()
    environment = environment_of(place) | {
        "TUNTAS_API_PORT": str(port),
        "TUNTAS_EVALUATOR_TOKENS": TOKEN,
        "TUNTAS_LOG_LEVEL": "warning",
    }
    processes = [Process(("-m", "services.cli", "api"), environment), *beside]
    with served(processes, place, f"http://127.0.0.1:{port}", "/livez") as url:
        yield url


@contextmanager
def bare(place: Place) -> Iterator[str]:
    """The URL of a FastAPI that says hello at `/hello`, one process under the same uvicorn settings."""
    port = free_port()
    process = Process(("-m", "tests.benchmarks.peers.hello", str(port)))
    with served([process], place, f"http://127.0.0.1:{port}", "/hello") as url:
        yield url


@contextmanager
def served(processes: Sequence[Process], place: Place, url: str, ready: str) -> Iterator[str]:
    """``url`` once it answers at ``ready``. Raises TimeoutError with the processes' last words."""
    with running(processes, place.folder):
        deadline = monotonic() + START_SECONDS
        while True:
            try:
                with urlopen(url + ready, timeout=5):
                    break
            except (URLError, OSError):
                if monotonic() > deadline:
                    raise TimeoutError(last_words(place.folder)) from None
                sleep(0.1)
        yield url
