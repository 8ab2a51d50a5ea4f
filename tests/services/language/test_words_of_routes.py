"""Every word that a page may show is said in people's words: states in filters, outcomes, names in templates."""

import re
from pathlib import Path
from typing import get_args

import services.http.pages
from domain.vocabulary import PARTNERS
from projections.reading.events import Outcome
from services.http.app import ROUTES
from services.language.words import WORDS

SHOWN_OTHERWISE = {"order", "time_zone", "by"}
TEMPLATES = Path(services.http.pages.__file__).parent / "templates"


def test_every_state_that_a_list_is_narrowed_to_is_said() -> None:
    states = {
        state
        for route in ROUTES
        for each in route.parameters
        if each.name not in SHOWN_OTHERWISE
        for state in each.schema.get("enum", ())
    }
    assert len(states) > 30
    assert states - set(WORDS) - set(PARTNERS) == set()


def test_every_outcome_of_an_event_is_said() -> None:
    assert set(get_args(Outcome)) - set(WORDS) == set()


def test_every_name_in_a_template_is_said() -> None:
    named: set[str] = set()
    for file in TEMPLATES.glob("*.html"):
        text = file.read_text(encoding="utf-8")
        named |= set(re.findall(r'"(\w+)" \| words', text))
        named |= set(re.findall(r'word\("(\w+)"\)', text))
        for names in re.findall(r"for name in [\[(]([^\])]+)[\])]", text):
            named |= set(re.findall(r'"(\w+)"', names))
    assert len(named) > 30
    assert named - set(WORDS) - {"as_of", "order", "limit", "pdf", "html"} == set()
