"""Hints at the API and on the partner's page: added up over partitions, of a partner's own for a partner."""

from collections.abc import Iterator

import pytest

from services.intake.batch import Decoded
from services.intake.decoding import decoded
from services.intake.weights import Weights
from tests.services.http.conftest import TOKENS, Api, bearer, running
from tests.services.http.desk import Desk
from tests.services.intake.test_hinting import progressed, record


@pytest.fixture
def desk(database_url: str) -> Iterator[Desk]:
    found = Desk(database_url)
    yield found
    found.session.close()


@pytest.fixture
def api(desk: Desk, database_url: str) -> Iterator[Api]:
    for partition in (0, 1):
        lane = desk.lane("tokopedia", partition)
        sent = record(0, progressed(percent=0.5, pertcent=1) | {"participant_id": f"P-{partition}"})
        sent = type(sent)(
            0, sent.key, (), (sent.value or b"").replace(b'"e-0"', b'"e-%d"' % partition)
        )
        read: list[Decoded] = decoded(lane, [sent], Weights(lambda *_: 0))
        desk.write(lane, read)
    with running(database_url) as found:
        yield found


def test_they_are_listed_and_shown(api: Api) -> None:
    items = api.ask("/v1/hints", {}, bearer()).json()["items"]
    assert [(each["partner"], each["kind"], each["records"]) for each in items] == [
        ("tokopedia", "percent_as_share", 2),
        ("tokopedia", "unknown_field", 2),
    ]
    assert (items[1]["partition"], items[1]["offset"]) == (1, 0)
    assert items[1]["detail"].startswith("`data.pertcent` is not known, and ignored.")
    csv = api.ask("/v1/hints", {}, bearer() | {"Accept": "text/csv"}).text
    assert csv.count("\r\ntokopedia,") == 2
    page = api.ask("/partners/tokopedia/evaluation", headers=api.session()).text
    assert "<code>data.pertcent</code> is not known" in page


def test_a_partner_sees_its_own(api: Api) -> None:
    own = bearer(TOKENS["pintaria"])
    assert api.ask("/v1/hints", {}, own).json()["items"] == []
    assert api.ask("/v1/hints", {"partner": "tokopedia"}, own).status_code == 403
    assert api.ask("/v1/hints", {"partner": "nobody"}, bearer()).status_code == 422


def test_they_are_told_in_the_language_of_the_page(api: Api) -> None:
    cookie = {**api.session(), "Accept-Language": "id"}
    page = api.ask("/partners/tokopedia/evaluation", headers=cookie).text
    assert "<code>data.pertcent</code> tidak dikenal, dan diabaikan." in page
    assert "is not known" not in page
