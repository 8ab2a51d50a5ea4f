from collections.abc import Iterator

import pytest
from kafka.admin import UserScramCredentialDeletion, UserScramCredentialUpsertion

from services.kafka.admin import admin_client
from services.kafka.security import Security
from tests.services.kafka.secured.cluster import SecuredKafka
from tests.services.kafka.secured.granted import Granted


@pytest.fixture(scope="session")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecuredKafka]:
    """The secured cluster of this run; tests use users and topics of their own, or partners' as granted."""
    cluster = SecuredKafka(tmp_path_factory.mktemp("secured"))
    with cluster.kafka:
        yield cluster


class Users:
    """Makes, changes and removes SCRAM users."""

    def __init__(self, cluster: SecuredKafka) -> None:
        self.cluster = cluster

    def set(self, user: str, password: str) -> Security:
        """The user with this password, on the cluster and in its file."""
        self.set_on_the_cluster(user, password)
        return self.cluster.with_password(user, password)

    def set_on_the_cluster(self, user: str, password: str) -> None:
        self._alter([UserScramCredentialUpsertion(user, "SCRAM-SHA-512", password)])

    def remove(self, user: str) -> None:
        self._alter([UserScramCredentialDeletion(user, "SCRAM-SHA-512")])

    def _alter(self, changes: list[object]) -> None:
        cluster = self.cluster
        with admin_client(cluster.certificate_door, cluster.admin, "changing users") as admin:
            told = admin.alter_user_scram_credentials(changes)
            assert set(told.values()) == {None}


@pytest.fixture
def users(secured: SecuredKafka) -> Users:
    return Users(secured)


@pytest.fixture(scope="session")
def granted(secured: SecuredKafka, tmp_path_factory: pytest.TempPathFactory) -> Granted:
    """The secured cluster after `tuntas partners grant`."""
    found = Granted(secured, tmp_path_factory.mktemp("granted") / "passwords")
    found.grant()
    return found
