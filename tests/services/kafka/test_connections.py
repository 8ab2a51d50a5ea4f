"""Connections to brokers leave no socket behind, whenever their client ends."""

import socket

from kafka.net.selector import NetworkSelector

from services.kafka.connections import _Transport


def test_a_client_that_ends_with_something_unsent_closes_its_socket() -> None:
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    with theirs:
        while True:  # until nothing more can be sent
            try:
                ours.send(b"x" * 65_536)
            except BlockingIOError:
                break
        net = NetworkSelector()
        transport = _Transport(net, ours)
        transport.write(b"last words")
        transport.close()
        assert ours.fileno() != -1
        net.close()
        assert ours.fileno() == -1
