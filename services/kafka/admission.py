"""Who is refused before ever being let in has settings that somebody has to mend; who was let in waits for that.

A password is renewed at the cluster and in its file, never at the same instant; so a service that has worked with what
it shows goes on trying, with the files as they are then. One that has never worked with it is not going to.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from services.kafka.failures import NotLetIn
from services.unworkable import AccessRefused


class Admission:
    """Whether a cluster has let one service in since the service began."""

    def __init__(self) -> None:
        self.is_granted = False
        """True from the first time that it did what it is there for."""

    @contextmanager
    def sought(self) -> Iterator[None]:
        """A block in which a refusal ends the service (AccessRefused) as long as admission was not granted."""
        try:
            yield
        except NotLetIn as refused:
            if self.is_granted:
                raise
            raise AccessRefused(str(refused)) from refused
