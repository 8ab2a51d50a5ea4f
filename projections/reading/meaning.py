"""What stands beside a field of an answer: its meaning, for OpenAPI and the data dictionary."""

from msgspec import Meta


def means(text: str) -> Meta:
    """The meaning of a field, with its unit; to be used within Annotated."""
    return Meta(description=text)
