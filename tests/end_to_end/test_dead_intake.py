"""With no ingest worker left, all that say how far it is agree within ten seconds, and again when one is back."""

import json
import subprocess
import sys
from collections.abc import Sequence
from time import monotonic, sleep
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from services.kafka.producer import Outgoing
from services.simulator import simulate
from tests.end_to_end.running_system import RunningSystem

# Groups of the embedded broker do not survive two workers that stop at once.
pytestmark = [pytest.mark.slow, pytest.mark.apache]

WAITING = 8
WITHIN_SECONDS = 10.0


def ask(system: RunningSystem, path: str) -> httpx.Response:
    headers = {"Authorization": f"Bearer {system.evaluator_token}"}
    return httpx.get(system.api_url + path, headers=headers, timeout=30)


def page(system: RunningSystem) -> str:
    with httpx.Client(base_url=system.api_url, follow_redirects=True, timeout=30) as browser:
        browser.post(
            "/login",
            data={"token": system.evaluator_token, "next": "/intake"},
            headers={"Origin": system.api_url, "Sec-Fetch-Site": "same-origin"},
        )
        return " ".join(browser.get("/intake").text.split())


def status(system: RunningSystem) -> Any:
    ended = subprocess.run(
        [sys.executable, "-m", "services.cli", "status", "--json"],
        env=system.environment(),
        cwd=system.folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return json.loads(ended.stdout)


def metrics(system: RunningSystem) -> dict[str, float]:
    found: dict[str, float] = {}
    for family in text_string_to_metric_families(ask(system, "/metrics").text):
        for sample in family.samples:
            name = sample.name + "".join(
                f" {sample.labels[label]}"
                for label in ("service", "state")
                if label in sample.labels
            )
            found[name] = found.get(name, 0) + sample.value
    return found


def what_all_say(system: RunningSystem) -> list[object]:
    """How many wait, by each that says so; and whether the intake lives."""
    told = status(system)
    figures = metrics(system)
    shown = page(system)
    return [
        ask(system, "/v1/purchased-classes").json()["freshness"]["events"],
        ask(system, "/v1/intake").json()["totals"]["lag"],
        told["waiting"],
        sum(lane["lag"] for lane in told["lanes"]),
        figures["tuntas_intake_lag"],
        figures["tuntas_behind_events"],
        f"<strong>{WAITING} events are not in it yet." in shown,
        "Everything that Kafka holds is in it." in shown,
        ask(system, "/readyz").status_code,
        any(each["lives"] for each in told["services"] if each["service"] == "ingest"),
        figures["tuntas_processes ingest working"] > 0,
    ]


DEAD: Sequence[object] = (*[WAITING] * 6, True, False, 503, False, False)
WELL: Sequence[object] = (*[0] * 6, False, True, 200, True, True)


def settles(system: RunningSystem, expected: Sequence[object], deadline: float) -> None:
    """Waits until all say what is expected; fails with what they said who were asked at the deadline or later.

    To ask takes some time itself, as a command starts.
    """
    while True:
        asked = monotonic()
        if (said := what_all_say(system)) == list(expected):
            return
        assert asked < deadline, f"{said} is not {expected}"
        sleep(min(0.2, max(0.0, deadline - monotonic())))


@pytest.mark.parametrize("way", ["stop", "kill"])
def test_a_dead_intake_does_not_look_healthy(running_system: RunningSystem, way: str) -> None:
    system = running_system
    if not system.ingest():
        system.start_ingest()
    settles(system, WELL, monotonic() + 60)
    for name in system.ingest():
        (system.stop if way == "stop" else system.kill)(name)
    records = [record for record in simulate(400, 91) if record.partner == "pintaria"]
    sent: list[Outgoing] = list(records[:WAITING])
    began = monotonic()
    assert system.publish(sent) == WAITING
    settles(system, DEAD, began + WITHIN_SECONDS)
    answer = ask(system, "/v1/purchased-classes").json()["freshness"]
    assert 0 < answer["seconds"] <= monotonic() - began + 1
    refusal = ask(system, "/readyz").json()["detail"]
    assert "no `tuntas ingest` process runs" in refusal
    assert f"{WAITING} events wait" in refusal
    assert httpx.get(system.api_url + "/livez", timeout=5).status_code == 200
    system.start_ingest()
    settles(system, WELL, monotonic() + 60)
