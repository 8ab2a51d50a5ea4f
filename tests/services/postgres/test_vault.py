"""Participants have one number each, whoever meets them first, and only the vault says whose it is."""

import struct
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from psycopg2.extensions import connection

from services.postgres import vault
from services.postgres.connect import close, connect, transaction
from services.postgres.vault import Vault
from services.postgres.waiting import WaitingConnection


@pytest.fixture
def other(database_url: str) -> Iterator[WaitingConnection]:
    session = connect(database_url, "other")
    yield session
    close(session)


def people(session: connection) -> dict[str, int]:
    with transaction(session) as work:
        work.execute("SELECT participant_id, person FROM vault.person")
        return dict(work.fetchall())


def test_a_number_is_given_once_and_found_again(
    session: WaitingConnection, other: WaitingConnection
) -> None:
    odd = ["a", "b", '"', "\\", "{}", "a,b", "NULL", " ", "é"]
    first = Vault(session, 100).numbers(odd)
    assert len(set(first.values())) == len(odd)
    assert all(0 < number < 1 << 63 for number in first.values())
    assert Vault(other, 100).numbers([*odd, "c"]) == people(other)
    assert people(other) == first | {"c": people(other)["c"]}


def test_two_who_meet_somebody_new_at_once_agree(
    session: WaitingConnection, other: WaitingConnection
) -> None:
    found: list[dict[str, int]] = []
    with transaction(session) as work:
        mine = vault.numbers(work, ["new", "mine"])
        waiting = threading.Thread(
            target=lambda: found.append(Vault(other, 10).numbers(["theirs", "new"]))
        )
        waiting.start()
        waiting.join(0.3)
        assert waiting.is_alive()
    waiting.join(30)
    assert found[0]["new"] == mine["new"]
    assert people(session) == mine | found[0]


def test_who_fails_to_commit_leaves_nothing_and_whoever_waited_has_another_number(
    session: WaitingConnection, other: WaitingConnection
) -> None:
    found: list[dict[str, int]] = []
    waiting = threading.Thread(target=lambda: found.append(Vault(other, 10).numbers(["new"])))
    work = session.cursor()
    vault.numbers(work, ["new"])
    waiting.start()
    waiting.join(0.3)
    session.rollback()
    waiting.join(30)
    assert people(session) == found[0]


def test_nobody_is_given_a_number_that_is_taken(
    session: WaitingConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    offered = iter([7, 7, 7, 9])
    monkeypatch.setattr(vault, "token_bytes", lambda _: struct.pack("Q", next(offered) << 1))
    assert Vault(session, 10).numbers(["a"]) == {"a": 7}
    assert Vault(session, 10).numbers(["b"]) == {"b": 9}


def test_what_is_kept_in_memory_is_bounded_and_not_asked_for_again(
    session: WaitingConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[str]] = []

    def listen(work: Any, wanted: Any) -> dict[str, int]:
        asked.append(list(wanted))
        return given(work, asked[-1])

    given = vault.numbers
    monkeypatch.setattr(vault, "numbers", listen)
    kept = Vault(session, 2)
    for wanted in (["a"], ["a", "b"], ["b", "a"], ["c"], ["b", "c"], ["a"]):
        assert kept.numbers(wanted).keys() == set(wanted)
    assert asked == [["a"], ["b"], ["c"], ["a"]]
