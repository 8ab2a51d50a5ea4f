"""Why a server did not let us in: libpq says it in a sentence in the server's language, and in no code.

So the question is put once more by the other driver, which knows the code. That happens only after a connection failed.
"""

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from services.unworkable import AccessRefused, Unworkable

TIMEOUT_SECONDS: Final = 5
NO_DATABASE: Final = "3D000"
ADVICE: Final[Mapping[str, str]] = {
    "28": "Check the user and the password in TUNTAS_DATABASE_URL, and who pg_hba.conf lets in",
    "42501": "Grant this user the right, or name another one in TUNTAS_DATABASE_URL",
}
"""What to do, by the SQLSTATE or its class."""


def refusal(database_url: str) -> Unworkable | None:
    """Why the server will never let us in as we are; None when it is away, or busy, or lets us in now. Blocks."""
    with ThreadPoolExecutor(1) as thread:  # this one may have an event loop of its own
        code, said = thread.submit(asyncio.run, _ask(database_url)).result()
    return access_refused(code, said)


def access_refused(code: str | None, said: str) -> Unworkable | None:
    """What a SQLSTATE with the server's sentence stands for, if it is a refusal that waiting does not mend."""
    if code == NO_DATABASE:
        return Unworkable(f"{said}. Create it, or name another one in TUNTAS_DATABASE_URL.")
    advice = ADVICE.get(code or "") or ADVICE.get((code or "")[:2])
    return None if advice is None else AccessRefused(f"{said} ({code}). {advice}.")


async def _ask(database_url: str) -> tuple[str | None, str]:
    import asyncpg  # noqa: PLC0415 - a tenth of what a worker loads, for this alone

    try:
        session = await asyncpg.connect(database_url, timeout=TIMEOUT_SECONDS)
    except asyncpg.PostgresError as error:
        return error.sqlstate, f"PostgreSQL refuses: {error}"
    except (
        OSError,
        TimeoutError,
        ValueError,
        asyncpg.InterfaceError,
        asyncpg.TargetServerAttributeNotMatched,  # of several servers none leads
    ):
        return None, ""
    session.terminate()
    return None, ""
