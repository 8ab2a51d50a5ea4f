"""What no service can work with however long it waits: somebody has to do something."""

from typing import ClassVar, Final

SETTING_EXIT_CODE: Final = 2
"""The command line or a setting cannot be used."""
UNFIT_EXIT_CODE: Final = 3
"""The database is there, but it is not one that this version works with."""
REFUSED_EXIT_CODE: Final = 4
"""A server refused who asks: a wrong password, missing rights."""
AWAY_EXIT_CODE: Final = 5
"""A command needs a server that cannot be reached, or that did not do what was asked; services wait instead."""


class Unworkable(Exception):
    """This cannot work, however often it is tried. The message says what is wrong and what to do.

    It ends a service, with an exit code that says of which kind it was; whatever else breaks is waited for.
    """

    exit_code: ClassVar[int] = UNFIT_EXIT_CODE


class AccessRefused(Unworkable):
    """A server refused who asks: a wrong password, missing rights."""

    exit_code = REFUSED_EXIT_CODE
