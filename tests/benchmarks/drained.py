"""A database that Tuntas drained a log into, for what is measured afterwards."""

from collections.abc import Iterator
from contextlib import contextmanager

from msgspec import Struct

from tests.benchmarks.contenders.tuntas import tuntas
from tests.benchmarks.draining import Drained, Place, drain
from tests.benchmarks.season_log import SeasonLog
from tests.benchmarks.servers import Servers


class Filled(Struct, frozen=True):
    """Where it is, and how the draining went. The ingest processes are gone."""

    place: Place
    drained: Drained


@contextmanager
def filled(running_servers: Servers, log: SeasonLog, name: str) -> Iterator[Filled]:
    """The database until the end of the block; the log is on the broker already."""
    folder = running_servers.folder / name
    folder.mkdir()
    with running_servers.database(name) as url:
        place = Place(running_servers, url, name, folder, log.told())
        yield Filled(place, drain(tuntas(1, place.told.records_of_participants), place))
