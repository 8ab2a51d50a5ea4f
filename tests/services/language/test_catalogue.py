"""The catalogue is whole: it holds what the program says, and says all of it."""

import pytest
from babel.messages.catalog import Catalog

from domain.errors import Reason
from domain.silence import AGES
from domain.vocabulary import (
    ASSESSMENT_STATES,
    COMPLETION_STATES,
    FLAGS,
    PURCHASE_FLAGS,
    PURCHASE_STATES,
    TYPE_PREFIX,
)
from services.cloudevents.event_types import FIELDS
from services.language import words
from services.language.catalogue import LOCALES, SOURCE, catalog, po
from services.language.extraction import extracted, renewed, untranslated, written

TRANSLATED = sorted(set(LOCALES) - {SOURCE})


@pytest.mark.parametrize("code", TRANSLATED)
def test_the_file_holds_the_programs_texts_and_no_others(code: str) -> None:
    """`python -m services.language.extraction` writes it anew."""
    found = renewed(code, extracted())
    assert written(found) == po(code)
    assert list(untranslated(found)) == []


def test_templates_and_tables_are_read() -> None:
    texts = {message.id for message in extracted()}
    assert "never reported" in texts
    assert len(texts) > 100


def test_what_is_not_translated_is_found() -> None:
    of = Catalog("id")
    of.add("one", "satu")
    of.add("two")
    of.add("%(count)d classes", "%(jumlah)d kelas", flags=["python-format"])
    assert list(untranslated(of)) == ["two", "%(count)d classes"]


def test_every_name_of_the_contract_has_its_words() -> None:
    assert set(words.STATES) >= {*PURCHASE_STATES, *COMPLETION_STATES, *ASSESSMENT_STATES}
    assert set(words.FLAGS) == {*FLAGS, *PURCHASE_FLAGS}
    assert set(words.REASONS) == set(Reason)
    assert set(words.FIGURES) >= {name for name, _ in AGES}
    for kind, fields in FIELDS.items():
        assert kind.removeprefix(TYPE_PREFIX).rpartition(".")[0] in words.EVENTS
        for name in fields:
            assert name in words.WORDS, (kind, name)


def test_a_catalogue_is_read_as_it_is_written() -> None:
    assert catalog("id").num_plurals == 1
