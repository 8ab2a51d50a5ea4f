"""Logins at the pages: a session of its own, kept in the database, so that every process of the API knows its end.

The cookie holds a random secret. The database holds its SHA-256, and the token as a digest keyed by the secret: who
reads the table can neither log in nor learn a token, and a session opens nothing any more once its token is taken out
of the settings.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import timedelta
from hashlib import sha256
from secrets import token_bytes
from typing import Any, Final

from projections.storage.sql import load
from services.http.access import Access, Caller
from services.http.database import Database, Session

SQL: Final = load("services.http", "sessions.sql")
SECRET_BYTES: Final = 32
LASTS: Final = timedelta(hours=12)


class Sessions:
    """The sessions of one API."""

    def __init__(self, access: Access, database: Database) -> None:
        """``database`` is a share of its own: cookies that nobody gave must not use up other questions' turns."""
        self._access = access
        self._database = database

    async def begin(self, token: str) -> str:
        """The cookie of a new session for a token that is known. Raises DatabaseAway."""
        secret = token_bytes(SECRET_BYTES)
        row = (sha256(secret).digest(), self._access.sealed(token, secret), LASTS)
        await self._database.write(SQL["begin"], *row)
        return urlsafe_b64encode(secret).decode().rstrip("=")

    async def caller(self, cookie: str | None) -> Caller | None:
        """Who a cookie stands for; None: nobody, or nobody any more. Raises DatabaseAway."""
        secret = _secret(cookie)
        if secret is None:
            return None

        async def read(session: Session) -> Any:
            return await session.fetchval(SQL["token"], sha256(secret).digest())

        sealed = await self._database.read(read)
        return None if sealed is None else self._access.unsealed(sealed, secret)

    async def end(self, cookie: str | None) -> None:
        """Ends the session of a cookie, if there is one. Raises DatabaseAway."""
        secret = _secret(cookie)
        if secret is not None:
            await self._database.write(SQL["end"], sha256(secret).digest())


def _secret(cookie: str | None) -> bytes | None:
    """What a cookie holds; None for a text that is no cookie of ours."""
    if cookie is None:
        return None
    try:
        secret = urlsafe_b64decode(cookie.encode("ascii") + b"=")
    except ValueError:
        return None
    return secret if len(secret) == SECRET_BYTES else None
