"""Classes and packages as of a time are read from the sums by day, and are what judging every row comes to."""

import pytest

from projections.reading import evaluations_as_of, evaluations_days
from tests.services.http.conftest import TOKENS, Api

AS_OF = (
    "2020-04-20T23:59:59.999999+07:00",
    "2020-06-30T00:00:00+07:00",
    "2020-11-05T22:00:00+07:00",
    "2020-12-31T23:59:59+07:00",
    "2030-01-01T00:00:00Z",
)
QUERIES: tuple[tuple[str, dict[str, str]], ...] = (
    ("/v1/classes", {}),
    ("/v1/classes", {"order": "-money_net_by_completion_never_reported"}),
    ("/v1/classes", {"order": "rating_mean"}),
    ("/v1/classes", {"purchased_least": "3", "order": "-purchased"}),
    ("/v1/packages", {}),
    ("/v1/packages", {"order": "-sold"}),
    ("/v1/packages", {"order": "-money_net"}),
)


async def _not_usable(*_: object) -> bool:
    return False


@pytest.mark.parametrize("as_of", AS_OF)
@pytest.mark.parametrize(("path", "query"), QUERIES)
def test_sums_by_day_say_what_rows_say(
    season_api: Api,
    monkeypatch: pytest.MonkeyPatch,
    path: str,
    query: dict[str, str],
    as_of: str,
) -> None:
    with monkeypatch.context() as rows:
        rows.setattr(evaluations_days, "usable", _not_usable)
        wanted = season_api.items(path, limit=300, as_of=as_of, **query)
    with monkeypatch.context() as sums:
        for name in ("headlines", "package_headlines"):
            sums.setattr(evaluations_as_of, name, None)
        assert season_api.items(path, limit=17, as_of=as_of, **query) == wanted
        own = season_api.items(path, TOKENS["pintaria"], limit=300, as_of=as_of, **query)
    assert own == [each for each in wanted if each["partner"] == "pintaria"]
    if as_of > "2020-08":
        assert wanted
