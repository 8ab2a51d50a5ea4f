"""Why a broker and a client did not come together, in one sentence each that says what to do."""

import ssl
from collections.abc import Iterator, Mapping
from typing import Any, Final

from kafka.errors import (
    IllegalSaslStateError,
    InvalidReceiveError,
    KafkaConnectionError,
    SaslAuthenticationFailedError,
    UnsupportedSaslMechanismError,
)

# OpenSSL's X509_V_ERR_*, as `ssl.SSLCertVerificationError.verify_code` gives them.
_NOT_YET_VALID: Final = 9
_EXPIRED: Final = 10
_UNKNOWN_AUTHORITY: Final = frozenset({2, 18, 19, 20, 21})
_OTHER_NAME: Final = frozenset({62, 64})


class Refused(KafkaConnectionError):  # type: ignore[misc]  # kafka-python has no annotations
    """A broker and this client did not accept each other; the text is a sentence for people."""

    def __str__(self) -> str:
        return str(self.args[0])


class HungUp(Refused):
    """A broker ended the connection without a word: a listener of another kind, or one that is just stopping."""


class CredentialsUnusable(Refused):
    """A file with a password, certificate or key cannot be used now."""


def refusal(
    error: BaseException, place: str, protocol: str, config: Mapping[str, Any], certified: bool
) -> Refused | None:
    """What ``error`` means, met when connecting to ``place`` (host:port); None: nobody refused anything.

    ``config`` is that of the client: its user name and password file are named, never a password. ``certified``: it
    shows a certificate of its own.
    """
    for cause in _causes(error):
        if isinstance(cause, Refused):
            return cause
        if isinstance(cause, InvalidReceiveError) or str(cause).endswith("socket disconnected"):
            return HungUp(_hung_up(place, protocol))
        if sentence := _sentence(cause, place, protocol, config, certified):
            return Refused(sentence)
    return None


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and what it was made of: kafka-python wraps errors as arguments of others."""
    yield error
    if error.__cause__ is not None:
        yield from _causes(error.__cause__)
    for inner in error.args:
        if isinstance(inner, BaseException):
            yield from _causes(inner)


def _sentence(
    error: BaseException, place: str, protocol: str, config: Mapping[str, Any], certified: bool
) -> str | None:
    user = config.get("sasl_plain_username")
    file = getattr(config.get("sasl_plain_password"), "path", "")
    if isinstance(error, ssl.SSLCertVerificationError):
        return _distrusted(error, place)
    if isinstance(error, ssl.SSLError):
        return _alerted(error, place, protocol, certified)
    if isinstance(error, SaslAuthenticationFailedError):
        return (
            f"Kafka at {place} does not accept user {user} with the password in {file}: the password was changed, or "
            "the user was removed. Put the password that holds into that file; it is read again at each attempt."
        )
    if isinstance(error, UnsupportedSaslMechanismError | IllegalSaslStateError):
        return (
            f"Kafka at {place} does not offer {config.get('sasl_mechanism')} on this listener: set "
            "TUNTAS_KAFKA_SASL_MECHANISM, TUNTAS_KAFKA_SECURITY_PROTOCOL or the port to what it offers."
        )
    return None


def _distrusted(error: ssl.SSLCertVerificationError, place: str) -> str:
    """This client does not trust the broker's certificate."""
    code = error.verify_code
    if code == _EXPIRED:
        return (
            f"The certificate of Kafka at {place}, or of the authority that signed it, has expired: it has to be "
            "renewed there. If only the authority's was renewed, put the new one into TUNTAS_KAFKA_CA_FILE."
        )
    if code == _NOT_YET_VALID:
        return (
            f"The certificate of Kafka at {place} is not valid yet: set the clocks, or wait for it."
        )
    if code in _UNKNOWN_AUTHORITY:
        return (
            f"No authority that this client trusts has signed the certificate of Kafka at {place}: put the "
            "certificate of the one that did into TUNTAS_KAFKA_CA_FILE, or find out who answers there."
        )
    if code in _OTHER_NAME:
        host = place.rpartition(":")[0]
        return (
            f"The certificate of Kafka at {place} is not for the name {host}: name brokers in "
            "TUNTAS_KAFKA_BOOTSTRAP (and in the brokers' advertised.listeners) as their certificates do, or have "
            "one issued for this name."
        )
    return f"The certificate of Kafka at {place} is not to be trusted: {error.verify_message}."


def _alerted(error: ssl.SSLError, place: str, protocol: str, certified: bool) -> str:
    """The broker ended the TLS connection, or does not speak TLS."""
    reason = (error.reason or "").upper()
    if "ALERT" in reason and ("CERTIFICATE" in reason or "UNKNOWN_CA" in reason):
        if not certified:
            return (
                f"Kafka at {place} wants a client certificate on this port: name one in "
                "TUNTAS_KAFKA_CERTIFICATE_FILE and TUNTAS_KAFKA_KEY_FILE, or another port."
            )
        return (
            f"Kafka at {place} refused the client certificate ({reason.lower().replace('_', ' ')}): it was revoked, or "
            "the broker does not trust who signed it. Put another one into TUNTAS_KAFKA_CERTIFICATE_FILE and "
            "TUNTAS_KAFKA_KEY_FILE; they are read again at each attempt."
        )
    if isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError) or "WRONG_VERSION" in reason:
        return (
            f"Kafka at {place} does not speak TLS on this port: TUNTAS_KAFKA_SECURITY_PROTOCOL is {protocol}, so "
            "name the port of a listener with TLS."
        )
    return f"The TLS connection to Kafka at {place} failed: {reason.lower().replace('_', ' ') or error}."


def _hung_up(place: str, protocol: str) -> str:
    if protocol == "PLAINTEXT":
        return (
            f"Kafka at {place} hung up on a client without TLS and without a name: TUNTAS_KAFKA_SECURITY_PROTOCOL is "
            "PLAINTEXT, and that listener most likely wants SASL_SSL or SSL."
        )
    return (
        f"Kafka at {place} hung up before it answered anything: TUNTAS_KAFKA_SECURITY_PROTOCOL is {protocol}, and that "
        "listener most likely is of another kind."
    )
