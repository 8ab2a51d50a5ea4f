"""Real courses as a partner of Tuntas would report them: the OULAD files as contract events.

    python docs/examples/oulad/partner_events.py > oulad.jsonl
    tuntas check oulad.jsonl
    tuntas publish --partner pintaria oulad.jsonl

Needs nothing but Python. Another folder with the same files can be named as the argument.
What each row becomes, and why, is told in docs/examples/oulad.md.
"""

import csv
import gzip
import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple, TextIO

PARTNER = "pintaria"
"""Stands in for the Open University's own platform, which is no partner of the programme."""

INSTITUTION = "Open University"
PASS_MARK = 0.4
"""The data's authors: "The score lower than 40 is interpreted as Fail"."""

START_MONTH = {"B": 2, "J": 10}
"""A presentation is named by its year and the letter of its month: B February, J October."""

PUBLISHED_DAY = -365
"""No date is recorded; the earliest registration of all is on day -205."""

# The data knows days only. These hours put one student's day in its natural order.
MIDNIGHT, REGISTERED, SUBMITTED, ENDED = 0, 9, 12, 17

Row = dict[str, str]
Event = dict[str, Any]


class Presentation(NamedTuple):
    """One run of a module: what Tuntas calls a class."""

    module: str
    name: str
    length_days: int

    @property
    def class_code(self) -> str:
        return f"{self.module}-{self.name}"

    def at(self, day: int, hour: int) -> str:
        """RFC 3339 time of ``hour`` on ``day``; day 0 is the first of the month it starts in."""
        start = datetime(int(self.name[:4]), START_MONTH[self.name[4:]], 1, hour, tzinfo=UTC)
        return (start + timedelta(days=day)).strftime("%Y-%m-%dT%H:%M:%SZ")


class Season:
    """The tables of one data folder, and the events that a partner would make of them."""

    def __init__(self, data_dir: Path) -> None:
        self.presentations = {
            (row["code_module"], row["code_presentation"]): Presentation(
                row["code_module"], row["code_presentation"], int(row["module_presentation_length"])
            )
            for row in rows(data_dir, "courses")
        }
        self.assessments = {row["id_assessment"]: row for row in rows(data_dir, "assessments")}
        self.registrations = list(rows(data_dir, "studentRegistration"))
        self.submissions = list(rows(data_dir, "studentAssessment"))
        self.results = list(rows(data_dir, "studentResult"))

    def presentation(self, row: Row) -> Presentation:
        return self.presentations[row["code_module"], row["code_presentation"]]

    def published(self) -> Iterator[Event]:
        for presentation in self.presentations.values():
            yield event(
                "class.published",
                f"published-{presentation.class_code}",
                presentation.at(PUBLISHED_DAY, MIDNIGHT),
                class_code=presentation.class_code,
                title=f"Module {presentation.module}, presentation {presentation.name}",
                institution=INSTITUTION,
                mastery_score=PASS_MARK,
            )

    def purchases(self) -> Iterator[Event]:
        for row in self.registrations:
            presentation, student = self.presentation(row), row["id_student"]
            code = presentation.class_code
            purchase = {"purchase_id": f"{code}-{student}", "participant_id": participant(student)}
            yield event(
                "purchase.paid",
                f"registered-{code}-{student}",
                presentation.at(int(row["date_registration"]), REGISTERED),
                **purchase,
                items=[{"class_code": code}],
            )
            if row["date_unregistration"]:
                yield event(
                    "purchase.refunded",
                    f"unregistered-{code}-{student}",
                    presentation.at(int(row["date_unregistration"]), ENDED),
                    **purchase,
                    reason="unregistered",
                )

    def assessed(self) -> Iterator[Event]:
        earlier_attempts = {
            (self.presentation(row).class_code, row["id_student"]): int(row["num_of_prev_attempts"])
            for row in self.results
        }
        closing = self.closing_assessments()
        for row in self.submissions:
            assessment, student = self.assessments[row["id_assessment"]], row["id_student"]
            presentation = self.presentation(assessment)
            code = presentation.class_code
            closes = closing[code, student] == row["id_assessment"]
            exam = assessment["assessment_type"] == "Exam"
            # A submission without a score is a result all the same; only its verdict is unknown.
            score = {"score": {"raw": int(row["score"]), "max": 100}} if row["score"] else {}
            yield event(
                "class.assessed",
                f"submitted-{row['id_assessment']}-{student}",
                presentation.at(int(row["date_submitted"]), SUBMITTED),
                participant_id=participant(student),
                class_code=code,
                kind="post_test" if exam or closes else "assignment",
                **score,
                attempt=earlier_attempts[code, student] + 1,
            )

    def closing_assessments(self) -> dict[tuple[str, str], str]:
        """The assessment that assesses the class, by class code and student.

        The exam; without one, the last by due date that the student handed in. Where two are due on
        one day, the weightier.
        """
        closing: dict[tuple[str, str], tuple[bool, int, float, int]] = {}
        for row in self.submissions:
            assessment = self.assessments[row["id_assessment"]]
            presentation = self.presentation(assessment)
            rank = (
                assessment["assessment_type"] == "Exam",
                # An exam without a date is in the presentation's last week.
                int(assessment["date"] or presentation.length_days),
                float(assessment["weight"]),
                int(assessment["id_assessment"]),
            )
            place = presentation.class_code, row["id_student"]
            closing[place] = max(rank, closing.get(place, rank))
        return {place: str(rank[-1]) for place, rank in closing.items()}

    def completed(self) -> Iterator[Event]:
        for row in self.results:
            if row["final_result"] in {"Pass", "Distinction"}:
                presentation, student = self.presentation(row), row["id_student"]
                yield event(
                    "class.completed",
                    f"completed-{presentation.class_code}-{student}",
                    presentation.at(presentation.length_days, ENDED),
                    participant_id=participant(student),
                    class_code=presentation.class_code,
                )


