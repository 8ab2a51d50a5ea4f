"""How sentences are written that tell people what is wrong: once, in English, where they are made.

What is stored and answered is the English sentence. Whoever shows it in another language finds the text that it was
made of again (services.language.sentences): so each of them goes through `tell`, by whose name the texts are found.
"""


def tell(text: str, **values: object) -> str:
    """A sentence, or a part of one, its placeholders `%(name)s` filled.

    ``text`` is written out where this is called. Values outside of backquotes are numbers, single words, or parts that
    went through `tell` themselves.
    """
    return text % values if values else text
