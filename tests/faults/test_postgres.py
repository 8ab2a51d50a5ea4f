"""PostgreSQL goes away, comes back, loses answers, is full: nothing is lost, nothing is counted twice."""

import httpx
import pytest

from services.embedded.postgres import EmbeddedPostgres
from services.simulator import SimulatedRecord
from tests.end_to_end import proof
from tests.end_to_end.running_system import RunningSystem
from tests.faults.cutting_proxy import CuttingProxy
from tests.faults.load import Load

pytestmark = [pytest.mark.kafka, pytest.mark.apache, pytest.mark.slow]

PEOPLE = "/v1/participants/PRK-000000001/classes"


def test_postgres_is_killed_under_load(
    running_system: RunningSystem,
    postgres_server: EmbeddedPostgres,
    records: list[SimulatedRecord],
) -> None:
    system = running_system
    system.start(ingest=2)
    with Load(system, records) as load:
        load.wait_until_read(0.3)
        postgres_server.kill()
        headers = {"Authorization": f"Bearer {system.evaluator_token}"}
        for path in (PEOPLE, "/v1/intake", "/v1/purchased-classes", "/readyz"):
            answer = httpx.get(system.api_url + path, headers=headers, timeout=30)
            assert answer.status_code == 503
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.headers["retry-after"]
            assert answer.json()["status"] == 503
        assert system.status("/livez") == 200
        load.wait_until_sent(0.6)
        postgres_server.start()
        system.wait_until_ready()
        assert system.status(PEOPLE) == 200
    system.wait_until_drained()
    proof.check_everything(system, records)
    for name in ("ingest-1", "ingest-2"):
        assert "DatabaseUnavailable" in system.log(name)


def test_answers_to_commit_are_lost_under_load(
    running_system: RunningSystem, records: list[SimulatedRecord]
) -> None:
    system = running_system
    proxy = CuttingProxy(system.database_url)
    system.start_ingest(TUNTAS_DATABASE_URL=proxy.database_url)
    system.start(ingest=0)
    with Load(system, records) as load:
        for number, delivered in enumerate((True, False, True, True), start=1):
            load.wait_until_read(0.2 * number)
            proxy.cut(delivered=delivered)
            system.wait_until(lambda: proxy.cuts >= number, "the connection is lost")  # noqa: B023
    system.wait_until_drained()
    proof.check_everything(system, records)
    assert system.log("ingest-1").count("CommitUnknown") == proxy.cuts
    proxy.close()


@pytest.mark.long
def test_the_disk_is_full_for_a_while(
    running_system: RunningSystem, records: list[SimulatedRecord]
) -> None:
    """Every write of events fails as PostgreSQL fails then; the answers that there are can be read meanwhile."""
    system = running_system
    system.start(ingest=2)
    with Load(system, records) as load:
        load.wait_until_read(0.3)
        system.rows(DISK_FULL)
        system.wait_until(lambda: "No space left" in system.log("ingest-1"), "a worker says why")
        system.wait_until(lambda: "No space left" in system.log("ingest-2"), "a worker says why")
        read = system.records_read()
        load.wait_until_sent(0.9)
        assert system.status(PEOPLE) == 200
        assert system.records_read() == read
        system.rows(DISK_FREE)
    system.wait_until_drained()
    proof.check_everything(system, records)


DISK_FULL = """
CREATE FUNCTION ledger.disk_full() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100';
END $$;
CREATE TRIGGER disk_full BEFORE INSERT ON ledger.stored_event EXECUTE FUNCTION ledger.disk_full();
SELECT true
"""
DISK_FREE = "DROP FUNCTION ledger.disk_full() CASCADE; SELECT true"
