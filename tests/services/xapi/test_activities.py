"""The file that maps activities to classes."""

from pathlib import Path

import pytest

from services.xapi.activities import ActivitiesRefused, read_activities


def test_the_file_says_which_class_an_activity_is(tmp_path: Path) -> None:
    file = tmp_path / "classes.json"
    file.write_text('{"pintaria": {"https://learn.example/course?id=7": "C-7"}}')
    assert read_activities(file) == {"pintaria": {"https://learn.example/course?id=7": "C-7"}}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is not JSON of the form"),
        ("[]", "is not JSON of the form"),
        ('{"pintaria": {"a": 7}}', "is not JSON of the form"),
        ('{"nobody": {}}', "names 'nobody'; the partners are bukalapak, "),
    ],
)
def test_a_file_of_another_form_is_refused(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "classes.json"
    file.write_text(text)
    with pytest.raises(ActivitiesRefused, match=words):
        read_activities(file)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ActivitiesRefused, match="cannot be read: No such file"):
        read_activities(tmp_path / "absent.json")
