"""docs/reliability.md says of simulated seeds what was run."""

from tests.simulation.published import PAGE, WHAT, page
from tests.simulation.strikes import KINDS


def test_the_page_has_the_sums_of_all_runs() -> None:
    assert PAGE.read_text(encoding="utf-8") == page()


def test_every_kind_of_fault_is_explained() -> None:
    told_otherwise = {"cut": "connection cut", "restart": "database restart"}
    assert {told_otherwise.get(kind, kind) for kind in KINDS} <= WHAT.keys()
