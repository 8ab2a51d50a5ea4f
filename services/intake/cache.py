"""Participant records that a worker keeps between batches, bounded in number, owned by lanes."""

from collections.abc import Iterable

from projections.record import Record

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

    def get(self, partner_id: int, participant_id: str) -> Record | None:
        """The record, or None when it is not here."""
        held = self._records.get((partner_id, participant_id))
        return None if held is None else held[1]

    def keep(self, lane_id: int, partner_id: int, record: Record) -> None:
        """Keeps the record as the most recently used one, and drops the oldest beyond the limit."""
        key = (partner_id, record.participant_id)
        self._records.pop(key, None)
        self._records[key] = (lane_id, record)
        while len(self._records) > self._limit:
            del self._records[next(iter(self._records))]

    def forget(self, keys: Iterable[Key]) -> None:
        """Drops records whose rows are no longer what the record says."""
        for key in keys:
            self._records.pop(key, None)

    def drop_lane(self, lane_id: int) -> None:
        """Drops the records of a lane that another worker owns from now on."""
        self._records = {k: held for k, held in self._records.items() if held[0] != lane_id}

    def clear(self) -> None:
        """Drops everything."""
        self._records.clear()
