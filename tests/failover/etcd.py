"""Three nodes of etcd (Debian: etcd-server), by which Patroni agrees on who leads."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Final

import httpx

from services.embedded.free_port import free_port
from services.embedded.leash import Leash

NODES: Final = 3
START_SECONDS: Final = 60.0


@contextmanager
def etcd(folder: Path) -> Iterator[list[str]]:
    """The addresses of a cluster on loopback ports, over one folder; blocks until each node knows a leader."""
    hosts = [f"127.0.0.1:{free_port()}" for _ in range(NODES)]
    peers = [f"http://127.0.0.1:{free_port()}" for _ in range(NODES)]
    cluster = ",".join(f"e{number}={peer}" for number, peer in enumerate(peers))
    with ExitStack() as stack:
        leashes = []
        for number, (host, peer) in enumerate(zip(hosts, peers, strict=True)):
            leash = Leash(
                [
                    "etcd",
                    f"--name=e{number}",
                    f"--data-dir={folder / f'etcd-{number}'}",
                    f"--listen-client-urls=http://{host}",
                    f"--advertise-client-urls=http://{host}",
                    f"--listen-peer-urls={peer}",
                    f"--initial-advertise-peer-urls={peer}",
                    f"--initial-cluster={cluster}",
                    # On a machine that does much else, a leader is not missed at once.
                    "--heartbeat-interval=200",
                    "--election-timeout=2000",
                    "--logger=zap",
                ],
                folder / f"etcd-{number}.log",
            )
            stack.callback(leash.stop)
            leashes.append(leash)
        for leash, host in zip(leashes, hosts, strict=True):
            leash.wait_until(partial(_is_healthy, host), START_SECONDS)
        yield hosts


def _is_healthy(host: str) -> bool:
    try:
        return bool(httpx.get(f"http://{host}/health", timeout=2).json()["health"] == "true")
    except (httpx.HTTPError, KeyError, ValueError):
        return False
