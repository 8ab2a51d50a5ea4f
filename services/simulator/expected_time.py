"""Part of the oracle: times as the answers write them.

Independent by design: nothing of `domain` or `projections`, and nothing of the generator.
"""

from datetime import UTC, datetime, timedelta, timezone
from typing import Final

# 30 June 2020, 00:00 Western Indonesian Time: the default of contract section 1.
PACKAGE_SALES_END: Final = datetime(2020, 6, 30, tzinfo=timezone(timedelta(hours=7)))


def utc(at: datetime | None) -> str | None:
    """RFC 3339 in UTC, with a fraction of six digits where there is one."""
    return None if at is None else at.astimezone(UTC).isoformat().replace("+00:00", "Z")
