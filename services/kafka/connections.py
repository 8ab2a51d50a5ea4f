"""kafka-python's connections, made so that a secured cluster can be lived with.

What kafka-python 3.0.12 does by itself, and what is done here instead:

- It copies the password when a client is made. Here a `PasswordFile` is read whenever a session begins or is renewed
  (`register_sasl_mechanism`).
- Why a connection failed is only logged: a client that was refused says "Unable to bootstrap" after its whole bound,
  and tries again without a pause later. Here the attempt ends with a sentence as soon as all brokers have refused
  (`KafkaConnectionManager._connect`, `get_connection`, `_do_bootstrap`).
- A broker's last word, such as "wrong password", is dropped when the connection ends behind it (`_sock_recv`).
- A connection that is closed while something waits to be sent leaves its socket to the garbage collector when the
  client ends before it is sent (`_write_to_sock`).
- A TLS handshake has no bound, and one that fails leaves its socket open (`_build_transport`).

These seams are not public: services/kafka/seams.py lists and compares them, tests hold what they do.
"""

import ssl
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Any, Final

from kafka.errors import KafkaConnectionError, KafkaTimeoutError
from kafka.net.compat import KafkaNetClient
from kafka.net.inet import create_connection
from kafka.net.manager import KafkaConnectionManager
from kafka.net.sasl import register_sasl_mechanism
from kafka.net.sasl.plain import SaslMechanismPlain
from kafka.net.sasl.scram import SaslMechanismScram
from kafka.net.selector import NetworkSelector
from kafka.net.transport import KafkaSSLTransport, KafkaTCPTransport

from services.kafka.refusals import CredentialsUnusable, HungUp, Refused, refusal
from services.kafka.seams import check_seams

HANDSHAKE_SECONDS: Final = 10.0

Context = Callable[[], ssl.SSLContext]


class PasswordFile:
    """Stands for a password that is read when it is needed; shows its path only."""

    def __init__(self, path: Path, named: str = "TUNTAS_KAFKA_PASSWORD_FILE") -> None:
        """``named`` says in sentences which file it is."""
        self.path = path
        self._named = named

    def __repr__(self) -> str:
        return f"PasswordFile({str(self.path)!r})"

    def read(self) -> str:
        """The password: the file's text without the line break at its end; raises CredentialsUnusable."""
        try:
            password = self.path.read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            why = "is not text in UTF-8" if isinstance(error, ValueError) else error.strerror
            raise CredentialsUnusable(
                f"{self._named} {self.path} cannot be read: {why}."
            ) from None  # whose trace would hold the file's bytes
        if not password:
            raise CredentialsUnusable(f"{self._named} {self.path} is empty.")
        return password


def _with_password(config: dict[str, Any]) -> dict[str, Any]:
    password = config["sasl_plain_password"]
    if isinstance(password, PasswordFile):
        return {**config, "sasl_plain_password": password.read()}
    return config


class _Plain(SaslMechanismPlain):  # type: ignore[misc]  # kafka-python has no annotations
    def __init__(self, **config: Any) -> None:
        super().__init__(**_with_password(config))


class _Scram(SaslMechanismScram):  # type: ignore[misc]  # kafka-python has no annotations
    def __init__(self, **config: Any) -> None:
        super().__init__(**_with_password(config))


register_sasl_mechanism("PLAIN", _Plain, overwrite=True)
register_sasl_mechanism("SCRAM-SHA-512", _Scram, overwrite=True)


class _Transport(KafkaTCPTransport):  # type: ignore[misc]  # kafka-python has no annotations
    """A TCP connection of which what the broker said last is read before its end."""

    def _sock_recv(self) -> tuple[bytes, Exception | None]:
        data, error = super()._sock_recv()
        return data, None if data else error

    async def _write_to_sock(self) -> None:
        try:
            await super()._write_to_sock()
        except BaseException:
            # The client is closed before everything is sent, and nobody else closes the socket.
            if self._closed and self._sock is not None:
                self._sock.close()
            raise


class _TlsTransport(_Transport, KafkaSSLTransport):  # type: ignore[misc]
    """The same over TLS, with a handshake that has an end."""

    async def handshake(self, timeout_at: float | None = None) -> None:
        until = monotonic() + HANDSHAKE_SECONDS
        until = until if timeout_at is None else min(until, timeout_at)
        while True:
            try:
                self._sock.do_handshake()
            except ssl.SSLWantReadError:
                await self._net.wait_read(self._sock, timeout_at=until)
            except ssl.SSLWantWriteError:
                await self._net.wait_write(self._sock, timeout_at=until)
            else:
                return


