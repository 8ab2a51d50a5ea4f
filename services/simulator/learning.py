"""How one class goes for one participant: redeemed, followed, assessed, certified, reviewed."""

from typing import Final, Literal

import msgspec

from services.simulator.catalogue import TrainingClass
from services.simulator.chance import Chance
from services.simulator.instants import DAY
from services.simulator.reports import Reports
from services.simulator.titles import COMPLAINTS, PRAISE

Course = Literal[
    "finished",
    "dropped_out",
    "redeemed_only",
    "opened_only",
    "finished_unassessed",
    "assessed_unfinished",
    "certified_unfinished",
    "everything_watched",
]
COURSES: Final[tuple[tuple[float, Course], ...]] = (
    (0.58, "finished"),
    (0.15, "dropped_out"),
    (0.05, "redeemed_only"),
    (0.04, "opened_only"),
    (0.07, "finished_unassessed"),
    (0.05, "assessed_unfinished"),
    (0.03, "certified_unfinished"),
    (0.03, "everything_watched"),
)

PRESENT: Final = 0.93
"""Of the others nobody is known to have seen them at a meeting, and some of them finish all the same."""


class Class(msgspec.Struct):
    """One participant in one class, and the instant up to which the story is told."""

    reports: Reports
    taught: TrainingClass
    now: int
    until: int
    """Nothing happens from here on: the purchase was refunded, or the season is over."""

    @property
    def chance(self) -> Chance:
        return self.reports.chance

    def report(self, event: str, fields: dict[str, object], shape: str) -> None:
        """Lets some hours or days pass and reports, if the story has not ended by then."""
        self.now += int((0.1 + self.chance.random() ** 3 * 6) * DAY)
        if self.now < self.until:
            self.reports.evidence(event, self.now, self.taught.class_code, fields, shape)


def learn(reports: Reports, taught: TrainingClass, start: int, until: int) -> None:
    """Adds to `reports` what the partner reports on one class from `start` on."""
    chance = reports.chance
    if chance.happens(reports.partner.silent_share):
        return
    at = Class(reports, taught, start, until)
    course = chance.weighted(COURSES)
    ability = chance.random()
    if chance.happens(0.95):
        code = f"{reports.partner.id_prefix.upper()}{chance.between(10**6, 10**7 - 1)}"
        at.report("class.redeemed", {"redeem_code": code}, "redeemed")
    if course == "redeemed_only":
        return
    if reports.partner.tells_starts and chance.happens(0.9):
        at.report("class.started", {}, "started")
    if course == "opened_only":
        return
    if chance.happens(0.45):
        _pre_test(at, ability)
    reached = 100
    if course == "dropped_out" or (course == "certified_unfinished" and chance.happens(0.7)):
        reached = chance.between(1, 97)
    _progress(at, reached, was_there=chance.happens(PRESENT))
    if course in ("dropped_out", "everything_watched"):
        return
    if chance.happens(0.3):
        _result(at, "assignment", ability, chance.pick(("score", "score_and_verdict")))
    if course in ("finished", "finished_unassessed"):
        at.report("class.completed", {}, "completed")
    if course in ("finished", "assessed_unfinished"):
        _assessments(at, ability)
    _afterwards(at, course, ability)


def _pre_test(at: Class, ability: float) -> None:
    """A pre-test, lower than what comes after; now and then sat twice, now and then unscored."""
    if at.chance.happens(0.06):
        at.report("class.assessed", {"kind": "pre_test"}, "pre_test_unscored")
        return
    for _ in range(2 if at.chance.happens(0.05) else 1):
        _result(at, "pre_test", ability * 0.6, "score")


