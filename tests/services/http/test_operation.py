"""What is beside the data: the document's page, and who reads the metrics."""

import re
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from domain.vocabulary import PARTNER_IDS
from services.embedded.free_port import free_port
from services.settings import SettingsRefused, read_settings
from tests.services.http.conftest import (
    EVALUATOR,
    METRICS,
    TOKENS,
    Api,
    bearer,
    serving,
    settings_for,
)
from tests.services.http.test_limits import NOWHERE
from tests.services.http.test_refusals import problem


def test_the_page_of_the_document_loads_nothing_from_elsewhere(season_api: Api) -> None:
    page = season_api.ask("/docs")
    assert page.status_code == 200
    loaded = re.findall(r'(?:src|href)="([^"]*)"', page.text)
    assert {path for path in loaded if not path.startswith("/")} == {"data:,"}
    assert "://" not in page.text
    assert re.findall(r"<script(?! src=)|<style| on\w+=", page.text) == []
    policy = dict(
        part.strip().split(" ", 1) for part in page.headers["content-security-policy"].split(";")
    )
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    for path in loaded:
        if path.startswith("/static/"):
            answer = season_api.ask(path)
            assert answer.status_code == 200
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert "immutable" in answer.headers["cache-control"]
            assert re.match("text/(css|javascript)", answer.headers["content-type"])


@pytest.mark.parametrize("path", ["/redoc", "/docs/oauth2-redirect"])
def test_other_pages_of_the_document_are_not_given(season_api: Api, path: str) -> None:
    assert season_api.ask(path).status_code == 404


@pytest.mark.parametrize(
    ("token", "status"),
    [(None, 401), ("wrong", 401), (EVALUATOR, 200), (METRICS, 200), (TOKENS["tokopedia"], 403)],
)
def test_the_metrics_are_read_with_a_token(season_api: Api, token: str | None, status: int) -> None:
    answer = season_api.ask("/metrics", headers={} if token is None else bearer(token))
    assert answer.status_code == status
    assert ("tokopedia" in answer.text) == (status == 200)


def test_a_token_of_the_metrics_reads_nothing_else(season_api: Api) -> None:
    problem(season_api.ask("/v1/intake", headers=bearer(METRICS)), 401)


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/openapi.json", "/docs"])
def test_what_is_open_says_nothing_about_partners(season_api: Api, path: str) -> None:
    text = season_api.ask(path).text
    if path == "/openapi.json":
        text = re.sub(r'"enum":\[[^]]*\]', "", text)
    assert not [partner for partner in PARTNER_IDS if partner in text]


def test_the_metrics_have_an_address_of_their_own_where_it_is_set() -> None:
    port = free_port()
    settings = settings_for(NOWHERE, TUNTAS_API_PORT="0", TUNTAS_METRICS_PORT=str(port))
    with serving(settings) as (host, api_port):
        for path, at, headers, status in (
            ("/metrics", port, {}, 200),
            ("/livez", port, {}, 404),
            ("/v1/intake", port, bearer(), 404),
            ("/%6Detrics", port, {}, 404),
            ("/livez", api_port, {}, 200),
            ("/metrics", api_port, {}, 401),
            ("/metrics", api_port, {"Host": f"{host}:{port}"}, 401),
            ("/metrics", api_port, bearer(METRICS), 200),
        ):
            asked = Request(f"http://{host}:{at}{path}", headers=headers)
            try:
                with urlopen(asked, timeout=10) as answer:
                    found = answer.status
            except HTTPError as error:
                found = error.code
            assert found == status, (path, at)


def test_settings_that_disagree_are_refused() -> None:
    for given, sentence in (
        ({"TUNTAS_METRICS_PORT": "8000"}, "METRICS_PORT is the port of the API"),
        (
            {"TUNTAS_METRICS_TOKENS": "a" * 20, "TUNTAS_EVALUATOR_TOKENS": "a" * 20},
            "METRICS_TOKENS holds a token of TUNTAS_EVALUATOR_TOKENS",
        ),
        (
            {"TUNTAS_METRICS_TOKENS": "a" * 20, "TUNTAS_PARTNER_TOKENS": "pintaria:" + "a" * 20},
            "METRICS_TOKENS holds a token of TUNTAS_PARTNER_TOKENS",
        ),
    ):
        with pytest.raises(SettingsRefused, match=sentence):
            read_settings(given)
