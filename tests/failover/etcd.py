"""Three nodes of etcd (Debian: etcd-server), by which Patroni agrees on who leads."""

from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import httpx

from services.embedded.free_port import free_port
from services.embedded.leash import Leash

NODES: Final = 3
START_SECONDS: Final = 60.0


class Etcd:
    """A cluster on loopback ports, over one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._peers = [free_port() for _ in range(NODES)]
        self._ports = [free_port() for _ in range(NODES)]
        self.hosts = [f"127.0.0.1:{port}" for port in self._ports]
        self._leashes: list[Leash] = []

    def __enter__(self) -> Self:
        """Blocks until each node knows a leader."""
        cluster = ",".join(f"e{n}=http://127.0.0.1:{port}" for n, port in enumerate(self._peers))
        with ExitStack() as stack:
            for number, (host, peer) in enumerate(zip(self.hosts, self._peers, strict=True)):
                leash = Leash(
                    [
                        "etcd",
                        f"--name=e{number}",
                        f"--data-dir={self._folder / f'etcd-{number}'}",
                        f"--listen-client-urls=http://{host}",
                        f"--advertise-client-urls=http://{host}",
                        f"--listen-peer-urls=http://127.0.0.1:{peer}",
                        f"--initial-advertise-peer-urls=http://127.0.0.1:{peer}",
                        f"--initial-cluster={cluster}",
                        # On a machine that does much else, a leader is not missed at once.
                        "--heartbeat-interval=200",
                        "--election-timeout=2000",
                        "--logger=zap",
                    ],
                    self._folder / f"etcd-{number}.log",
                )
                stack.callback(leash.stop)
                self._leashes.append(leash)
            for leash, host in zip(self._leashes, self.hosts, strict=True):
                leash.wait_until(lambda host=host: _is_healthy(host), START_SECONDS)  # type: ignore[misc]
            stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for leash in self._leashes:
            leash.stop()


def _is_healthy(host: str) -> bool:
    try:
        return bool(httpx.get(f"http://{host}/health", timeout=2).json()["health"] == "true")
    except (httpx.HTTPError, KeyError, ValueError):
        return False
