"""Rows are judged again where a partner's catalogue, or the package sales end, changed after they were written."""

import logging
from typing import Final

from projections.status import rejudge
from projections.status.rejudge import Transaction
from services.logs import pairs
from services.postgres.errors import Retry

log: Final = logging.getLogger("tuntas.project")


def rejudge_all(opened: Transaction) -> int:
    """A pass over each partner that has to be judged again, and that nobody else is at; returns how many passes."""
    passes = 0
    for partner_id in rejudge.partners_behind(opened):
        if not rejudge.claim(opened, partner_id):
            continue
        try:
            done = rejudge.rejudge(opened, partner_id)
        except Retry as retry:
            log.warning("judged again later %s", pairs(partner_id=partner_id, why=str(retry)))
            continue
        finally:
            rejudge.release(opened, partner_id)
        passes += 1
        log.info(
            "judged again %s",
            pairs(
                partner_id=partner_id,
                revision=done.revision,
                rows=done.rows,
                purchases=done.purchases,
            ),
        )
    return passes
