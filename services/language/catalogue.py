"""The texts of one language: gettext's catalogue, read from its .po file, which is the only form that is kept."""

from functools import cache
from importlib.resources import files
from io import BytesIO
from typing import Final

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

SOURCE: Final = "en"
"""The language that texts are written in: its catalogue is the program itself."""

LOCALES: Final = {"id": "id", SOURCE: "en_GB"}
"""Languages that can be chosen, each with the region whose forms of days and numbers it takes."""

TOLD: Final = "told (domain.telling)"
"""The comment in a .po file of a text that is found again in a sentence that is stored or answered in English."""


def po(code: str) -> bytes:
    """The .po file of a language. Raises FileNotFoundError where there is none."""
    return files("services.language").joinpath(f"locale/{code}.po").read_bytes()


def catalog(code: str) -> Catalog:
    """What the .po file of a language holds."""
    return read_po(BytesIO(po(code)), locale=code)


@cache
def translations(code: str) -> NullTranslations:
    """Looks texts up. It takes some 50 ms to make, once a process."""
    if code == SOURCE:
        return NullTranslations()
    compiled = BytesIO()
    write_mo(compiled, catalog(code))
    compiled.seek(0)
    return Translations(compiled)
