"""The suites that eventsourcing ships for recorders, against the recorders of a lane."""

from eventsourcing.tests import persistence as suites

from services.postgres.lane_recorder import (
    LaneAggregateRecorder,
    LaneApplicationRecorder,
    LaneRecorder,
    LaneTrackingRecorder,
)
from tests.recorder_conformance.lane_test_case import LaneTestCase


class TestLaneAggregateRecorder(LaneTestCase, suites.AggregateRecorderTestCase):
    """On the aggregate recorder: this suite demands that insert_events answers None, the next one ids."""

    def create_recorder(self) -> LaneAggregateRecorder:
        return LaneAggregateRecorder(self.pool, self.lane)


class TestLaneApplicationRecorder(LaneTestCase, suites.ApplicationRecorderTestCase):
    def create_recorder(self) -> LaneApplicationRecorder:
        return LaneApplicationRecorder(self.pool, self.lane)

    def test_insert_subscribe(self) -> None:
        self.optional_test_insert_subscribe()


class TestLaneTrackingRecorder(LaneTestCase, suites.TrackingRecorderTestCase):
    def create_recorder(self) -> LaneTrackingRecorder:
        return LaneTrackingRecorder(self.pool, self.lane)


class TestLaneRecorder(LaneTestCase, suites.ProcessRecorderTestCase):
    def create_recorder(self) -> LaneRecorder:
        return LaneRecorder(self.pool, self.lane)


class TestLaneRecorderAsApplicationRecorder(LaneTestCase, suites.ApplicationRecorderTestCase):
    def create_recorder(self) -> LaneRecorder:
        return LaneRecorder(self.pool, self.lane)

    def test_insert_subscribe(self) -> None:
        self.optional_test_insert_subscribe()


class TestLaneRecorderAsTrackingRecorder(LaneTestCase, suites.TrackingRecorderTestCase):
    def create_recorder(self) -> LaneRecorder:
        return LaneRecorder(self.pool, self.lane)


class TestNonInterleavingNotificationIDs(
    LaneTestCase, suites.NonInterleavingNotificationIDsBaseCase
):
    def create_recorder(self) -> LaneRecorder:
        return LaneRecorder(self.pool, self.lane)
