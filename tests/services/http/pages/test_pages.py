"""Pages show what the API answers: every link leads somewhere, nothing that was sent is markup."""

import csv
import io
import re
from collections import deque
from urllib.parse import quote, quote_plus, urlencode, urljoin, urlsplit

import pytest

from domain.errors import Reason, Refusal
from domain.events import (
    DECLARATION_STREAM,
    PARTICIPANT_STREAM,
    CertificateIssued,
    ClassPublished,
    PartnerEvent,
    PurchasePaid,
    TotalsDeclared,
)
from domain.vocabulary import PARTNERS
from tests.raw_record import raw_record
from tests.services.http.conftest import TOKENS, Api, running
from tests.services.http.desk import Desk
from tests.services.http.pages.reading import read, shown, visit

MOST_PAGES = 150


def test_every_link_leads_to_a_page(season_api: Api) -> None:
    """From the first page on, a few links of each kind: every page of the site is among them."""
    waiting = deque(["/", "/purchased-classes?as_of=2020-12-31&partner=pintaria"])
    seen: set[str] = set(waiting)
    kinds: dict[str, int] = {}
    while waiting:
        path = waiting.popleft()
        for link in shown(season_api, path).links:
            target = urlsplit(urljoin(path, link))
            if target.path == "/docs" or link.startswith("#") or "format=" in target.query:
                continue
            parts = target.path.split("/")
            kind = f"{parts[1]} {parts[-1] if len(parts) > 2 else ''} {sorted(target.query)[:1]}"
            whole = target.path + (f"?{target.query}" if target.query else "")
            if whole not in seen and kinds.get(kind, 0) < 6 and len(seen) < MOST_PAGES:
                kinds[kind] = kinds.get(kind, 0) + 1
                seen.add(whole)
                waiting.append(whole)
    visited = {path.split("?")[0].split("/")[1] for path in seen}
    assert visited >= {
        *("participants", "partners", "institutions", "classes", "packages", "purchases"),
        *("purchased-classes", "package-purchases", "intake", "rejections"),
    }
    assert any(path.split("?")[0].endswith("/history") for path in seen)


def test_a_participants_page_tells_every_class(season_api: Api) -> None:
    person = season_api.get("/v1/purchased-classes", limit=1)["items"][0]["participant_id"]
    page = shown(season_api, f"/participants/{person}/classes")
    for item in season_api.get(f"/v1/participants/{person}/classes")["items"]:
        assert item["class_code"] in page.text
        assert item["completion"]["state"].replace("_", " ") in page.text
        assert item["history"].removeprefix("/v1") in page.links


def test_a_history_tells_where_each_event_stands(season_api: Api) -> None:
    item = season_api.get("/v1/purchased-classes", completion="completed", limit=1)["items"][0]
    page = shown(season_api, item["history"].removeprefix("/v1"))
    for event in season_api.get(item["history"])["items"]:
        source = f"{event['topic']} partition {event['partition']} offset {event['offset']}"
        assert source in page.text
        assert event["id"] in page.text


def test_a_day_means_its_last_moment_in_jakarta(season_api: Api) -> None:
    page = shown(season_api, "/partners/pintaria/evaluation", as_of="2020-06-30")
    figures = season_api.get(
        "/v1/partners/pintaria/evaluation", as_of="2020-06-30T23:59:59.999999+07:00"
    )
    now = season_api.get("/v1/partners/pintaria/evaluation")
    assert figures["purchased"] < now["purchased"]
    assert f"purchased {figures['purchased']:,} classes" in page.text
    assert "by 30 Jun 2020 23:59" in page.text
    assert "As of the end of 30 June 2020." in page.text
    assert all("as_of=" in link for link in page.links if link.startswith("/purchased-classes?"))


def test_days_of_purchase_are_whole(season_api: Api) -> None:
    path = "/v1/purchased-classes"
    day = season_api.get(path, limit=1)["items"][0]["purchases"][0]["purchased_at"][:10]
    wanted = season_api.items(
        path, purchased_from=f"{day}T00:00:00+07:00", purchased_to=f"{day}T23:59:59.999999+07:00"
    )
    page = shown(season_api, "/purchased-classes", purchased_from=day, purchased_to=day)
    assert page.text.count("History") == len(wanted)


def test_the_intake_adds_up_and_says_what_to_correct(season_api: Api) -> None:
    page = shown(season_api, "/intake")
    lanes = season_api.get("/v1/intake")
    assert f"on each of {len(lanes['items'])} topic partitions" in page.text
    newest = season_api.get("/v1/rejections", limit=1)["items"][0]
    assert newest["detail"].replace("`", "") in page.text


