"""Each way in which a secured cluster and a client do not come together is told in a sentence."""

import logging
import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from time import monotonic

import msgspec
import pytest

from services.kafka.admin import admin_client
from services.kafka.consumer import PartnerConsumer
from services.kafka.failures import BrokerRefused, BrokerUnavailable
from services.kafka.producer import Producer
from services.kafka.security import UNSECURED, Security
from services.kafka.topics import ensure_topics
from tests.services.kafka.secured.cluster import (
    HOST,
    PLAIN_USER,
    Authority,
    SecuredKafka,
    comes_in,
)
from tests.services.kafka.secured.conftest import Users

pytestmark = pytest.mark.apache

PASSWORD = "not-to-be-seen-anywhere"


def sooner_or_later_refused(bootstrap: str, security: Security) -> str:
    """Why the client is not let in any more: the broker hears of changed users a moment later."""
    until = monotonic() + 10
    while monotonic() < until:
        try:
            with admin_client(bootstrap, security, "asking"):
                continue
        except BrokerRefused as refused:
            return str(refused)
    pytest.fail("the client is still let in")


def refusal(bootstrap: str, security: Security) -> str:
    started = monotonic()
    with (
        pytest.raises(BrokerRefused) as refused,
        admin_client(bootstrap, security, "asking", timeout_seconds=3),
    ):
        pass
    assert monotonic() - started < 5
    return str(refused.value)


@pytest.fixture
def joe(users: Users) -> Security:
    security = users.set("joe", PASSWORD)
    assert comes_in(users.cluster.bootstrap, security)
    return security


def test_users_and_holders_of_certificates_are_let_in(secured: SecuredKafka, joe: Security) -> None:
    assert comes_in(secured.bootstrap, joe)
    assert comes_in(secured.bootstrap, secured.with_password(*PLAIN_USER, "PLAIN"))
    assert comes_in(secured.certificate_door, secured.with_certificate("anybody"))


def test_a_wrong_password_and_a_user_that_is_not_there(
    secured: SecuredKafka, joe: Security, users: Users
) -> None:
    file = secured.secrets / "joe"
    said = (
        f"Kafka at {secured.bootstrap} does not accept user joe with the password in {file}: the password was "
        "changed, or the user was removed. Put the password that holds into that file; it is read again at each "
        "attempt."
    )
    file.write_text("wrong")
    assert refusal(secured.bootstrap, joe) == said
    file.write_text(PASSWORD + "\n")
    assert comes_in(secured.bootstrap, joe)
    users.remove("joe")
    assert sooner_or_later_refused(secured.bootstrap, joe) == said
    wrong = secured.with_password(PLAIN_USER[0], "wrong", "PLAIN")
    assert "does not accept user plain-user" in refusal(secured.bootstrap, wrong)


Spoil = Callable[[SecuredKafka, Security, Path], tuple[str, Security]]

