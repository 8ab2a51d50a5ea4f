"""A secured Apache Kafka of the tests' own: TLS, SCRAM and PLAIN users, client certificates, an authorizer.

Certificates are made by trustme for the run and never leave its folder. The doors:

- SASL_SSL for Tuntas and its partners (SCRAM-SHA-512, and PLAIN for one user);
- the same with a certificate that has expired;
- SSL with client certificates, for the administrator (the name in it: `admin`) and whoever shows one;
- the controller's, SSL with client certificates as well.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic

import trustme
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from services.embedded.apache_kafka import ApacheKafka
from services.embedded.free_port import free_port
from services.kafka.admin import admin_client
from services.kafka.failures import BrokerRefused
from services.kafka.security import Security

HOST = "127.0.0.1"
RENEWED_AFTER_MS = 3_000
PLAIN_USER = ("plain-user", "plain-password")


class Authority:
    """A certificate authority of one run, and the files of what it has issued."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._ca = trustme.CA()
        self.ca_file = folder / "ca.pem"
        self._ca.cert_pem.write_to_path(self.ca_file)

    def issue(
        self, *names: str, common_name: str | None = None, expired: bool = False
    ) -> tuple[Path, Path]:
        """The files of a new certificate and of its key."""
        until = datetime.now(UTC) - timedelta(days=1) if expired else None
        issued = self._ca.issue_cert(
            *(names or (f"{common_name}.example",)),
            common_name=common_name,
            not_after=until,
            key_type=trustme.KeyType.RSA,
        )
        stem = f"{common_name or names[0]}-{len(list(self.folder.iterdir()))}"
        certificate, key = self.folder / f"{stem}.pem", self.folder / f"{stem}.key"
        issued.cert_chain_pems[0].write_to_path(certificate)
        key.write_bytes(pkcs8(issued.private_key_pem.bytes()))
        return certificate, key


def pkcs8(pem: bytes) -> bytes:
    """The same key in the one form that Kafka reads."""
    key = load_pem_private_key(pem, None)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def comes_in(bootstrap: str, security: Security, seconds: float = 15.0) -> bool:
    """Whether the client is let in within five seconds: a new user is known a moment later."""
    until = monotonic() + 5
    while True:
        try:
            with admin_client(bootstrap, security, "asking", timeout_seconds=seconds) as admin:
                return bool(admin.describe_cluster()["cluster_id"])
        except BrokerRefused:
            if monotonic() > until:
                raise


class SecuredKafka:
    """One broker. ``bootstrap`` is the SASL_SSL door, ``certificate_door`` the one for client certificates."""

    def __init__(self, folder: Path) -> None:
        self.authority = Authority(folder / "certificates")
        self.bootstrap = f"{HOST}:{free_port()}"
        self.expired_door = f"{HOST}:{free_port()}"
        """As ``bootstrap``, with a certificate that has expired."""
        self.secrets = folder / "secrets"
        self.secrets.mkdir()
        self._keystore = self._shown(folder / "broker.pem")
        self._expired = self._shown(folder / "expired.pem", expired=True)
        self.admin = self.with_certificate("admin")
        self.kafka = ApacheKafka(
            folder / "broker", properties=self._properties, security=self.admin
        )
        self.certificate_door = self.kafka.bootstrap

    def _shown(self, keystore: Path, *, expired: bool = False) -> Path:
        """The file with a certificate of the broker's and its key."""
        certificate, key = self.authority.issue(HOST, common_name="broker", expired=expired)
        keystore.write_bytes(key.read_bytes() + certificate.read_bytes())
        return keystore

    def with_certificate(
        self, name: str, *, authority: Authority | None = None, expired: bool = False
    ) -> Security:
        """Who shows a new client certificate of this name."""
        issuer = authority or self.authority
        certificate, key = issuer.issue(common_name=name, expired=expired)
        return Security(
            "SSL", ca_file=self.authority.ca_file, certificate_file=certificate, key_file=key
        )

    def with_password(self, user: str, password: str, mechanism: str = "SCRAM-SHA-512") -> Security:
        """Who shows this password; it stands in ``secrets / user``."""
        file = self.secrets / user
        file.write_text(password)
        return self.user(user, file, mechanism)

    def user(self, user: str, file: Path, mechanism: str = "SCRAM-SHA-512") -> Security:
        """Who shows the password that this file holds."""
        return Security("SASL_SSL", mechanism, user, file, self.authority.ca_file)

    def _properties(self, broker: str, controller: str) -> Mapping[str, str]:
        plain = f'username="unused" password="unused" user_{PLAIN_USER[0]}="{PLAIN_USER[1]}"'
        module = "org.apache.kafka.common.security"
        doors = f"USERS://{self.bootstrap},HOLDERS://{broker},EXPIRED://{self.expired_door}"
        return {
            "listeners": f"{doors},CONTROLLER://{controller}",
            "advertised.listeners": doors,
            "listener.security.protocol.map": (
                "USERS:SASL_SSL,EXPIRED:SASL_SSL,HOLDERS:SSL,CONTROLLER:SSL"
            ),
            "inter.broker.listener.name": "HOLDERS",
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": str(self._keystore),
            "listener.name.expired.ssl.keystore.type": "PEM",
            "listener.name.expired.ssl.keystore.location": str(self._expired),
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": str(self.authority.ca_file),
            "listener.name.holders.ssl.client.auth": "required",
            "listener.name.controller.ssl.client.auth": "required",
            "ssl.principal.mapping.rules": "RULE:^.*CN=([^,]+).*$/$1/",
            "sasl.enabled.mechanisms": "SCRAM-SHA-512",
            # Who is connected has to show its password again after so long.
            "connections.max.reauth.ms": str(RENEWED_AFTER_MS),
            "listener.name.users.sasl.enabled.mechanisms": "SCRAM-SHA-512,PLAIN",
            "listener.name.users.scram-sha-512.sasl.jaas.config": (
                f"{module}.scram.ScramLoginModule required;"
            ),
            "listener.name.expired.scram-sha-512.sasl.jaas.config": (
                f"{module}.scram.ScramLoginModule required;"
            ),
            "listener.name.users.plain.sasl.jaas.config": (
                f"{module}.plain.PlainLoginModule required {plain};"
            ),
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "super.users": "User:broker;User:admin",
        }
