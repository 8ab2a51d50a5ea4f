"""Brings the catalogues up to the texts of the program: ``python -m services.language.extraction``.

A text that is new is added untranslated, one that is gone is taken out. Without arguments the files are written;
with ``--check`` it is only said what is missing, and the exit code is 1 where something is.
"""

import sys
from collections.abc import Iterable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.pofile import read_po, write_po

from services.language.catalogue import LOCALES, SOURCE, TOLD

ROOT: Final = Path(__file__).parents[2]
ROOMS: Final = (
    "domain",
    "projections/reading",
    "services/asyncapi",
    "services/cloudevents",
    "services/http",
    "services/intake",
    "services/kafka",
    "services/language",
    "services/report",
    "services/xapi",
)
KEYWORDS: Final = {**DEFAULT_KEYWORDS, "say": None, "to_say": None, "Mending": (2,)}
TELLING: Final = {"tell": None}
"""Texts that are filled before anybody knows in which language they will be read (domain.telling)."""
METHODS: Final = [
    ("**/templates/**.html", "jinja2"),
    ("templates/**.html", "jinja2"),
    ("**.py", "python"),
]
OPTIONS: Final = {
    pattern: {"trimmed": "true", "silent": "false"}
    for pattern, method in METHODS
    if method == "jinja2"
}


def extracted() -> Catalog:
    """Every text that is to be translated, with the files it stands in."""
    found = Catalog(domain="tuntas", fuzzy=False)
    for room in ROOMS:
        for keywords, comments in ((KEYWORDS, ()), (TELLING, (TOLD,))):
            for name, _, text, _, context in extract_from_dir(
                ROOT / room, METHODS, OPTIONS, keywords
            ):
                place = f"{room}/{Path(name).as_posix()}"
                found.add(text, None, [(place, 0)], auto_comments=comments, context=context)
    return found


def renewed(code: str, texts: Catalog) -> Catalog:
    """A language's catalogue with exactly these texts, and the translations that it has of them."""
    path = path_of(code)
    kept = read_po(BytesIO(path.read_bytes()), locale=code) if path.exists() else Catalog(code)
    kept.update(texts, no_fuzzy_matching=True, update_header_comment=False)
    kept.obsolete.clear()
    return kept


def path_of(code: str) -> Path:
    """Where a language's catalogue is kept."""
    return ROOT / "services" / "language" / "locale" / f"{code}.po"


def written(of: Catalog) -> bytes:
    """A catalogue as its file: in the order of its texts, without dates and line numbers, so that it merges well."""
    file = BytesIO()
    write_po(file, of, width=110, sort_output=True, include_lineno=False, omit_header=True)
    header = (
        'msgid ""\nmsgstr ""\n'
        '"Content-Type: text/plain; charset=utf-8\\n"\n'
        f'"Language: {of.locale_identifier}\\n"\n'
        f'"Plural-Forms: {of.plural_forms}\\n"\n\n'
    )
    return header.encode() + file.getvalue()


def untranslated(of: Catalog) -> Iterator[str]:
    """Texts without a translation, and those whose translation names other placeholders."""
    for message in of:
        if message.id and not _is_whole(message):
            yield message.id if isinstance(message.id, str) else message.id[0]


def _is_whole(message: Message) -> bool:
    texts = [message.string] if isinstance(message.string, str) else list(message.string or ())
    return bool(texts) and all(texts) and not list(message.check())


def main(arguments: Iterable[str]) -> int:
    """0, or 1 where a catalogue is not whole."""
    only_check = "--check" in arguments
    texts = extracted()
    faults = 0
    for code in LOCALES:
        if code == SOURCE:
            continue
        path = path_of(code)
        catalogue = renewed(code, texts)
        content = written(catalogue)
        missing = list(untranslated(catalogue))
        for text in missing:
            print(f"{path.name}: not translated: {text}")
        faults += len(missing)
        if only_check and content != path.read_bytes():
            print(f"{path.name} is not as `python -m services.language.extraction` writes it")
            faults += 1
        elif not only_check:
            path.write_bytes(content)
        print(f"{path.name}: {len(catalogue)} texts, {len(missing)} not translated")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
