"""Evaluations over time, followed in steps, each of one partner; several processes share the partners among them."""

from functools import partial

from projections.days.following import Follower
from projections.status.rejudge import Transaction
from services.projector.beside import Step


def begin() -> Step:
    """What takes the steps, and holds participants in between."""
    return partial(follow_one, follower=Follower())


def follow_one(opened: Transaction, follower: Follower) -> int:
    """One step of the partner of whom most waits and nobody else follows; returns how much was followed, 0: nothing."""
    with opened() as cursor:
        behind = follower.behind(cursor)
    for partner_id in behind:
        try:
            with opened() as cursor:
                done = follower.follow(cursor, partner_id)
        except BaseException:
            follower.forget(partner_id)
            raise
        if done:
            return done
    return 0
