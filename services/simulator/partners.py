"""The eight partners (contract, section 1) and the habits each has when it reports."""

from enum import Enum
from typing import Final

import msgspec

from services.simulator.instants import instant


class Reporting(Enum):
    """When a partner sends what happened: at once, the night after, or once a week."""

    LIVE = "live"
    NIGHTLY = "nightly"
    WEEKLY = "weekly"


class Partner(msgspec.Struct, frozen=True):
    name: str
    id_prefix: str
    market_share: float
    offset_hours: int
    """Offset of the times it writes."""
    fraction_digits: int
    """Digits of a second it writes: 0, 3 or 6."""
    binary_share: float
    """Share of its records in CloudEvents' binary content mode."""
    reporting: Reporting
    silent_share: float
    """Share of purchased classes it never says a word about."""
    silent_stretch: tuple[int, int] | None = None
    """From, to: what happened in a class in that time was never reported."""
    names_content_type: bool = True
    """Whether a structured record carries the content-type header."""
    names_subject: bool = False
    names_purchase: bool = False
    """Whether reports on a class carry the purchase_id."""
    numbers_events: bool = True
    """Whether its events carry the `sequence` extension."""
    tells_starts: bool = True
    """Whether it reports that a class was opened."""
    tells_attendance: bool = True
    """Whether it reports who was at which meeting; of one that does not, nobody knows."""
    recordedtime_share: float = 0.0

    @property
    def topic(self) -> str:
        return f"tuntas.partner.{self.name}"

    @property
    def source(self) -> str:
        return f"/partners/{self.name}"


PARTNERS: Final = (
    Partner(
        "bukalapak",
        "bl",
        0.14,
        7,
        0,
        0.0,
        Reporting.NIGHTLY,
        0.08,
        names_purchase=True,
        tells_starts=False,
        tells_attendance=False,
    ),
    Partner("maubelajarapa", "mba", 0.06, 7, 3, 1.0, Reporting.LIVE, 0.06, names_subject=True),
    Partner("pijar-mahir", "pm", 0.16, 0, 3, 0.5, Reporting.LIVE, 0.05, recordedtime_share=0.8),
    Partner(
        "pintaria",
        "pt",
        0.10,
        8,
        0,
        0.1,
        Reporting.WEEKLY,
        0.10,
        silent_stretch=(instant(2020, 5, 18), instant(2020, 6, 4)),
        names_subject=True,
        tells_starts=False,
    ),
    Partner(
        "sekolahmu",
        "sm",
        0.09,
        7,
        6,
        1.0,
        Reporting.LIVE,
        0.07,
        names_subject=True,
        recordedtime_share=0.3,
    ),
    # One partner is much more silent than the others: the gap that evaluation has to see.
    Partner(
        "sisnaker",
        "sn",
        0.08,
        7,
        0,
        0.0,
        Reporting.WEEKLY,
        0.62,
        names_content_type=False,
        numbers_events=False,
        tells_starts=False,
        tells_attendance=False,
    ),
    Partner("skill-academy", "sa", 0.21, 0, 6, 0.7, Reporting.NIGHTLY, 0.05, names_purchase=True),
    Partner(
        "tokopedia",
        "tp",
        0.16,
        7,
        3,
        0.3,
        Reporting.NIGHTLY,
        0.09,
        silent_stretch=(instant(2020, 8, 10), instant(2020, 9, 5)),
        tells_attendance=False,
        recordedtime_share=0.2,
    ),
)
