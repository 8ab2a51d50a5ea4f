"""Sentences that are stored or answered in English, said in another language.

A sentence is found again by the text that it was made of (domain.telling): the texts with that comment in the
language's catalogue are the templates. What stands between backquotes is a name and stays as it is; what stands in
another placeholder must itself be such a text, a number, or a word or list of words of the contract. A sentence of
which anything else would stay English is none that is known.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, cached_property
from typing import Final

from services.language.catalogue import SOURCE, TOLD, catalog
from services.language.language import Language, language

MOST_CHARACTERS: Final = 4_096
"""Longer ones are not looked at: none of ours is."""

_PLACEHOLDER: Final = re.compile(r"%\((\w+)\)s")
_PLAIN: Final = re.compile(r"(?:[^\s,`]+(?:, [^\s,`]+)*|`[^`]*`)?")
"""Nothing, one word, a list of words, or a name between backquotes."""
_GROUPED: Final = re.compile(r"\d{1,3}(?:,\d{3})+")


class Template:
    """One text with placeholders, and how it is said in the other language."""

    def __init__(self, text: str, said: str) -> None:
        self.said = said
        self._parts = _PLACEHOLDER.split(text)
        self.weight = sum(map(len, self._parts[::2]))
        self._longest = max(self._parts[::2], key=len)

    def values(self, sentence: str) -> Mapping[str, tuple[str, bool]] | None:
        """What stands in the placeholders of a sentence, and whether that is a name; None: it is of another text."""
        found = self._form.fullmatch(sentence) if self._longest in sentence else None
        if found is None:
            return None
        return {name: (value, name in self._names) for name, value in found.groupdict().items()}

    @cached_property
    def _form(self) -> re.Pattern[str]:
        pattern = ""
        for number, part in enumerate(self._parts):
            if number % 2 == 0:
                pattern += re.escape(part)
            elif f"(?P<{part}>" in pattern:
                pattern += f"(?P={part})"
            else:
                pattern += f"(?P<{part}>{'[^`]*' if part in self._names else '.*?'})"
        return re.compile(pattern, re.DOTALL)

    @cached_property
    def _names(self) -> frozenset[str]:
        """The placeholders that stand between backquotes somewhere."""
        marks = 0
        found = set()
        for number, part in enumerate(self._parts):
            if number % 2 == 0:
                marks += part.count("`")
            elif marks % 2:
                found.add(part)
        return frozenset(found)


class Sentences:
    """The sentences that one language knows."""

    def __init__(self, of: Language, texts: Iterable[tuple[str, str]]) -> None:
        """``texts``: what sentences are made of, and how each is said."""
        self._language = of
        self._whole: dict[str, str] = {}
        self._templates: list[Template] = []
        for text, said in texts:
            if _PLACEHOLDER.search(text):
                self._templates.append(Template(text, said))
            else:
                self._whole[text] = said
        self._templates.sort(key=lambda template: -template.weight)

    def said(self, sentence: str) -> str | None:
        """The sentence in this language, None where it is none that is known."""
        whole = self._whole.get(sentence)
        if whole is not None or len(sentence) > MOST_CHARACTERS:
            return whole
        for template in self._templates:
            values = template.values(sentence)
            if values is not None:
                said = {
                    name: value if is_name else self._part(value)
                    for name, (value, is_name) in values.items()
                }
                if None not in said.values():
                    return template.said % said
        return None

    def _part(self, value: str) -> str | None:
        if _GROUPED.fullmatch(value):
            return self._language.integer(int(value.replace(",", "")))
        said = self.said(value) if value else ""
        return value if said is None and _PLAIN.fullmatch(value) else said


def told_texts(code: str) -> Iterator[tuple[str, str]]:
    """Each text that sentences are made of, and how a language says it."""
    for message in catalog(code):
        if TOLD in message.auto_comments and message.string:
            yield str(message.id), str(message.string)


@cache
def _sentences(code: str) -> Sentences:
    """Made once a process, when the first is said: reading the catalogue takes some 50 ms."""
    return Sentences(language(code), told_texts(code))


def sentence_in(code: str, sentence: str) -> str | None:
    """A sentence in a language, itself in English; None where it is to be shown in English."""
    return sentence if code == SOURCE else _sentences(code).said(sentence)
