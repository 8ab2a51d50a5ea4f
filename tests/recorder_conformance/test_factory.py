"""The library's suite for infrastructure factories and its example application, on the ledger."""

from unittest import TestCase

import pytest
from eventsourcing.persistence import InfrastructureFactoryError
from eventsourcing.tests import application as applications
from eventsourcing.tests import persistence as suites
from eventsourcing.utils import Environment

from services.postgres.factory import LaneFactory
from services.postgres.lane_recorder import (
    LaneAggregateRecorder,
    LaneApplicationRecorder,
    LaneRecorder,
    LaneTrackingRecorder,
)

MODULE = "services.postgres.factory"


class CustomTrackingRecorder(LaneTrackingRecorder):
    """A tracking recorder that an application brings along."""


class TestLaneFactory(suites.InfrastructureFactoryTestCase[LaneFactory]):
    @pytest.fixture(autouse=True)
    def on_postgres(self, database_url: str) -> None:
        settings = {"PERSISTENCE_MODULE": MODULE, "LANE_DATABASE_URL": database_url}
        self.env = Environment("Conformance", settings)

    def expected_factory_class(self) -> type[LaneFactory]:
        return LaneFactory

    def expected_aggregate_recorder_class(self) -> type[LaneAggregateRecorder]:
        return LaneAggregateRecorder

    def expected_application_recorder_class(self) -> type[LaneApplicationRecorder]:
        return LaneApplicationRecorder

    def expected_tracking_recorder_class(self) -> type[LaneTrackingRecorder]:
        return LaneTrackingRecorder

    def tracking_recorder_subclass(self) -> type[CustomTrackingRecorder]:
        return CustomTrackingRecorder

    def expected_process_recorder_class(self) -> type[LaneRecorder]:
        return LaneRecorder

    def test_a_database_must_be_named(self) -> None:
        del self.env["LANE_DATABASE_URL"]
        with pytest.raises(InfrastructureFactoryError):
            LaneFactory(self.env)


class TestExampleApplication(applications.ExampleApplicationTestCase):
    """Opens and credits accounts, takes snapshots and reads the notification log."""

    expected_factory_topic = "services.postgres.factory:LaneFactory"

    @pytest.fixture(autouse=True)
    def on_postgres(self, database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PERSISTENCE_MODULE", MODULE)
        monkeypatch.setenv("LANE_DATABASE_URL", database_url)


class TestTwoApplications(TestCase):
    @pytest.fixture(autouse=True)
    def on_postgres(self, database_url: str) -> None:
        self.env = {"PERSISTENCE_MODULE": MODULE, "LANE_DATABASE_URL": database_url}

    def test_each_has_events_of_its_own_and_finds_them_again(self) -> None:
        class OtherAccounts(applications.BankAccounts):
            pass

        with applications.BankAccounts(env=self.env) as first, OtherAccounts(env=self.env) as other:
            account_id = first.open_account("Alice", "alice@example.com")
            assert other.recorder.max_notification_id() is None
            with pytest.raises(other.AccountNotFoundError):
                other.get_account(account_id)
        with applications.BankAccounts(env=self.env) as again:
            assert again.get_account(account_id).full_name == "Alice"
