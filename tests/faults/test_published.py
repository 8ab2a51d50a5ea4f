"""docs/reliability.md says of faults and cuts what was run."""

from tests.faults.at_length.breaker import KINDS
from tests.faults.published import PAGE, WHAT, page


def test_the_page_has_the_sums_of_all_runs() -> None:
    assert PAGE.read_text(encoding="utf-8") == page()


def test_every_kind_of_fault_is_explained() -> None:
    assert KINDS.keys() == WHAT.keys()
