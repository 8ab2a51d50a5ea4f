"""What every server has in common that is started here: it runs from `start` to `stop`, or while a block does."""

from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self

from services.embedded.leash import Leash


class Server(ABC):
    """A server process of this machine, on a leash while it runs."""

    _leash: Leash | None = None

    @abstractmethod
    def start(self) -> None:
        """Block until clients are served; raises ServerFailed when that does not come about."""

    def stop(self) -> None:
        """Shut down in order and block until the server is gone; harmless when it is."""
        if self._leash is not None:
            self._leash.stop()
            self._leash = None

    def kill(self) -> None:
        """End the server as `kill -9` would; for proofs of recovery."""
        if self._leash is not None:
            self._leash.kill()
            self._leash = None

    def is_running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._leash is not None and self._leash.is_running()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
