"""Unknown tokens are limited by the address that they come from; tokens that are known there are not held up by it.

An address may try 20 unknown tokens at once and one more every 3 seconds; the same one again counts for itself, so that
one program with an old token does not keep its neighbours out. While an address has no try left, nothing is looked up
for it but the tokens that were already good from there: a guess that is right is told from one that is wrong by nobody.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from functools import lru_cache
from http import HTTPStatus
from ipaddress import ip_network
from typing import Final, TypeVar

from msgspec import Struct, field

from domain.telling import tell
from services.http.problems import Problem

K = TypeVar("K")
V = TypeVar("V")

TRIES: Final = 20
TRY_SECONDS: Final = 3.0
MOST_ADDRESSES: Final = 10_000
MOST_REMEMBERED: Final = 32
"""Good tokens, and bad ones, that are remembered of one address."""


class Bucket(Struct):
    """Tries that are left, as of a time; one comes back every TRY_SECONDS."""

    left: float
    at: float

    def refill(self, now: float) -> None:
        """Brings it up to date."""
        self.left = min(TRIES, self.left + (now - self.at) / TRY_SECONDS)
        self.at = now


class Address(Struct):
    """What came from one address. ``good`` and ``bad`` are digests of tokens."""

    tries: Bucket
    good: OrderedDict[bytes, None] = field(default_factory=OrderedDict)
    bad: OrderedDict[bytes, Bucket] = field(default_factory=OrderedDict)


class Attempts:
    """The tries of one process, of the addresses that were seen last."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._addresses: OrderedDict[str, Address] = OrderedDict()

    def good(self, host: str, digest: bytes) -> None:
        """Takes note of a known token. Raises 429 where the address has no try left and never used it before."""
        address = self._address(host)
        if digest in address.good:
            return
        _spend(address.tries, 0, self._clock())
        _remember(address.good, digest, None)

    def bad(self, host: str, digest: bytes) -> None:
        """Counts an unknown token. Raises 429 where the address has no try left."""
        now = self._clock()
        address = self._address(host)
        again = address.bad.get(digest)
        if again is not None:
            address.bad.move_to_end(digest)
            _spend(again, 1, now)
            return
        _spend(address.tries, 1, now)
        _remember(address.bad, digest, Bucket(TRIES - 1, now))

    def _address(self, host: str) -> Address:
        key = network_of(host)
        address = self._addresses.get(key)
        if address is None:
            address = Address(Bucket(TRIES, self._clock()))
            _remember(self._addresses, key, address, MOST_ADDRESSES)
        else:
            self._addresses.move_to_end(key)
        return address


@lru_cache(4_096)
def network_of(host: str) -> str:
    """The address; of IPv6 the network of one customer, who has every address in it."""
    if ":" not in host:
        return host
    try:
        return str(ip_network((host.partition("%")[0], 64), strict=False))
    except ValueError:
        return host


def _spend(bucket: Bucket, tries: int, now: float) -> None:
    bucket.refill(now)
    if bucket.left < 1:
        seconds = max(1, round((1 - bucket.left) * TRY_SECONDS + 0.5))
        raise Problem(
            HTTPStatus.TOO_MANY_REQUESTS,
            tell("too many unknown tokens came from this address; try again later"),
            (),
            {"Retry-After": str(seconds)},
        )
    bucket.left -= tries


def _remember(known: OrderedDict[K, V], key: K, value: V, most: int = MOST_REMEMBERED) -> None:
    """Keeps a value, and forgets the one that was met longest ago where there are too many."""
    known[key] = value
    if len(known) > most:
        known.popitem(last=False)
