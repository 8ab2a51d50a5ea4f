"""A TCP port of the loopback interface on which nothing listens."""

import random
import socket

_FIRST, _LAST = 20_000, 32_000


def free_port() -> int:
    """A port that could be bound a moment ago, chosen at random.

    It lies below the range from which Linux (32768 up) and macOS (49152 up) take the ports of outgoing
    connections, so that no client can slip in between this answer and the server's own bind.
    """
    # Not from the seed of this process: others with the same one would draw the same ports.
    for port in random.SystemRandom().sample(range(_FIRST, _LAST), 100):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise OSError(f"no free port among 100 tried between {_FIRST} and {_LAST}")
