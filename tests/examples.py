"""How many examples hypothesis draws: few in each run, many where `make faults` runs the properties."""

from hypothesis import settings

LONG = "long"
"""The profile of `--hypothesis-profile` with which properties take as long as they need."""

settings.register_profile(LONG)


def examples(usual: int, long: int) -> int:
    """The number for this run."""
    return long if settings.get_current_profile_name() == LONG else usual
