"""The short version of `make fuzz`."""

from domain.errors import Reason
from tests.fuzz.run import fuzz


def test_twenty_thousand_mutated_records_each_have_one_outcome() -> None:
    found = fuzz(20_000, seed=20)
    assert found.records >= 20_000
    assert found.growth_mib < 64
    # The mutations reach every rule that a record breaks by itself.
    conflicts = {Reason.ID_CONFLICT, Reason.PACKAGE_CONFLICT}
    assert {"accepted", *Reason} - conflicts - found.outcomes.keys() <= {Reason.TOO_LARGE}