def test_incomplete_packages_are_listed(season_api: Api) -> None:
    page = shown(season_api, "/package-purchases", complete="false")
    items = season_api.get("/v1/package-purchases", complete="false")["items"]
    listed = 0
    for item in items:
        if item["purchase_id"] in page.text:
            listed += 1
            assert (
                f"{len(item['classes']) - len(item['missing'])} of {len(item['classes'])} completed"
                in page.text
            )
    assert listed == 25


def test_pages_go_on(season_api: Api) -> None:
    first = shown(season_api, "/purchased-classes", limit=50)
    (following,) = [link for link in first.links if "cursor=" in link]
    second = shown(season_api, following)
    assert first.text.count("History") == second.text.count("History") == 50
    assert first.text != second.text


def test_a_partner_sees_its_own_only(season_api: Api) -> None:
    page = shown(season_api, "/", TOKENS["sisnaker"])
    assert "You see the data of Sisnaker only" in page.text
    assert not any(name in page.text for code, name in PARTNERS.items() if code != "sisnaker")
    answer = visit(season_api, "/partners/tokopedia/evaluation", TOKENS["sisnaker"])
    assert answer.status_code == 403
    assert "this token reads the data of sisnaker only" in read(answer).text


@pytest.mark.parametrize(
    ("path", "status", "sentence"),
    [
        ("/purchased-classes?as_of=yesterday", 422, "as_of"),
        ("/purchased-classes?completion=done", 422, "completion"),
        ("/purchased-classes?cursor=x", 422, "begin without a cursor"),
        ("/partners/nobody/evaluation", 404, "there is no such partner"),
        ("/purchases/tokopedia/unknown", 404, "sold nothing under this"),
        ("/participants/%00/classes", 404, "is not a text"),
    ],
)
def test_what_cannot_be_shown_is_told_as_a_page(
    season_api: Api, path: str, status: int, sentence: str
) -> None:
    answer = visit(season_api, path)
    assert answer.status_code == status
    assert sentence in read(answer).text


def test_nothing_that_was_sent_is_markup(desk: Desk, api: Api) -> None:
    lane = desk.lane("tokopedia")
    evil = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
    who = f"{PARTICIPANT_STREAM}{evil}"
    terms = ClassPublished(evil, evil, evil)
    desk.send(
        lane,
        PartnerEvent("tokopedia", "0", 0, f"class:{evil}", terms),
        PartnerEvent("tokopedia", evil, 1, who, PurchasePaid(evil, None, ((evil, None),))),
        PartnerEvent("tokopedia", "2", 2, who, CertificateIssued(evil, evil)),
        raw=raw_record(b"key", evil.encode()),
    )
    desk.send(lane, Refusal(Reason.NOT_JSON, evil), raw=raw_record(b"key", evil.encode()))
    part = quote(evil, safe="")
    for path in (
        "/purchased-classes",
        f"/participants/{part}/classes",
        f"/participants/{part}/classes/tokopedia/{part}/history",
        f"/purchases/tokopedia/{part}",
        f"/classes/tokopedia/{part}/evaluation",
        f"/purchased-classes?class_code={part}",
        "/rejections",
        "/intake",
    ):
        page = shown(api, path)
        assert "<script>alert(1)</script>" in page.text


def test_a_partner_sees_what_became_of_its_deliveries(desk: Desk, api: Api) -> None:
    lane = desk.lane("sisnaker")
    until = 5_000_000
    desk.send(
        lane,
        PartnerEvent(
            "sisnaker",
            "1",
            1,
            f"{PARTICIPANT_STREAM}PRK-1",
            PurchasePaid("I-1", None, (("C-1", None),)),
        ),
        PartnerEvent("sisnaker", "2", 2, DECLARATION_STREAM, TotalsDeclared(until, 4)),
        raw=raw_record(b"key", b"{}"),
    )
    refused = Refusal(Reason.INVALID_DATA, "`data.rating` must be a whole number.", "3")
    desk.send(lane, refused, raw=raw_record(b"key", b'{"id": "3"}'))
    page = shown(api, "/partners/sisnaker/deliveries", TOKENS["sisnaker"])
    reason = r"Rejections by reason Of all rejections invalid data ?[A-Z][^.]*\. 1 mended example"
    assert re.search(reason, page.text)
    assert "declared accepted in rejected records only never arrived" in page.text
    declared = api.get("/v1/partners/sisnaker/reconciliation")["items"][0]
    counts = [declared["declared"]["events"], declared["accepted"]["events"]]
    counts += [declared["rejected_only"], declared["missing"]]
    assert "07:00 " + " ".join(str(count) for count in counts) in page.text
    assert "data.rating must be a whole number." in page.text
    assert "/check#invalid_data" in page.links
    assert visit(api, "/partners/tokopedia/deliveries", TOKENS["sisnaker"]).status_code == 403


