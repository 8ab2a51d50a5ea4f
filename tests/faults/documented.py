"""The commands of a page of docs/, run as they stand there."""

import os
import re
import subprocess
from collections.abc import Mapping
from getpass import getuser
from pathlib import Path
from typing import Final

from services.embedded.postgres import program

DOCS: Final = Path(__file__).parents[2] / "docs"
TIMEOUT_SECONDS: Final = 120.0


def blocks(page: str, language: str) -> list[str]:
    """The fenced blocks of one language, in their order."""
    text = (DOCS / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def settings(page: str, places: Mapping[str, str]) -> dict[str, str]:
    """PostgreSQL's settings that a page tells, with `$NAME` replaced by what it stands for."""
    (block,) = blocks(page, "ini")
    found = {}
    for line in block.splitlines():
        name, _, value = line.partition(" = ")
        for place, path in places.items():
            value = value.replace(f"${place}", path)
        found[name] = value.strip("'")
    return found


def run(script: str, user: str, places: Mapping[str, str]) -> str:
    """What a block prints; ``user`` runs it. Fails with what it printed when it does."""
    folder = program("psql").parent
    environment = {"PATH": f"{folder}:{os.environ['PATH']}", "LC_ALL": "C", **places}
    is_user = getuser() == user
    done = subprocess.run(
        ["sh", "-euc", script],
        env=environment,
        cwd="/",
        user=None if is_user else user,
        group=None if is_user else user,
        extra_groups=None if is_user else [],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
    assert done.returncode == 0, f"{script}\n{done.stdout}"
    return done.stdout