REFUSALS: dict[str, tuple[Spoil, str]] = {
    "the broker's certificate has expired": (
        lambda cluster, good, _: (cluster.expired_door, good),
        "The certificate of Kafka at {place}, or of the authority that signed it, has expired: ",
    ),
    "the broker's authority is not known": (
        lambda cluster, good, tmp: (
            cluster.bootstrap,
            msgspec.structs.replace(good, ca_file=Authority(tmp / "other").ca_file),
        ),
        "No authority that this client trusts has signed the certificate of Kafka at {place}: put ",
    ),
    "the broker's certificate is for another name": (
        lambda cluster, good, _: (cluster.bootstrap.replace(HOST, "localhost"), good),
        "The certificate of Kafka at {place} is not for the name localhost: name brokers in ",
    ),
    "the client's certificate has expired": (
        lambda cluster, _, __: (
            cluster.certificate_door,
            cluster.with_certificate("late", expired=True),
        ),
        "The client certificate TUNTAS_KAFKA_CERTIFICATE_FILE ",
    ),
    "the client's certificate is from elsewhere": (
        lambda cluster, _, tmp: (
            cluster.certificate_door,
            cluster.with_certificate("admin", authority=Authority(tmp / "other")),
        ),
        "Kafka at {place} refused the client certificate (",
    ),
    "the client has no certificate": (
        lambda cluster, good, _: (
            cluster.certificate_door,
            Security("SSL", ca_file=good.ca_file),
        ),
        "Kafka at {place} wants a client certificate on this port: ",
    ),
    "the client has no certificate but a password": (
        lambda cluster, good, _: (cluster.certificate_door, good),
        "Kafka at {place} wants a client certificate on this port: ",
    ),
    "the mechanism is not offered": (
        lambda cluster, good, _: (
            cluster.bootstrap,
            msgspec.structs.replace(good, mechanism="SCRAM-SHA-256"),
        ),
        "Kafka at {place} does not offer SCRAM-SHA-256 on this listener: ",
    ),
    "the client speaks no TLS": (
        lambda cluster, _, __: (cluster.bootstrap, UNSECURED),
        "Kafka at {place} hung up on a client without TLS and without a name: ",
    ),
    "the client has no password": (
        lambda cluster, good, _: (cluster.bootstrap, Security("SSL", ca_file=good.ca_file)),
        "Kafka at {place} hung up before it answered anything: TUNTAS_KAFKA_SECURITY_PROTOCOL is SSL, ",
    ),
    "the password's file is missing": (
        lambda cluster, good, tmp: (
            cluster.bootstrap,
            msgspec.structs.replace(good, password_file=tmp / "none"),
        ),
        "TUNTAS_KAFKA_PASSWORD_FILE {tmp}/none cannot be read: No such file or directory.",
    ),
    "the authorities' file is missing": (
        lambda cluster, good, tmp: (
            cluster.bootstrap,
            msgspec.structs.replace(good, ca_file=tmp / "none"),
        ),
        "TUNTAS_KAFKA_CA_FILE {tmp}/none cannot be read: No such file or directory.",
    ),
    "certificate and key are no pair": (
        lambda cluster, _, __: (
            cluster.certificate_door,
            msgspec.structs.replace(
                cluster.with_certificate("one"), key_file=cluster.with_certificate("two").key_file
            ),
        ),
        "TUNTAS_KAFKA_CERTIFICATE_FILE ",
    ),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_what_is_wrong_is_told(
    secured: SecuredKafka,
    joe: Security,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    name: str,
) -> None:
    spoil, said = REFUSALS[name]
    bootstrap, security = spoil(secured, joe, tmp_path)
    with caplog.at_level(logging.INFO):
        told = refusal(bootstrap, security)
    assert told.startswith(said.format(place=bootstrap, tmp=tmp_path))
    assert PASSWORD not in told + caplog.text


@pytest.mark.parametrize("client", ["consumer", "producer", "topics"])
def test_every_client_tells_it(secured: SecuredKafka, joe: Security, client: str) -> None:
    (secured.secrets / "joe").write_text("wrong")
    clients: dict[str, Callable[[], object]] = {
        "consumer": lambda: PartnerConsumer(secured.bootstrap, "group", security=joe),
        "producer": lambda: Producer(secured.bootstrap, security=joe),
        "topics": lambda: ensure_topics(secured.bootstrap, security=joe),
    }
    with pytest.raises(BrokerRefused, match="does not accept user joe with the password in"):
        clients[client]()


def test_of_several_brokers_one_that_agrees_is_enough(secured: SecuredKafka, joe: Security) -> None:
    assert comes_in(f"{secured.expired_door},{secured.bootstrap}", joe)


@pytest.fixture
def silent() -> Iterator[str]:
    """A port that takes connections and never says a word."""
    with closing(socket.create_server((HOST, 0))) as server:
        yield f"{HOST}:{server.getsockname()[1]}"


def test_a_server_that_does_not_answer_a_handshake_is_given_up(silent: str, joe: Security) -> None:
    started = monotonic()
    with (
        pytest.raises(BrokerUnavailable),
        admin_client(silent, joe, "asking", timeout_seconds=1),
    ):
        pass
    assert monotonic() - started < 5