@pytest.mark.parametrize(
    ("path", "accept"), [("/nowhere", "text/html"), ("/docs/", "text/html,*/*")]
)
def test_a_browser_is_told_in_a_page_that_there_is_none(
    season_api: Api, path: str, accept: str
) -> None:
    answer = season_api.ask(path, None, {"Accept": accept, "Accept-Language": "id"})
    assert answer.status_code == 404
    assert "tidak ada halaman di alamat ini" in read(answer).text
    assert answer.headers["content-language"] == "id"
    assert season_api.ask(path).headers["content-type"] == "application/problem+json"


def test_texts_are_in_the_language_that_is_asked_for(season_api: Api) -> None:
    cookie = season_api.session()
    spoken = {"Accept-Language": "id-ID,id;q=0.9,en;q=0.8"}
    indonesian = season_api.ask("/partners/tokopedia/evaluation", None, {**cookie, **spoken})
    assert '<html lang="id">' in indonesian.text
    text = read(indonesian).text
    money = season_api.get("/v1/partners/tokopedia/evaluation")["money"]["net"]
    assert f"Rp\N{NO-BREAK SPACE}{money:,}".replace(",", ".") in indonesian.text
    assert "31 Desember 2020" in text
    assert "never reported" not in text
    chosen = {"Cookie": f"{cookie['Cookie']}; tuntas_language=en", **spoken}
    assert '<html lang="en">' in season_api.ask("/", None, chosen).text
    odd = {"Cookie": f"{cookie['Cookie']}; tuntas_language=xx", **spoken}
    assert '<html lang="id">' in season_api.ask("/", None, odd).text


def test_what_is_wrong_with_a_record_is_told_in_the_language_of_the_page(season_api: Api) -> None:
    indonesian = {**season_api.session(), "Accept-Language": "id"}
    rejections = season_api.ask("/rejections", None, indonesian).text
    assert '<span lang="en">' not in rejections
    assert "harus berupa" in rejections
    sent = {"events": '{"specversion": "1.0"}', "partner": "tokopedia"}
    own = {**indonesian, "Sec-Fetch-Site": "same-origin"}
    checked = season_api.ask("/check", None, own, "POST", body=urlencode(sent).encode()).text
    assert "<code>id</code> tidak ada: kirim id yang tidak Anda berikan" in checked
    assert "event dengan komentar 300.000 karakter" in checked
    failed = season_api.ask("/purchases/tokopedia/none", None, indonesian).text
    assert "mitra ini tidak menjual apa pun dengan purchase_id ini." in failed
    query = {"completion": "done", "purchased_from": "when"}
    odd = season_api.ask("/purchased-classes", query, indonesian).text
    assert "<code>completion</code> bukan salah satu dari " in odd
    assert "; <code>purchased_from</code> bukan waktu RFC 3339 seperti " in odd


def test_the_choice_of_a_language_leads_back(season_api: Api) -> None:
    body = b"language=id&next=%2Fintake%3Fpartner%3Dpintaria"
    answer = season_api.ask("/language", method="POST", body=body)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/intake?partner=pintaria"
    assert answer.headers["set-cookie"].startswith("tuntas_language=id; HttpOnly; Max-Age=")
    elsewhere = season_api.ask("/language", method="POST", body=b"language=id&next=%2F%2Fevil")
    assert elsewhere.headers["location"] == "/"
    unknown = season_api.ask("/language", method="POST", body=b"language=%00&next=%2F")
    assert "set-cookie" not in unknown.headers


def test_days_may_be_typed_as_people_write_them(season_api: Api) -> None:
    typed = shown(season_api, "/purchased-classes", as_of="30/6/2020", purchased_from="1/5/2020")
    written = shown(
        season_api, "/purchased-classes", as_of="2020-06-30", purchased_from="2020-05-01"
    )
    assert typed.text == written.text
    assert "purchased from 1 May 2020" in typed.text
    assert visit(season_api, "/purchased-classes", as_of="31/2/2020").status_code == 422


