"""Participant records that a worker keeps between batches, bounded in number, owned by lanes."""

from collections.abc import Iterable, Mapping
from itertools import islice

from projections.status.record import Record

Key = tuple[int, str]
"""Partner id and participant id."""


class RecordCache:
    """The most recently used participant records. Records of a lane go when the lane goes."""

    def __init__(self, limit: int) -> None:
        """``limit`` counts participant records; 0 keeps none."""
        self._limit = limit
        self._records: dict[Key, tuple[int, Record]] = {}

    def __len__(self) -> int:
        return len(self._records)

    def missing(self, partner_id: int, lanes: Mapping[str, int]) -> list[str]:
        """The participants whose records `take` would not give."""
        held = self._records
        return [
            who
            for who, lane_id in lanes.items()
            if (kept := held.get((partner_id, who))) is None or kept[0] != lane_id
        ]

    def take(self, partner_id: int, lanes: Mapping[str, int]) -> dict[str, Record]:
        """Those of the records that are here, by participant id; they are here no longer until they are kept again.

        ``lanes``: participant id to the id of the lane that is to write it. What was kept for another lane is not
        given: another worker may have written the participant from this one meanwhile.
        """
        take = self._records.pop
        found: dict[str, Record] = {}
        for participant_id, lane_id in lanes.items():
            held = take((partner_id, participant_id), None)
            if held is not None and held[0] == lane_id:
                found[participant_id] = held[1]
        return found

    def keep(
        self, partner_id: int, records: Mapping[str, Record], lanes: Mapping[str, int]
    ) -> None:
        """Keeps the records as the most recently used ones, and drops the oldest beyond the limit.

        ``lanes``: participant id to the id of the lane that writes it.
        """
        held = self._records
        for participant_id, record in records.items():
            held[partner_id, participant_id] = (lanes[participant_id], record)
        surplus = len(held) - self._limit
        if surplus > 0:
            for key in list(islice(held, surplus)):
                del held[key]

    def forget(self, keys: Iterable[Key]) -> None:
        """Drops records that may hold what was not committed, or lack what another worker committed."""
        for key in keys:
            self._records.pop(key, None)

    def drop_lane(self, lane_id: int) -> None:
        """Drops the records of a lane that another worker owns from now on."""
        self._records = {k: held for k, held in self._records.items() if held[0] != lane_id}
