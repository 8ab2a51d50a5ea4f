"""Numbers of things, as people write them."""


def counted(number: int, thing: str) -> str:
    """``1 record``, ``2,000 records``: a thing whose plural ends in s."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"
