"""`tuntas settings`: every setting, with what is in force."""

import os

from rich.console import Console
from rich.table import Table
from rich.text import Text

from services.cli.reached import given_settings
from services.settings import described


def settings() -> None:
    """Every setting: name, value, meaning, default."""
    given_settings()
    table = Table(
        title="Settings of Tuntas",
        caption="Read from the environment; secrets are masked.",
        show_lines=True,
    )
    table.add_column("Name = value", overflow="fold")
    table.add_column("Meaning, default", overflow="fold")
    for setting in described(os.environ):
        is_default = setting.value == setting.default
        table.add_row(
            Text.assemble(
                (setting.name, "bold"),
                "\n= ",
                (setting.value or _EMPTY, "" if is_default else "green"),
            ),
            Text.assemble(setting.meaning, (f"\ndefault: {setting.default or _EMPTY}", "dim")),
        )
    Console().print(table)


_EMPTY = "(empty)"
