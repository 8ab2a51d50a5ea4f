"""How a Kafka client proves who it is and whom it trusts: the one place that turns settings into client options.

Secrets are files. Each is read when a connection is made or its session is renewed, so that a new password or
certificate is used without a restart.
"""

import ssl
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from msgspec import Struct

from services.kafka.connections import PasswordFile, new_client
from services.kafka.refusals import CredentialsUnusable
from services.kafka.sockets import CLOSING_SOCKETS
from services.settings import Settings

_TLS: Final = frozenset({"SSL", "SASL_SSL"})
_SASL: Final = frozenset({"SASL_PLAINTEXT", "SASL_SSL"})


class Security(Struct, frozen=True):
    """What a client shows of itself, and what it believes; by default nothing, and anybody."""

    protocol: str = "PLAINTEXT"
    mechanism: str = "SCRAM-SHA-512"
    username: str = ""
    password_file: Path | None = None
    ca_file: Path | None = None
    """None: the authorities that this machine trusts."""
    certificate_file: Path | None = None
    key_file: Path | None = None
    """None: the key stands in ``certificate_file``."""

    @property
    def who(self) -> str:
        """The principal, for sentences."""
        if self.protocol in _SASL:
            return f"user {self.username}"
        if self.certificate_file:
            return f"the holder of {self.certificate_file}"
        return "a client without a name"

    def options(self) -> dict[str, Any]:
        """The options that every kafka-python client of this project is made with."""
        sasl = self.protocol in _SASL
        return {
            "security_protocol": self.protocol,
            "sasl_mechanism": self.mechanism if sasl else None,
            "sasl_plain_username": self.username if sasl else None,
            "sasl_plain_password": PasswordFile(self.password_file or Path()) if sasl else None,
            "proxy_url": CLOSING_SOCKETS,
            # Whoever waits for a broker that comes back is to notice it: kafka-python's own is 30 seconds.
            "reconnect_backoff_max_ms": 1_000,
            "kafka_client": new_client(
                self.protocol,
                self.tls_context if self.protocol in _TLS else None,
                self.certificate_file is not None,
            ),
        }

    def tls_context(self) -> ssl.SSLContext:
        """What a TLS connection is made with, from the files as they are now; raises CredentialsUnusable."""
        context = ssl.SSLContext(
            ssl.PROTOCOL_TLS_CLIENT
        )  # which verifies certificate and host name
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if self.ca_file is None:
            context.load_default_certs()
        else:
            self._load_authorities(context, self.ca_file)
        if self.certificate_file is not None:
            self._load_certificate(context, self.certificate_file)
        return context

    def _load_authorities(self, context: ssl.SSLContext, file: Path) -> None:
        try:
            context.load_verify_locations(cafile=file)
        except ssl.SSLError as error:
            raise CredentialsUnusable(
                f"TUNTAS_KAFKA_CA_FILE {file} holds no certificate in PEM form."
            ) from error
        except OSError as error:
            raise _unreadable("TUNTAS_KAFKA_CA_FILE", file, error) from error

    def _load_certificate(self, context: ssl.SSLContext, file: Path) -> None:
        key = self.key_file or file
        for name, path in (("CERTIFICATE_FILE", file), ("KEY_FILE", key)):
            try:
                path.open("rb").close()
            except OSError as error:
                raise _unreadable(f"TUNTAS_KAFKA_{name}", path, error) from error
        try:
            context.load_cert_chain(file, key, password=_refuse_to_ask)
        except _EncryptedKey as error:
            raise CredentialsUnusable(
                f"The key in {key} is encrypted; TUNTAS_KAFKA_KEY_FILE takes one that is not."
            ) from error
        except ssl.SSLError as error:
            raise CredentialsUnusable(
                f"TUNTAS_KAFKA_CERTIFICATE_FILE {file} and the key in {key} cannot be used together: they are "
                f"no pair, or one of them is not in PEM form ({error.reason or 'damaged'})."
            ) from error
        if (until := _valid_until(file)) < datetime.now(UTC):
            raise CredentialsUnusable(
                f"The client certificate TUNTAS_KAFKA_CERTIFICATE_FILE {file} has expired on {until:%Y-%m-%d at %H:%M} "
                "UTC: put a new one, and its key, in its place; they are read again at each attempt."
            )


UNSECURED: Final = Security()


def security_of(settings: Settings) -> Security:
    """The security that the settings name."""
    return Security(
        settings.kafka_security_protocol,
        settings.kafka_sasl_mechanism,
        settings.kafka_username,
        settings.kafka_password_file,
        settings.kafka_ca_file,
        settings.kafka_certificate_file,
        settings.kafka_key_file,
    )


def _valid_until(file: Path) -> datetime:
    """The end of the validity of the first certificate in a file that OpenSSL has read."""
    from cryptography.x509 import (  # noqa: PLC0415 - a tenth of what a worker loads, for TLS alone
        load_pem_x509_certificate,
    )

    return load_pem_x509_certificate(file.read_bytes()).not_valid_after_utc


class _EncryptedKey(Exception):
    """The key can only be read with a passphrase, which OpenSSL would ask for at the terminal."""


def _refuse_to_ask() -> str:
    raise _EncryptedKey


def _unreadable(setting: str, file: Path, error: OSError) -> CredentialsUnusable:
    return CredentialsUnusable(f"{setting} {file} cannot be read: {error.strerror or error}.")
