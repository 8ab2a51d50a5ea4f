"""The table of docs/xapi.md, from the one in verbs.py: ``python -m services.xapi.guide``."""

from services.xapi.verbs import ANY_OTHER, VERBS


def verb_table() -> str:
    """What each verb becomes, in Markdown."""
    rows = [f"| `{verb.name}` | `{verb.iri}` | {verb.becomes} |" for verb in VERBS]
    rows.append(f"| {ANY_OTHER.name} | | {ANY_OTHER.becomes} |")
    return "\n".join(["| verb | its id | becomes |", "| --- | --- | --- |", *rows])


if __name__ == "__main__":
    print(verb_table())
