"""The search: by certificate number and redeem code in any case, by ids, and only within what may be seen."""

from functools import partial
from urllib.parse import quote

import pytest

from domain.events import (
    PARTICIPANT_STREAM,
    CertificateIssued,
    ClassRedeemed,
    Fact,
    PartnerEvent,
    PurchasePaid,
)
from services.postgres.connect import transaction
from services.projector import codes
from tests.services.http.conftest import EVALUATOR, TOKENS, Api
from tests.services.http.desk import Desk
from tests.services.http.pages.reading import shown, visit

pytestmark = pytest.mark.usefixtures("told")


def event(partner: str, number: int, fact: Fact, who: str = "PRK-1") -> PartnerEvent:
    return PartnerEvent(partner, f"{partner} {number}", number, PARTICIPANT_STREAM + who, fact)


@pytest.fixture
def told(desk: Desk) -> Desk:
    desk.send(
        desk.lane("sisnaker"),
        event("sisnaker", 1, PurchasePaid("INV/2020-7", None, (("C-1", 5_000),))),
        event("sisnaker", 2, ClassRedeemed("C-1", "Rdm-aBc-1")),
        event("sisnaker", 3, CertificateIssued("C-1", "Cert/2020/Xyz")),
        event("sisnaker", 4, ClassRedeemed("C-2")),
    )
    desk.send(
        desk.lane("tokopedia"),
        event("tokopedia", 1, CertificateIssued("C-9", "cert/2020/xyz"), "PRK-2"),
        event("tokopedia", 2, CertificateIssued("C-8", "T-1"), "PRK-2"),
        event("tokopedia", 3, CertificateIssued("C-8", "T-1"), "PRK-2"),
    )
    desk.add_up()
    return desk


HISTORY = "/participants/PRK-1/classes/sisnaker/C-1/history"


@pytest.mark.parametrize("wanted", ["Rdm-aBc-1", "rdm-abc-1", "RDM-ABC-1"])
def test_a_redeem_code_leads_to_the_history(api: Api, wanted: str) -> None:
    assert visit(api, "/find", q=wanted).headers["location"] == HISTORY


def test_a_certificate_of_two_is_a_choice(api: Api) -> None:
    page = shown(api, "/find", q="CERT/2020/XYZ")
    assert "Certificates" in page.text
    assert HISTORY in page.links
    assert "/participants/PRK-2/classes/tokopedia/C-9/history" in page.links


def test_what_was_said_twice_is_one_hit(api: Api) -> None:
    place = visit(api, "/find", q="t-1").headers["location"]
    assert place == "/participants/PRK-2/classes/tokopedia/C-8/history"


def test_a_partner_finds_its_own_only(api: Api) -> None:
    assert visit(api, "/find", TOKENS["sisnaker"], q="cert/2020/xyz").headers["location"] == HISTORY
    for wanted in ("rdm-abc-1", "INV/2020-7", "sisnaker 1"):
        page = shown(api, "/find", TOKENS["tokopedia"], q=wanted)
        assert "Nothing was found." in page.text


@pytest.mark.parametrize(
    ("wanted", "place"),
    [
        ("inv/2020-7", "/purchases/sisnaker/INV%2F2020-7"),
        ("SISNAKER 2", f"/events/sisnaker/{quote('sisnaker 2')}"),
        ("prk-1", "/participants/PRK-1/classes"),
    ],
)
def test_ids_are_found_in_small_letters_and_capitals(api: Api, wanted: str, place: str) -> None:
    assert visit(api, "/find", EVALUATOR, q=wanted).headers["location"] == place


@pytest.mark.parametrize("wanted", ["Rdm-aBc", "no such", "a\0b", "%", "\N{SNOWMAN}" * 256])
def test_what_nobody_has_is_not_found(api: Api, wanted: str) -> None:
    assert "Nothing was found." in shown(api, "/find", q=wanted).text


def test_codes_are_noted_once_in_steps_of_any_size(told: Desk, api: Api) -> None:
    told.execute("TRUNCATE ledger.code, ledger.code_lane")
    assert "Nothing was found." in shown(api, "/find", q="rdm-abc-1").text
    opened = partial(transaction, told.session)
    steps = 1
    while codes.note(opened, 2):
        steps += 1
        assert steps < 10
    assert steps == 2
    assert codes.note(opened, 2) is False
    assert visit(api, "/find", q="rdm-abc-1").headers["location"] == HISTORY
    assert len(shown(api, "/find", q="cert/2020/xyz").links) > 0


def test_the_search_is_told_in_indonesian(api: Api) -> None:
    spoken = {**api.session(), "Accept-Language": "id"}
    text = api.ask("/find", {"q": "cert/2020/xyz"}, spoken).text
    assert "Sertifikat" in text
    assert "sertifikat dan kode tukar" in text
