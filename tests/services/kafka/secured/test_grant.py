"""`tuntas partners grant`: what it makes, that it can be done again, and what it says."""

import stat
from pathlib import Path

import pytest

from domain.vocabulary import PARTNERS
from services.kafka.access import API, SERVICES, lines_of_partner, lines_of_services
from services.kafka.admin import admin_client
from services.kafka.failures import BrokerRefused
from services.kafka.topics import PARTNER_TOPICS_OF
from tests.services.kafka.secured.cluster import SecuredKafka
from tests.services.kafka.secured.granted import Granted, environment, tuntas

USERS = len(SERVICES) + len(PARTNERS)
TOPICS = len(PARTNERS) * len(PARTNER_TOPICS_OF)
LINES = 4 * len(PARTNERS) + 4 * len(PARTNERS) + 6
"""Of partners; of services for each partner; of services beside."""


def test_every_topic_of_a_partner_has_one_who_writes_and_one_who_reads() -> None:
    lines = [*lines_of_partner("pintaria"), *lines_of_services(["pintaria"], "tuntas")]
    for name in PARTNER_TOPICS_OF:
        users = {line.user for line in lines if line.name == name("pintaria")}
        assert users - {API} >= {"pintaria"}, name
        assert len(users - {API}) == 2, name


def test_a_partners_group_prefix_is_not_the_beginning_of_anothers() -> None:
    for one in PARTNERS:
        assert [other for other in PARTNERS if f"{other}.".startswith(f"{one}.")] == [one]


@pytest.mark.apache
def test_passwords_are_kept_for_their_owner_only(granted: Granted) -> None:
    files = {file.name: file for file in granted.passwords.iterdir()}
    assert files.keys() == {*SERVICES, *PARTNERS}
    assert stat.S_IMODE(granted.passwords.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in files.values()} == {0o600}
    assert len({file.read_text() for file in files.values()}) == USERS


@pytest.mark.apache
def test_done_again_it_changes_nothing(granted: Granted) -> None:
    before = {file.name: file.read_text() for file in granted.passwords.iterdir()}
    for option in ((), ("--dry-run",)):
        said = granted.grant(*option).splitlines()
        assert len(said) == 1
        assert said[0].startswith("0 topics, 0 users and 0 lines ")
        assert said[0].endswith(f"; {TOPICS} topics, {USERS} users and {LINES} lines were there.")
    assert {file.name: file.read_text() for file in granted.passwords.iterdir()} == before


@pytest.mark.apache
def test_a_dry_run_says_what_it_would_do_and_does_nothing(granted: Granted, tmp_path: Path) -> None:
    admin = environment(granted.cluster.certificate_door, granted.cluster.admin)
    settings = admin | {"TUNTAS_CONSUMER_GROUP": "another"}
    folder = ("--passwords", str(tmp_path / "none"))
    options = (*folder, "--dry-run", "--rotate", "pintaria")
    said = tuntas("partners", "grant", *options, settings=settings).splitlines()
    there = f"{TOPICS} topics, {USERS - 1} users and {LINES - 3} lines"
    answers = "every transactional id another-answers- that begins so"
    old = "every transactional id tuntas-answers- that begins so"
    assert said == [
        f"user pintaria: would be given a new password, in {tmp_path}/none/pintaria",
        f"line: tuntas-project may write {answers} (would be added)",
        f"line: tuntas-project may describe {answers} (would be added)",
        "line: tuntas-ingest may read group another (would be added)",
        "left alone, Tuntas does not need it: tuntas-ingest may read group tuntas",
        f"left alone, Tuntas does not need it: tuntas-project may describe {old}",
        f"left alone, Tuntas does not need it: tuntas-project may write {old}",
        f"0 topics, 1 users and 3 lines would be made; {there} were there.",
    ]
    assert not (tmp_path / "none").exists()
    assert tuntas("partners", "grant", *options, settings=settings).splitlines() == said


@pytest.mark.apache
def test_a_rotated_password_holds_and_the_old_one_does_not(granted: Granted) -> None:
    file = granted.passwords / "bukalapak"
    old = file.read_text()
    said = granted.grant("--rotate", "bukalapak")
    assert f"user bukalapak: given a new password, in {file}" in said
    new = file.read_text()
    assert new not in {old, ""}
    assert old.strip() not in said
    assert new.strip() not in said
    security = granted.security("bukalapak")
    with admin_client(granted.bootstrap, security, "asking") as admin:
        assert len(admin.list_topics()) == len(PARTNER_TOPICS_OF)
    file.write_text(old)
    with (
        pytest.raises(BrokerRefused, match="does not accept user bukalapak"),
        admin_client(granted.bootstrap, security, "asking"),
    ):
        pass
    file.write_text(new)


@pytest.mark.apache
def test_who_may_not_grant_is_told_so(granted: Granted, tmp_path: Path) -> None:
    folder = ("--passwords", str(tmp_path))
    said = tuntas(
        "partners", "grant", *folder, settings=granted.settings("tuntas-ingest"), fails=True
    )
    assert "user tuntas-ingest may not do this on the cluster: " in said
    assert "Traceback" not in said


@pytest.mark.apache
def test_the_admin_user_can_do_it_once_it_is_there(granted: Granted) -> None:
    settings = granted.settings("tuntas-admin")
    folder = ("--passwords", str(granted.passwords))
    said = tuntas("partners", "grant", *folder, settings=settings)
    assert said.startswith("0 topics, 0 users and 0 lines made; ")
    rotated = tuntas("partners", "grant", *folder, "--rotate", "maubelajarapa", settings=settings)
    assert "user maubelajarapa: given a new password" in rotated


@pytest.mark.apache
def test_a_user_that_nobody_knows_cannot_be_rotated(granted: Granted) -> None:
    assert "'nobody' is none of: tuntas-ingest, " in granted.grant("--rotate", "nobody", fails=True)


@pytest.mark.apache
def test_a_cluster_without_an_authorizer_is_told_apart(
    secured: SecuredKafka, bootstrap: str
) -> None:
    assert secured.bootstrap != bootstrap
    said = tuntas("partners", "grant", settings={"TUNTAS_KAFKA_BOOTSTRAP": bootstrap}, fails=True)
    assert said.startswith("This cluster has no authorizer, so everybody may do everything: ")
