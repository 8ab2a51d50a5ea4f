"""The short version of `make wal-cuts`, and that a cut which takes something acknowledged is noticed."""

import pytest

from tests.wal_cuts.cuts import CutFailed, Cuts, cut_through
from tests.wal_cuts.history import Acknowledged, History

CUTS = 12


def test_what_was_acknowledged_before_a_cut_is_there() -> None:
    totals = Cuts()
    cut_through(2, CUTS, totals)
    assert totals.cuts == CUTS
    assert totals.answers > 0
    assert totals.read_on > 0
    assert totals.recovered >= totals.acknowledged > 0


def test_a_cut_that_loses_what_was_acknowledged_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a server would that acknowledges before it has written."""

    def too_early(self: History, _cut: int) -> dict[tuple[str, int], int]:
        latest: Acknowledged = self.acknowledged[-1]
        return latest.reached

    monkeypatch.setattr(History, "acknowledged_at", too_early)
    with pytest.raises(CutFailed, match="acknowledged up to"):
        cut_through(2, CUTS, Cuts())
