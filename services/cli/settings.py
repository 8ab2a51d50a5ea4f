"""`tuntas settings`: every setting, with what is in force."""

import os

from rich.console import Console
from rich.table import Table

from services.cli.reached import given_settings
from services.settings import described


def settings() -> None:
    """Every setting: name, value, meaning, default."""
    given_settings()
    table = Table(
        title="Settings of Tuntas", caption="Read from the environment; secrets are masked."
    )
    table.add_column("Name", style="bold", no_wrap=True)
    table.add_column("Value", overflow="fold")
    table.add_column("Meaning", overflow="fold")
    table.add_column("Default", style="dim", overflow="fold")
    for setting in described(os.environ):
        table.add_row(setting.name, setting.value, setting.meaning, setting.default)
    Console().print(table)
