"""Files that a command writes: there whole, or not at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

UNFINISHED: Final = ".part"


@contextmanager
def whole(path: Path) -> Iterator[IO[bytes]]:
    """A file that takes its place when it is whole and on disk, or not at all; raises OSError, which names it.

    What a link leads to is replaced, and not the link. A pipe or a device is written as it is.
    """
    try:
        if path.exists() and not path.is_file():
            with path.open("wb") as file:
                yield file
            return
        place = path.resolve()
        unfinished = place.with_name(place.name + UNFINISHED)
        try:
            with unfinished.open("wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            unfinished.replace(place)
        finally:
            unfinished.unlink(missing_ok=True)
    except ConnectionError:
        raise  # of what is asked for the content
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), str(path)) from error
