"""The settings that docs/security.md gives partners for their clients do what it says."""

import re
from pathlib import Path
from typing import Any

import pytest

from tests.services.kafka.secured.granted import Granted

pytestmark = pytest.mark.apache

GUIDE = Path(__file__).parents[4] / "docs" / "security.md"


def test_the_python_of_the_guide_writes_and_reads(
    granted: Granted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (code,) = re.findall(
        r"\*\*kafka-python\*\*\n\n```python\n(.*?)```", GUIDE.read_text(), re.DOTALL
    )
    (tmp_path / "password").write_text((granted.passwords / "pintaria").read_text())
    (tmp_path / "ca.pem").write_bytes(granted.cluster.authority.ca_file.read_bytes())
    monkeypatch.chdir(tmp_path)
    code = code.replace("kafka.example:9094", granted.bootstrap)
    found: dict[str, Any] = {}
    exec(code, found)
    producer, consumer = found["producer"], found["consumer"]
    written = producer.send("tuntas.partner.pintaria", b"{}", b"PRK-1").get(15)
    assert written.topic == "tuntas.partner.pintaria"
    consumer.poll(timeout_ms=5_000)
    assert consumer.assignment() or consumer.subscription()
    producer.close()
    consumer.close()
