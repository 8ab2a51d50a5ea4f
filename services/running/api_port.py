"""A port for the API of one run, which no other run on this machine takes meanwhile."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

from services.embedded.free_port import free_port


class PortTaken(Exception):
    """Something else listens on the port that was chosen."""


@contextmanager
def api_port(host: str, wanted: int, *, is_set: bool = False) -> Iterator[int]:
    """``wanted``, or a free port when it is taken (several runs side by side) or 0; kept until the block is left.

    ``is_set``: somebody chose it, and it is not exchanged for another one; raises PortTaken when it is taken.

    Between this answer and the API's own bind lie seconds, in which a second run would find the port free as well.
    So the run holds the datagram port of the same number: only one run can, and the system takes it back whenever
    the run ends.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as reservation:
        port = wanted
        while not (port and _reserves(reservation, host, port)):
            if is_set and wanted:
                raise PortTaken(
                    f"Port {wanted} of {host}, which TUNTAS_API_PORT names, is taken; stop what listens there, or "
                    "choose another one (0: any that is free)."
                )
            port = free_port()
        yield port


def _reserves(reservation: socket.socket, host: str, port: int) -> bool:
    """Whether nobody listens on the port and it is now this run's."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            reservation.bind((host, port))
        except OSError:
            return False
    return True