def rows(data_dir: Path, table: str) -> Iterator[Row]:
    """Each row of ``table``, from its .csv or .csv.gz file."""
    plain = data_dir / f"{table}.csv"
    file: TextIO
    with (
        plain.open(encoding="utf-8", newline="")
        if plain.exists()
        else gzip.open(data_dir / f"{table}.csv.gz", "rt", encoding="utf-8", newline="")
    ) as file:
        yield from csv.DictReader(file)


def participant(student: str) -> str:
    """A participant id. The data's student numbers are pseudonyms already, of at most 7 digits."""
    return f"OU-{int(student):09}"


def event(name: str, event_id: str, time: str, **data: Any) -> Event:
    """One structured CloudEvent of the partner (contract section 2)."""
    return {
        "specversion": "1.0",
        "id": event_id,
        "source": f"/partners/{PARTNER}",
        "type": f"id.tuntas.{name}.v1",
        "time": time,
        "datacontenttype": "application/json",
        "data": data,
    }


def events(data_dir: Path) -> Iterator[bytes]:
    """JSON Lines, one event a line without its newline, in the order in which things happened."""
    season = Season(data_dir)
    everything = [
        *season.published(),
        *season.purchases(),
        *season.assessed(),
        *season.completed(),
    ]
    everything.sort(key=lambda one: (one["time"], one["id"]))
    for one in everything:
        yield json.dumps(one, separators=(",", ":")).encode()


def key_of(line: bytes) -> str:
    """The Kafka message key of one event: its participant, for catalogue events its class."""
    data = json.loads(line)["data"]
    return str(data.get("participant_id") or data["class_code"])


def main() -> None:
    """Writes every event to stdout."""
    data_dir = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "data"
    for line in events(data_dir):
        sys.stdout.buffer.write(line + b"\n")


if __name__ == "__main__":
    main()
