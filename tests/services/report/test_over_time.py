"""The auditors' question over time: partners' months are added up, and drawn."""

from typing import Any

from services.language.language import language
from services.report.document import Chart, Table
from services.report.over_time import MOST_MONTHS, months, over_time


def month(last_day: str, completed: int, in_progress: int, never_reported: int) -> dict[str, Any]:
    by = {"completed": completed, "in_progress": in_progress, "never_reported": never_reported}
    return {"last_day": last_day, "standing": {"money": {"net_by_completion": by}}}


def test_months_of_partners_are_added_up() -> None:
    first = [month("2020-05-31", 0, 10, 5), month("2020-06-30", 8, 4, 3)]
    second = [month("2020-06-30", 100, 0, 1)]
    assert months([first, second]) == {
        "2020-05-31": {"completed": 0, "in_progress": 10, "never_reported": 5},
        "2020-06-30": {"completed": 108, "in_progress": 4, "never_reported": 4},
    }
    _, chart, table = over_time([first, second], language("en"))
    assert isinstance(chart, Chart)
    assert isinstance(table, Table)
    assert table.rows == [
        ["May 2020", "15", "0", "10", "5", "100.0%"],
        ["Jun 2020", "116", "108", "4", "4", "6.9%"],
    ]


def test_of_nothing_nothing_is_drawn_and_of_many_months_the_latest() -> None:
    assert list(over_time([[], [month("2020-05-31", 0, 0, 0)]], language("en"))) == []
    many = [
        month(f"{year}-{number:02}-28", 1, 1, 1)
        for year in range(2018, 2022)
        for number in range(1, 13)
    ]
    assert len(months([many])) == MOST_MONTHS
    assert max(months([many])) == "2021-12-28"