def test_a_spreadsheet_gets_the_signs_of_its_language(season_api: Api) -> None:
    query = {"partner": "tokopedia", "assessment": "passed"}
    cookie = season_api.session()
    found = {}
    for code in ("id", "en"):
        headers = {**cookie, "Accept-Language": code}
        answer = season_api.ask("/purchased-classes", {**query, "format": "excel"}, headers)
        assert (
            answer.headers["content-disposition"] == 'attachment; filename="purchased-classes.csv"'
        )
        content = answer.content.decode("utf-8-sig")
        assert answer.content.startswith(b"\xef\xbb\xbf")
        delimiter = {"id": ";", "en": ","}[code]
        found[code] = list(csv.DictReader(io.StringIO(content), delimiter=delimiter))
    items = season_api.items("/v1/purchased-classes", **query)
    for item, indonesian, english in zip(items, found["id"], found["en"], strict=True):
        best = str(item["assessment"]["best_scaled"])
        assert english["assessment_best_scaled"] == best
        assert indonesian["assessment_best_scaled"] == best.replace(".", ",")
        assert indonesian["money_net"] == english["money_net"] == str(item["money"]["net"])


def test_an_evaluation_is_taken_along_as_a_row(season_api: Api) -> None:
    answer = visit(season_api, "/partners/tokopedia/evaluation", format="csv")
    (row,) = csv.DictReader(io.StringIO(answer.text))
    told = season_api.get("/v1/partners/tokopedia/evaluation")
    assert row["purchased"] == str(told["purchased"])
    assert row["money_net"] == str(told["money"]["net"])


def test_two_to_four_stand_side_by_side(season_api: Api) -> None:
    item = season_api.get("/v1/purchased-classes", limit=1)["items"][0]
    sold = season_api.get("/v1/package-purchases", complete="false", limit=1)["items"][0]
    classes = f"{item['partner']}/{item['class_code']}"
    for kind, name, title in (
        ("class", classes, item["title"]),
        ("package", f"{sold['partner']}/{sold['package_code']}", sold["title"]),
        ("institution", item["institution"], item["institution"]),
        ("partner", "tokopedia", "Tokopedia"),
    ):
        page = shown(season_api, "/compare", kind=kind, a=name, b="nobody", as_of="2020-08-31")
        assert f"Figure {title}" in page.text
        assert "nobody:" in page.text


def test_what_is_for_evaluators_is_refused_to_partners(season_api: Api) -> None:
    item = season_api.get("/v1/purchased-classes", limit=1, partner="sisnaker")["items"][0]
    for path in ("/first-completions", f"/participants/{item['participant_id']}/first-completion"):
        assert visit(season_api, path).status_code == 200
        for query in ({}, {"format": "csv"}):
            assert visit(season_api, path, TOKENS["sisnaker"], **query).status_code == 403


def test_lists_are_sorted_by_their_heads(season_api: Api) -> None:
    page = shown(season_api, "/classes", limit=5)
    assert "/classes?limit=5&order=-purchased" in page.links
    sorted_page = shown(season_api, "/classes", limit=5, order="-purchased")
    assert "/classes?limit=5&order=purchased" in sorted_page.links
    assert "Purchased ↓".lower() in sorted_page.text.lower()
    items = season_api.get("/v1/classes", limit=5, order="-purchased")["items"]
    places = [
        sorted_page.text.index(f"{each['class_code']}{PARTNERS[each['partner']]}") for each in items
    ]
    assert places == sorted(places)


def test_the_classes_of_an_institution_are_a_list(season_api: Api) -> None:
    item = season_api.get("/v1/institutions", limit=1)["items"][0]
    link = f"/classes?institution={quote_plus(item['institution'])}"
    assert link in shown(season_api, "/institutions").links
    path = f"/institutions/{quote(item['institution'], safe='')}/evaluation"
    assert link in shown(season_api, path).links
    listed = season_api.items("/v1/classes", institution=item["institution"], limit=1000)
    assert len(listed) == item["classes"]


@pytest.mark.parametrize("path", ["/check", "/language", "/login", "/logout"])
def test_what_another_site_sends_is_refused_or_does_nothing(season_api: Api, path: str) -> None:
    headers = {**season_api.session(), "Sec-Fetch-Site": "cross-site"}
    answer = season_api.ask(path, None, headers, "POST", body=b"events=x&token=x&language=id")
    assert answer.status_code in {303, 403}
    assert "tuntas_session" not in answer.headers.get("set-cookie", "")


def test_a_database_that_is_away_is_told(empty_database_url: str) -> None:
    with running(empty_database_url) as api:
        answer = visit(api, "/")
    assert answer.status_code == 503
    assert "the database has no tables of Tuntas yet" in read(answer).text
