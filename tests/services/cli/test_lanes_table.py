"""The table of `tuntas lanes` holds whole numbers and words, however narrow the terminal."""

from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from domain.vocabulary import PARTNERS, TOPIC_PREFIX
from projections.reading.kafka_log import KafkaLog
from services.cli.lanes import table_of
from services.running.lane_repair import Ill, Remedy
from services.running.lanes import LaneStatus
from tests.services.cli.commands import run

LOG = "MkU3OEVBNTcwNTJENDM2Qk"
EARLIER = "NlQ4OEVBNTcwNTJENDM2Qj"
TOPICS = [TOPIC_PREFIX + partner for partner in PARTNERS]


def lane(number: int, topic: str, next_offset: int, **others: object) -> LaneStatus:
    first: dict[str, object] = {"log_id": LOG, "is_current": True} | others
    return LaneStatus(
        topic=topic,
        partition=number % 6,
        next_offset=next_offset,
        high_water=next_offset,
        lag=0,
        accepted=0,
        duplicate=0,
        rejected=0,
        skipped=0,
        unknown_fields=0,
        last_read=None,
        lane_id=number,
        **first,  # type: ignore[arg-type]
    )


def shown(width: int, found: list[LaneStatus], ill: list[Ill]) -> str:
    ends = {(each.topic, each.partition): each.next_offset + 7 for each in found}
    log = KafkaLog(LOG, 0, dict.fromkeys(ends, 1_000_000), ends, {}, {})
    file = StringIO()
    Console(file=file, width=width).print(table_of(found, log, ill))
    return file.getvalue()


def of_season(next_offset: int, **others: object) -> tuple[list[LaneStatus], list[Ill]]:
    """Every partner's first lanes: one waits for a decision, one is set aside, one is of an earlier log."""
    found = [lane(number, TOPICS[number % 8], next_offset, **others) for number in range(8)]
    found.append(lane(8, TOPICS[0], 77_777, trouble="Kafka's broker fails."))
    found.append(lane(9, TOPICS[1], 88_888, log_id=EARLIER, is_current=False))
    return found, [Ill(found[0], Remedy.SKIP, "why", 5)]


@pytest.mark.parametrize("width", [80, 120, 200])
@pytest.mark.parametrize("next_offset", [1_234, 123_456_789, 12_345_678_901])
@pytest.mark.parametrize("first_offset", [0, 1_234_567])
def test_nothing_is_cut_off(width: int, next_offset: int, first_offset: int) -> None:
    found, ill = of_season(next_offset, first_offset=first_offset)
    text = shown(width, found, ill)
    assert "…" not in text
    assert max(map(len, text.splitlines())) <= width
    words = text.split()
    for each in found:
        assert each.topic.removeprefix(TOPIC_PREFIX) in words
        assert f"{each.next_offset:,}" in words
    assert words.count(f"{next_offset + 7:,}") == 8
    assert words.count("1,000,000") == 9
    assert words.count("1,234,567") == (8 if first_offset else 0)
    assert LOG in text


@pytest.mark.parametrize("width", [80, 120])
def test_a_lane_is_a_line_where_offsets_are_usual(width: int) -> None:
    found, ill = of_season(12_345_678)
    lines = shown(width, found, ill).splitlines()
    (waiting,) = (line for line in lines if "waits for a decision" in line)
    assert waiting.split()[:5] == ["bukalapak", "0", "12,345,678", "1,000,000", "12,345,685"]
    assert sum("read" in line for line in lines) == 7
    assert any("set aside" in line for line in lines)
    assert "earlier log" in "".join(lines)
    assert EARLIER in "".join(line.strip() for line in lines)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--topic", "nix"], "There is no lane of the topic nix."),
        (["--skip", "--topic", "nix"], "There is no lane of the topic nix."),
        (["--partition", "99"], "There is no lane of partition 99."),
    ],
)
def test_what_has_no_lane_is_no_calm(
    tmp_path: Path, database_url: str, options: list[str], said: str
) -> None:
    ended = run(tmp_path, database_url, "lanes", *options)
    assert ended.returncode == 2
    assert said in ended.stderr
