"""A folder of passwords, one file a user, readable by its owner only."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from services.kafka.connections import PasswordFile
from services.kafka.refusals import CredentialsUnusable

_BYTES: Final = 32
"""Of chance in a password."""


class Passwords:
    """The folder; it is made when the first password is."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def file(self, user: str) -> Path:
        """Where the user's password stands, or would stand."""
        return self._folder / user

    @contextmanager
    def of(self, user: str, *, new: bool) -> Iterator[str]:
        """The password of a user's file, for a block that has the cluster accept it; a new one where there is none.

        A new password takes its file's place when the block is left without an error: what the file holds is what
        the cluster takes. A file that is a link stays one: what it leads to is replaced. Raises CredentialsUnusable.
        """
        file = self.file(user).resolve()
        if file.exists() and not new:
            yield PasswordFile(file, "The file").read()
            return
        password = secrets.token_urlsafe(_BYTES)
        fresh = self._written(file.with_name(f".{user}.new"), password)
        try:
            yield password
        except BaseException:
            fresh.unlink()
            raise
        fresh.replace(file)

    def _written(self, file: Path, password: str) -> Path:
        try:
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            file.unlink(missing_ok=True)
            descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
                opened.write(password + "\n")
        except OSError as error:
            raise CredentialsUnusable(
                f"No password can be kept in {file.parent}: {error.strerror or error}."
            ) from error
        return file
