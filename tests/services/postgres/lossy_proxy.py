"""A proxy before PostgreSQL that loses the connection around COMMIT."""

import socket
from threading import Thread

COMMIT = b"COMMIT\0"
TERMINATE = b"X\0\0\0\4"


class LossyProxy:
    """Listens on a loopback port and cuts the connection at its first COMMIT.

    ``delivered`` True: PostgreSQL has answered the COMMIT, only the answer is lost. False: PostgreSQL
    never hears of it.
    """

    def __init__(self, socket_path: str, *, delivered: bool) -> None:
        self._socket_path = socket_path
        self._delivered = delivered
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = Thread(target=self._serve_one, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._thread.join(timeout=10)
        self._listener.close()

    def _serve_one(self) -> None:
        client, _ = self._listener.accept()
        with client, socket.socket(socket.AF_UNIX) as server:
            server.connect(self._socket_path)
            back = Thread(target=_pump, args=(server, client), daemon=True)
            back.start()
            while data := client.recv(65536):
                if COMMIT not in data:
                    server.sendall(data)
                    continue
                client.shutdown(socket.SHUT_RDWR)
                if self._delivered:
                    # PostgreSQL reads Terminate only after it has carried out the COMMIT.
                    server.sendall(data + TERMINATE)
                else:
                    server.shutdown(socket.SHUT_RDWR)
                back.join(timeout=10)
                return


def _pump(source: socket.socket, target: socket.socket) -> None:
    """Pass on what comes; once the target is gone, go on reading until the source ends."""
    target_is_there = True
    while data := source.recv(65536):
        if target_is_there:
            try:
                target.sendall(data)
            except OSError:
                target_is_there = False
