"""A proxy before PostgreSQL that loses connections around COMMIT, or passes nothing on, when it is told to."""

import socket
from contextlib import suppress
from pathlib import Path
from threading import Event, Lock, Thread

from psycopg2.extensions import parse_dsn

from services.wiring import INGEST_PROCESS

COMMIT = b"COMMIT\0"
TERMINATE = b"X\0\0\0\4"
HEARTBEATS = (b"heartbeat\0", INGEST_PROCESS.encode())
"""What stands in the name of a connection on which a process says that it lives: on those COMMITs nothing depends."""


class CuttingProxy:
    """Passes everything on between a loopback port and PostgreSQL's socket, until `cut` is called."""

    def __init__(self, database_url: str) -> None:
        place = parse_dsn(database_url)
        self._socket_path = str(Path(place["host"]) / ".s.PGSQL.5432")
        self._listener = socket.create_server(("127.0.0.1", 0))
        port = self._listener.getsockname()[1]
        self.database_url = f"postgresql://{place['user']}@127.0.0.1:{port}/{place['dbname']}"
        self._lock = Lock()
        self._to_cut: list[bool] = []
        self._live: dict[socket.socket, Event] = {}
        """The connections to PostgreSQL, each with whether it is gone and its client does not know."""
        self._flows = Event()
        self._flows.set()
        self.cuts = 0
        """How many connections were lost so far."""
        self.delivered = 0
        """Of these, how many behind a COMMIT that was carried out."""
        self._thread = Thread(target=self._accept, daemon=True)
        self._thread.start()

    def cut(self, *, delivered: bool) -> None:
        """Loses a connection at the next COMMIT that is not a heartbeat's.

        ``delivered`` True: PostgreSQL carries the COMMIT out and only its answer is lost. False: it never hears of it.
        """
        with self._lock:
            self._to_cut.append(delivered)

    def forget(self) -> None:
        """Loses none of the connections that it was still to lose."""
        with self._lock:
            self._to_cut.clear()

    def hold(self) -> None:
        """Passes nothing on any more, either way, and closes nothing, until `let_go`."""
        self._flows.clear()

    def let_go(self) -> None:
        self._flows.set()

    def half_open(self) -> int:
        """Ends every connection on PostgreSQL's side only: to its client all seems well, and nobody answers.

        How many these were.
        """
        with self._lock:
            live = list(self._live.items())
        for server, gone in live:
            gone.set()
            with suppress(OSError):
                server.shutdown(socket.SHUT_RDWR)
        return len(live)

    def close(self) -> None:
        """Accepts no more connections."""
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return  # closed
            Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, socket.socket(socket.AF_UNIX) as server:
            try:
                server.connect(self._socket_path)
            except OSError:
                return  # PostgreSQL is away
            gone = Event()
            with self._lock:
                self._live[server] = gone
            back = Thread(target=_pump, args=(server, client, self._flows, gone), daemon=True)
            back.start()
            writes = True
            try:
                while data := client.recv(65_536):
                    self._flows.wait()
                    if gone.is_set():
                        continue  # nobody reads it
                    writes = writes and not any(name in data for name in HEARTBEATS)
                    if writes and COMMIT in data and (delivered := self._next_cut()) is not None:
                        client.shutdown(socket.SHUT_RDWR)
                        if delivered:
                            # PostgreSQL reads Terminate only after it has carried out the COMMIT.
                            server.sendall(data + TERMINATE)
                            back.join()
                        break
                    _send(server, data, gone)
            except OSError:
                return  # one of the two is gone: so is the other, when the sockets are closed
            finally:
                with self._lock:
                    self._live.pop(server, None)
                # Without this the server's end stays open as long as the other thread reads from it.
                with suppress(OSError):
                    server.shutdown(socket.SHUT_RDWR)

    def _next_cut(self) -> bool | None:
        with self._lock:
            if not self._to_cut:
                return None
            self.cuts += 1
            self.delivered += self._to_cut[0]
            return self._to_cut.pop(0)


def _send(server: socket.socket, data: bytes, gone: Event) -> None:
    try:
        server.sendall(data)
    except OSError:
        if not gone.is_set():
            raise


def _pump(source: socket.socket, target: socket.socket, flows: Event, gone: Event) -> None:
    """Passes on what comes; once the target is gone, goes on reading until the source ends."""
    target_is_there = True
    try:
        while data := source.recv(65_536):
            flows.wait()
            if target_is_there:
                try:
                    target.sendall(data)
                except OSError:
                    target_is_there = False
    except OSError:
        return  # closed by the other thread, or reset by a server that was killed
    finally:
        if not gone.is_set():
            with suppress(OSError):
                target.shutdown(socket.SHUT_RDWR)
