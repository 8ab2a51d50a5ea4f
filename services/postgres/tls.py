"""Why PostgreSQL and a client did not agree on TLS, in one sentence each that says what to do.

libpq and asyncpg read the same parameters of TUNTAS_DATABASE_URL (sslmode, sslrootcert, sslcert, sslkey) and read the
files again at each connection. They differ in what they say, and libpq does not say why it distrusts a certificate.
"""

import ssl
from pathlib import Path
from typing import Final

from psycopg2.extensions import parse_dsn

_UNKNOWN_AUTHORITY: Final = (
    "No authority in the file that sslrootcert names in TUNTAS_DATABASE_URL has signed the certificate that PostgreSQL "
    "shows: put the certificate of the one that did into it, or find out who answers there"
)
_EXPIRED: Final = "The certificate that PostgreSQL shows has expired: have it renewed on the server"
_DISTRUSTED: Final = (
    "The certificate that PostgreSQL shows is not to be trusted: it has expired, or no authority in the file that "
    "sslrootcert names in TUNTAS_DATABASE_URL has signed it. Have it renewed on the server, or put the certificate of "
    "the authority that signed it into that file"
)
_OTHER_NAME: Final = (
    "The certificate that PostgreSQL shows is not for the host that TUNTAS_DATABASE_URL names: name the server as its "
    "certificate does, or have one issued for this name"
)
_NO_FILE: Final = (
    "There is no file of authorities to check PostgreSQL's certificate by: name one that is there as sslrootcert in "
    "TUNTAS_DATABASE_URL"
)
_NO_TLS: Final = (
    "PostgreSQL does not speak TLS there, and sslmode in TUNTAS_DATABASE_URL asks for it: turn ssl on there, or name "
    "the port that has it"
)

_SAID: Final = {
    "certificate has expired": _EXPIRED,
    "certificate verify failed": _DISTRUSTED,
    "does not match host name": _OTHER_NAME,
    "root certificate file": _NO_FILE,
    "does not support SSL": _NO_TLS,
    "rejected SSL upgrade": _NO_TLS,
}
"""What the drivers' messages hold, and what it means."""

_CODES: Final = {
    10: _EXPIRED,
    18: _UNKNOWN_AUTHORITY,
    19: _UNKNOWN_AUTHORITY,
    20: _UNKNOWN_AUTHORITY,
}
_CODES_OF_NAMES: Final = frozenset({62, 64})


def tls_sentence(said: str) -> str | None:
    """What a driver's message means; None: it is not about TLS."""
    for words, sentence in _SAID.items():
        if words in said:
            return f"{sentence} ({said})."
    return None


def tls_failure(error: BaseException, database_url: str) -> str | None:
    """What an error of asyncpg means, met when connecting to this database; None: it is not about TLS."""
    if isinstance(error, ssl.SSLCertVerificationError):
        found = _OTHER_NAME if error.verify_code in _CODES_OF_NAMES else None
        sentence = found or _CODES.get(error.verify_code, _DISTRUSTED)
        return f"{sentence} ({error.verify_message.rstrip('.')})."
    if isinstance(error, FileNotFoundError):
        file = parse_dsn(database_url).get("sslrootcert")
        return None if file is None or Path(file).exists() else f"{_NO_FILE} ({file})."
    return tls_sentence(str(error))
