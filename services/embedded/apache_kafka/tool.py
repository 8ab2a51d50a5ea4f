"""A program that does one thing and ends: Maven, or Kafka's own storage tool."""

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from services.embedded.leash import ServerFailed


def run_tool(
    command: Sequence[str],
    *,
    purpose: str,
    timeout_seconds: float,
    folder: Path,
    environment: Mapping[str, str] | None = None,
) -> None:
    """Run `command` in `folder` to its end; raises ServerFailed, with what it printed, on failure.

    `purpose` completes the sentence "… failed", for people: "formatting Kafka's storage".
    """
    try:
        done = subprocess.run(
            command,
            check=False,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=timeout_seconds,
        )
    except subprocess.TimeoutExpired as error:
        raise ServerFailed(f"{purpose} took more than {timeout_seconds:g} s.") from error
    if done.returncode != 0:
        raise ServerFailed(f"{purpose} failed.\n{done.stdout}")
