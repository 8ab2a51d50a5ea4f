"""What the answers about the OULAD season must be, computed from its tables by SQLite.

Shares no code with the example that turns the same tables into events, nor with Tuntas.
"""

import csv
import gzip
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from statistics import fmean, median
from typing import Any, NamedTuple

DATA_DIR = Path(__file__).parents[2] / "docs" / "examples" / "oulad" / "data"
END_OF_TIME = "9999-12-31T23:59:59Z"


class Answer(NamedTuple):
    """One purchased class; times are RFC 3339 texts in UTC."""

    participant_id: str
    class_code: str
    purchased_at: str
    refunded_at: str | None
    completion: str
    completed_at: str | None
    assessment: str
    assessed_at: str | None
    best_scaled: float | None
    attempts: int
    satisfied: int
    completed_without_assessment: int
    evidence_before_purchase: int
    evidence_after_refund: int


FLAGS = ("completed_without_assessment", "evidence_before_purchase", "evidence_after_refund")
"""The flags of the contract that this data raises."""


class ClassFigures(NamedTuple):
    """The answers of one class, counted."""

    class_code: str
    purchased: int
    refunded: int
    completed: int
    in_progress: int
    never_reported: int
    passed: int
    failed: int
    without_verdict: int
    not_assessed: int
    satisfied: int
    highest: float | None
    mean_scaled: float | None


@contextmanager
def figures(as_of: str = END_OF_TIME, data_dir: Path = DATA_DIR) -> Iterator[sqlite3.Connection]:
    """A database in memory with the tables of ``data_dir`` and the views of oulad_figures.sql."""
    with closing(sqlite3.connect(":memory:")) as database:
        for table in (
            "courses",
            "assessments",
            "studentRegistration",
            "studentAssessment",
            "studentResult",
        ):
            names, *rows = read(data_dir, table)
            # NUMERIC turns "78" into a number and leaves words as they are.
            columns = ", ".join(f'"{name}" NUMERIC' for name in names)
            places = ", ".join("?" * len(names))
            database.execute(f'CREATE TABLE "{table}" ({columns})')
            database.executemany(
                f'INSERT INTO "{table}" VALUES ({places})',
                ([field or None for field in row] for row in rows),
            )
        database.executescript(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))
        database.execute("INSERT INTO moment VALUES (?)", (as_of,))
        yield database


def read(data_dir: Path, table: str) -> list[list[str]]:
    """The lines of a table, its column names first."""
    packed = data_dir / f"{table}.csv.gz"
    if packed.exists():
        text = gzip.decompress(packed.read_bytes()).decode()
    else:
        text = packed.with_suffix("").read_text(encoding="utf-8")
    return list(csv.reader(text.splitlines()))


def answers(as_of: str = END_OF_TIME, data_dir: Path = DATA_DIR) -> list[Answer]:
    """Every purchased class that there was by ``as_of``."""
    with figures(as_of, data_dir) as database:
        columns = ", ".join(Answer._fields)
        return [Answer(*row) for row in database.execute(f"SELECT {columns} FROM answer")]


def by_class(as_of: str = END_OF_TIME, data_dir: Path = DATA_DIR) -> list[ClassFigures]:
    """Figures of every class bought by ``as_of``, in order of class code."""
    with figures(as_of, data_dir) as database:
        columns = ", ".join(ClassFigures._fields)
        query = f"SELECT {columns} FROM class_figures ORDER BY class_code"
        return [ClassFigures(*row) for row in database.execute(query)]


def evaluation(of: Sequence[Answer]) -> dict[str, Any]:
    """The figures over some purchased classes, by the contract's names (section 3, evaluations)."""
    marks = [round(one.best_scaled * 100) for one in of if one.best_scaled is not None]
    days = [
        (datetime.fromisoformat(one.completed_at) - datetime.fromisoformat(one.purchased_at))
        / timedelta(days=1)
        for one in of
        if one.completed_at
    ]
    in_progress = sum(one.completion == "in_progress" for one in of)
    return {
        "purchased": len(of),
        "refunded": sum(one.refunded_at is not None for one in of),
        "never_reported": sum(one.completion == "never_reported" for one in of),
        "started": sum(one.completion != "never_reported" for one in of),
        "completed": sum(one.completion == "completed" for one in of),
        "assessed": sum(one.attempts > 0 for one in of),
        "passed": sum(one.assessment == "passed" for one in of),
        "failed": sum(one.assessment == "failed" for one in of),
        "satisfied": sum(one.satisfied for one in of),
        "reviewed": 0,
        "score_histogram": [
            sum(low <= mark < low + 10 or (low == 90 and mark == 100) for mark in marks)
            for low in range(0, 100, 10)
        ],
        "score_mean": fmean(marks) / 100,
        "score_median": median(marks) / 100,
        "gain_mean": None,
        "gain_count": 0,
        "rating_mean": None,
        "median_days_to_completion": median(days),
        "drop_off": [0] * 10,
        "drop_off_without_percent": in_progress,
        "flags": {flag: sum(getattr(one, flag) for one in of) for flag in FLAGS},
    }
