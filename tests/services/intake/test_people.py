"""What a worker writes has numbers of participants, and the pseudonyms stand in the vault alone."""

from collections.abc import Callable

import pytest

from domain.events import ClassCompleted, PurchasePaid
from tests.domain.story import event
from tests.services.intake.desk import Desk


def people(desk: Desk) -> dict[str, int]:
    return dict(desk.rows("SELECT participant_id, person FROM vault.person"))


def test_one_person_has_one_number_at_every_partner(desk: Desk) -> None:
    desk.send(desk.lane("tokopedia"), event(1, ClassCompleted("C-1"), of="PRK-1"))
    desk.send(desk.lane("sisnaker"), event(1, ClassCompleted("C-1"), of="PRK-1"))
    assert desk.rows("SELECT count(*), count(DISTINCT person) FROM ledger.event") == [(2, 1)]


def test_a_batch_that_is_not_written_leaves_its_numbers_for_the_next(
    open_desk: Callable[..., Desk],
) -> None:
    desk, other = open_desk(), open_desk()
    lane = desk.lane()
    other.lane()
    with pytest.raises(Exception, match="lane"):
        desk.send(lane, event(1, ClassCompleted("C-1"), of="PRK-1"))
    numbers = people(desk)
    assert numbers.keys() == {"PRK-1"}
    assert desk.rows("SELECT count(*) FROM ledger.event") == [(0,)]
    desk.send(desk.lane(), event(1, ClassCompleted("C-1"), of="PRK-1"))
    assert desk.rows("SELECT DISTINCT person FROM ledger.event") == [(numbers["PRK-1"],)]


def test_no_pseudonym_stands_anywhere_else(desk: Desk) -> None:
    """Every row of every table, as text and as bytes."""
    who = "PRK-somebody-who-is-nowhere-else"
    paid = PurchasePaid("INV-1", "K-1", (("C-1", 5),))
    desk.send(desk.lane(), event(1, paid, of=who), event(2, ClassCompleted("C-1"), of=who))
    found = []
    for schema, table in desk.rows(
        "SELECT schemaname, tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        " AND schemaname NOT LIKE 'pg_temp%%'"
    ):
        rows = desk.rows(f"TABLE {schema}.{table}")
        if any(who in repr(row) for row in rows):
            found.append(f"{schema}.{table}")
    assert found == ["vault.person"]
