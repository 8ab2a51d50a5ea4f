"""An API over a season whose evaluations are added up: what the project service does is done."""

from collections.abc import Iterator

import pytest

from projections.rollup import add_up
from services.embedded.postgres import EmbeddedPostgres
from services.postgres.connect import transaction
from services.simulator import SimulatedRecord
from tests.services.http.conftest import Api, running, write_season
from tests.services.http.desk import Desk


@pytest.fixture(scope="session")
def season_api(postgres_server: EmbeddedPostgres, season: list[SimulatedRecord]) -> Iterator[Api]:
    """The API over a database that holds the season; tests only read it."""
    database_url = postgres_server.create_database("season_of_pages")
    desk = Desk(database_url)
    write_season(desk, season)
    added = True
    while added:
        with transaction(desk.session) as work:
            added = bool(add_up(work))
    with running(database_url) as api:
        yield api
    postgres_server.drop_database("season_of_pages")
