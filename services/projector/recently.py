"""Says, once, that more than half of a partner's recent records were rejected, and that it is no longer so."""

import logging
from time import monotonic
from typing import Final

from projections.reading.recent import SQL, Recent, recent
from projections.status.rejudge import Transaction
from services.logs import pairs

LOOK_SECONDS: Final = 10.0


class RecentlyRejected:
    """Looks every ten seconds."""

    def __init__(self, log: logging.Logger) -> None:
        self._log = log
        self._said: dict[str, Recent] = {}
        self._look_at = 0.0

    def look(self, opened: Transaction) -> None:
        """Looks where that is due."""
        if monotonic() < self._look_at:
            return
        self._look_at = monotonic() + LOOK_SECONDS
        with opened() as cursor:
            cursor.execute(SQL)
            found = {each.partner: each for each in recent(cursor.fetchall())}
        now = {partner: each for partner, each in found.items() if each.mostly_rejected}
        for partner in now.keys() - self._said.keys():
            counted = pairs(
                partner=partner, rejected=now[partner].rejected, of_recent=now[partner].records
            )
            self._log.warning("records are mostly rejected %s", counted)
        for partner in self._said.keys() - now.keys():
            self._log.info("records are no longer mostly rejected %s", pairs(partner=partner))
        self._said = now
