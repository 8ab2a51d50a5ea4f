"""A folder of passwords: what is made, kept and replaced."""

import stat
from pathlib import Path

import pytest

from services.kafka.passwords import Passwords
from services.kafka.refusals import CredentialsUnusable


def given(folder: Path, user: str = "pintaria", *, new: bool = False) -> str:
    with Passwords(folder).of(user, new=new) as password:
        return password


def test_a_password_is_made_once_and_kept_for_its_owner(tmp_path: Path) -> None:
    folder = tmp_path / "passwords"
    password = given(folder)
    assert len(password) >= 40
    assert given(folder) == password
    assert (folder / "pintaria").read_text() == password + "\n"
    assert stat.S_IMODE((folder / "pintaria").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert given(folder, "tokopedia") != password


def test_what_the_cluster_did_not_take_is_not_kept(tmp_path: Path) -> None:
    password = given(tmp_path)
    with pytest.raises(ZeroDivisionError), Passwords(tmp_path).of("pintaria", new=True):
        raise ZeroDivisionError
    assert given(tmp_path) == password
    assert [file.name for file in tmp_path.iterdir()] == ["pintaria"]


def test_what_a_link_leads_to_is_replaced(tmp_path: Path) -> None:
    read_by_the_service = tmp_path / "ingest" / "password"
    read_by_the_service.parent.mkdir()
    folder = tmp_path / "passwords"
    folder.mkdir()
    (folder / "tuntas-ingest").symlink_to(read_by_the_service)
    first = given(folder, "tuntas-ingest")
    second = given(folder, "tuntas-ingest", new=True)
    assert (folder / "tuntas-ingest").is_symlink()
    assert read_by_the_service.read_text().strip() == second != first


def test_an_empty_file_and_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "pintaria").write_text("\n")
    with pytest.raises(CredentialsUnusable, match="pintaria is empty"):
        given(tmp_path)
    with pytest.raises(CredentialsUnusable, match="No password can be kept in "):
        given(tmp_path / "pintaria" / "below")
