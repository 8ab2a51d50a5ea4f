"""Who is connected: so many at once, so many of one address, and who gives way to a newcomer.

A connection that no answer is made for (nothing was sent on it, a part of a request, or it waits for the next one) is
*waiting*; where there is no room, the one that has waited longest gives way. A connection with a question on the way
does not: then the newcomer is refused.
"""

from collections.abc import Sequence
from ipaddress import ip_address, ip_network
from typing import Protocol

from msgspec import Struct

from services.http.attempts import network_of


class Connection(Protocol):
    """One connection, as far as it is counted."""

    def give_way(self) -> None:
        """Ends at once."""


class Address(Struct):
    """The connections of one address; of those that wait, the longest waiting comes first."""

    waiting: dict[Connection, None]
    busy: set[Connection]

    @property
    def count(self) -> int:
        return len(self.waiting) + len(self.busy)


class Connections:
    """The connections of one server."""

    def __init__(self, most: int, most_of_address: int, proxies: Sequence[str] = ()) -> None:
        """``proxies`` speak for many people: one of them may hold as many connections as there may be."""
        self._most = most
        self._most_of_address = most_of_address
        self._proxies = [ip_network(proxy) for proxy in proxies]
        self._addresses: dict[str, Address] = {}
        self.count = 0

    def admit(self, connection: Connection, host: str) -> str | None:
        """The address that the connection is counted for, or None where there is no room for it."""
        key = network_of(host)
        address = self._addresses.get(key) or Address({}, set())
        if address.count >= self._most_of_address and not self._is_proxy(host):
            if not address.waiting:
                return None
            self._displace(key, address)
        elif self.count >= self._most:
            fullest = max(self._addresses, key=lambda each: len(self._addresses[each].waiting))
            if not self._addresses[fullest].waiting:
                return None
            self._displace(fullest, self._addresses[fullest])
        # Made anew where the one that gave way was the address's last.
        self._addresses.setdefault(key, address).waiting[connection] = None
        self.count += 1
        return key

    def asks(self, connection: Connection, key: str) -> None:
        """Takes note that a whole request came in."""
        address = self._addresses.get(key)
        if address is not None and connection in address.waiting:
            del address.waiting[connection]
            address.busy.add(connection)

    def waits(self, connection: Connection, key: str) -> None:
        """Takes note that everything that was asked is answered."""
        address = self._addresses.get(key)
        if address is not None and connection in address.busy:
            address.busy.remove(connection)
            address.waiting[connection] = None

    def leaves(self, connection: Connection, key: str) -> None:
        """Takes note that the connection has ended; once is enough."""
        address = self._addresses.get(key)
        if address is None:
            return
        if connection in address.waiting:
            del address.waiting[connection]
        elif connection in address.busy:
            address.busy.remove(connection)
        else:
            return
        self.count -= 1
        if not address.count:
            del self._addresses[key]

    def _displace(self, key: str, address: Address) -> None:
        longest = next(iter(address.waiting))
        self.leaves(longest, key)
        longest.give_way()

    def _is_proxy(self, host: str) -> bool:
        if not self._proxies or not host:
            return False
        at = ip_address(host)
        return any(at in network for network in self._proxies)
