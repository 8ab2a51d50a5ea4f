"""Sockets that are closed when nobody answers; kafka-python leaves them to the garbage collector."""

from typing import Any, Final

from kafka.net.inet import KafkaNetSocket

CLOSING_SOCKETS: Final = "tuntas-direct://"
"""As `proxy_url` of a kafka-python client: connect directly, through `ClosingSocket`."""


class ClosingSocket(KafkaNetSocket):  # type: ignore[misc]  # kafka-python has no annotations
    """Found by kafka-python through its scheme, in its registry of ways to connect."""

    SCHEMES = ("tuntas-direct",)

    async def sock_connect(self, net: Any, sock: Any, sockaddr: Any, timeout_at: Any = None) -> Any:
        """The socket, connected."""
        try:
            return await super().sock_connect(net, sock, sockaddr, timeout_at=timeout_at)
        except BaseException:
            sock.close()
            raise