def _progress(at: Class, reached: int, *, was_there: bool) -> None:
    """Progress up to `reached` percent, in percent or units as the class reports it; and the meetings until there."""
    steps = at.chance.between(1, 5)
    style = at.taught.progress
    held = 0
    for step in range(1, steps + 1):
        percent: int | float = reached * step // steps
        held, before = at.taught.meetings * int(percent) // 100, held
        if was_there and at.reports.partner.tells_attendance:
            _attend(at, before + 1, held)
        unit = max(1, at.taught.units * reached * step // steps // 100)
        if style == "percent":
            if at.chance.happens(0.1) and percent < reached:
                percent += 0.5
            at.report("class.progressed", {"percent": percent}, "progress_percent")
        elif style == "unit_number":
            at.report("class.progressed", {"unit": unit}, "progress_unit_number")
        elif style == "unit_name":
            at.report("class.progressed", {"unit": f"Pelajaran {unit}"}, "progress_unit_name")
        else:
            fields: dict[str, object] = {"percent": percent, "unit": unit}
            at.report("class.progressed", fields, "progress_percent_and_unit")


def _attend(at: Class, first: int, last: int) -> None:
    """At the meetings from `first` to `last`, but for a few missed; some are told twice, with other minutes."""
    for session in range(first, last + 1):
        if at.chance.happens(0.12):
            continue
        for again in range(2 if at.chance.happens(0.03) else 1):
            fields: dict[str, object] = {"session": session}
            if at.chance.happens(0.9):
                fields["mode"] = at.taught.mode
            if at.chance.happens(0.8):
                fields["minutes"] = at.chance.between(9, 36) * 5
            at.report("class.attended", fields, "attended_again" if again else "attended")


def _assessments(at: Class, ability: float) -> None:
    """A post-test, repeated while it goes badly, then perhaps a performance task."""
    verdicts = at.taught.verdicts
    for attempt in range(1, at.chance.weighted(((0.7, 1), (0.2, 2), (0.1, 3))) + 1):
        _result(at, "post_test", ability + attempt * 0.08, verdicts, attempt)
    if at.chance.happens(0.35):
        _result(at, "performance", ability + 0.2, verdicts)


def _result(
    at: Class, kind: str, ability: float, verdicts: str, attempt: int | None = None
) -> None:
    low, high = at.taught.scale
    scaled = min(1.0, max(0.0, 0.34 + 0.6 * ability + (at.chance.random() - 0.5) * 0.3))
    # Halves at most: they are exact in binary, so that everyone computes the same fraction.
    halves = round(scaled * (high - low) * 2)
    raw = low + (halves // 2 if high - low > 10 or halves % 2 == 0 else halves / 2)
    passing = (raw - low) / (high - low) >= at.taught.mastery_score
    shape = f"{kind}_{verdicts}"
    fields: dict[str, object] = {"kind": kind}
    if verdicts in ("score", "score_and_verdict"):
        score: dict[str, object] = {"raw": raw}
        if (low, high) != (0, 100) or at.chance.happens(0.3):
            score = {"raw": raw, "min": low, "max": high}
        fields["score"] = score
    if verdicts == "score_and_verdict" and at.chance.happens(0.1):
        # The partner's own verdict stands, whatever the score says.
        passing = not passing
        shape = f"{kind}_verdict_against_score"
    if verdicts in ("verdict", "score_and_verdict"):
        fields["passed"] = passing
    if attempt is not None and at.chance.happens(0.8):
        fields["attempt"] = attempt
    at.report("class.assessed", fields, shape)


def _afterwards(at: Class, course: Course, ability: float) -> None:
    """The certificate and the review; either may be missing, either may be issued anew."""
    chance = at.chance
    unfinished = course in ("assessed_unfinished", "certified_unfinished")
    if course == "certified_unfinished" or chance.happens(0.1 if unfinished else 0.85):
        for again in range(2 if chance.happens(0.02) else 1):
            number = f"SRT/{at.taught.class_code}/{chance.between(10**4, 10**6 - 1)}-{again}"
            shape = "certificate_unfinished" if unfinished else "certificate"
            shape = "certificate_again" if again else shape
            at.report("certificate.issued", {"certificate_no": number}, shape)
    if chance.happens(0.65):
        for again in range(2 if chance.happens(0.05) else 1):
            shape = "review_again" if again else "review"
            at.report("class.reviewed", _review(chance, ability), shape)


def _review(chance: Chance, ability: float) -> dict[str, object]:
    rating = min(5, max(1, round(2.2 + 2 * ability + chance.random() * 1.6)))
    fields: dict[str, object] = {"rating": rating}
    if chance.happens(0.7):
        fields["instructor_rating"] = min(5, rating + chance.between(0, 1))
        fields["facility_rating"] = max(1, rating - chance.between(0, 1))
    if chance.happens(0.6):
        comment = chance.pick(PRAISE if rating > 3 else COMPLAINTS)
        if chance.happens(0.4):
            comment = f"{comment} {chance.pick(COMPLAINTS if rating > 4 else PRAISE)}"
        fields["comment"] = comment
    return fields