class ConnectionManager(KafkaConnectionManager):  # type: ignore[misc]  # without annotations
    """Makes the connections of one client, and knows why the last ones were refused."""

    def __init__(
        self, net: Any, protocol: str, context: Context | None, certified: bool, **config: Any
    ) -> None:
        """``context`` makes that of a TLS connection; ``certified``: with a client certificate."""
        super().__init__(net, **config)
        self._certified = certified
        self._protocol = protocol
        self._context = context
        self.refusals: dict[Any, Refused] = {}
        """By node, until it takes a connection."""

    @property
    def refused(self) -> Refused | None:
        """Why a connection was refused last, as long as that node has taken none since."""
        return next(reversed(list(self.refusals.values())), None)

    async def _build_transport(self, node: Any, timeout_at: float | None = None) -> Any:
        context = None if self._context is None else self._context()
        sock = await create_connection(
            self._net,
            node.host,
            node.port,
            self.config["socket_options"],
            proxy_url=self.config["proxy_url"],
            timeout_at=timeout_at,
        )
        if context is None:
            return _Transport(self._net, sock, host=node.host)
        try:
            transport = _TlsTransport(self._net, sock, host=node.host, ssl_context=context)
        except BaseException:
            sock.close()
            raise
        try:
            await transport.handshake(timeout_at)
        except (OSError, ValueError, KafkaTimeoutError) as error:
            transport.abort(error)
            raise KafkaConnectionError(error) from error
        except BaseException:
            transport.abort()
            raise
        return transport

    async def _connect(
        self,
        node: Any,
        conn: Any,
        reset_backoff_on_connect: bool = True,
        timeout_at: float | None = None,
    ) -> None:
        before = self._backoff.get(node.node_id)
        await super()._connect(node, conn, reset_backoff_on_connect=False, timeout_at=timeout_at)
        if conn.connected:
            self._forget(node)
            if not self.bootstrapped:  # it may yet hang up on the first question
                conn.close_future.add_errback(lambda error: self._note(node, error))
            if reset_backoff_on_connect:
                self.reset_backoff(node.node_id)
        elif conn.init_future.failed():
            self._note(node, conn.init_future.exception)
            if self._backoff.get(node.node_id) == before:  # by itself only where nobody answered
                self.update_backoff(node.node_id)

    def _note(self, node: Any, error: BaseException) -> None:
        found = refusal(
            error, f"{node.host}:{node.port}", self._protocol, self.config, self._certified
        )
        self._forget(node)
        if found is not None:
            self.refusals[node.node_id] = found

    def _forget(self, node: Any) -> None:
        """Forgets what the node refused; that it hung up on first questions only when one was answered."""
        if self.bootstrapped or not isinstance(self.refusals.get(node.node_id), HungUp):
            self.refusals.pop(node.node_id, None)

    def get_connection(self, node_id: Any, **how: Any) -> Any:
        """As kafka-python's; raises Refused when every broker to begin with has said no to this client."""
        if not self.bootstrapped and self.refused is not None:
            asked = {broker.node_id for broker in self.cluster.bootstrap_brokers()}
            said_no = {node for node, why in self.refusals.items() if not isinstance(why, HungUp)}
            if asked <= said_no:
                raise self.refused
        return super().get_connection(node_id, **how)

    async def _do_bootstrap(self, deadline: float | None) -> Any:
        try:
            done = await super()._do_bootstrap(deadline)
        except KafkaTimeoutError as error:
            if self.refused is not None:
                raise self.refused from error
            raise
        self.refusals.clear()
        return done


def new_client(
    protocol: str, context: Context | None, certified: bool
) -> Callable[..., KafkaNetClient]:
    """What makes a client's network part: the option ``kafka_client`` of every kafka-python client.

    Raises KafkaPythonChanged.
    """
    check_seams()

    def make(**config: Any) -> KafkaNetClient:
        net = NetworkSelector(**config)
        manager = ConnectionManager(net, protocol, context, certified, **config)
        return KafkaNetClient(net, manager)

    return make
