"""``python -m tests.lint_migrations``: squawk on every migration but the baseline, each as it runs.

Squawk knows which statements take a lock that stops readers or writers, and which programs of the version before
could not go on beside.
"""

import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from services.postgres.migrations.files import AT_ONCE, parsed
from services.postgres.migrations.release import FOLDER

SQUAWK: Final = Path(sysconfig.get_path("scripts")) / "squawk"
CONFIGURATION: Final = Path(__file__).parents[1] / ".squawk.toml"


def lint(files: Sequence[Path]) -> int:
    """0 when squawk finds nothing in the files, else its exit code; prints what it finds."""
    codes = [0]
    for file in files:
        migration = parsed(file.name, file.read_text(encoding="utf-8"))
        if migration.number == 1:
            continue
        in_transaction = (
            "--assume-in-transaction" if migration.runs == AT_ONCE else "--no-assume-in-transaction"
        )
        command = [str(SQUAWK), "--config", str(CONFIGURATION), in_transaction, str(file)]
        codes.append(subprocess.run(command, check=False).returncode)
    return max(codes)


if __name__ == "__main__":
    sys.exit(lint(sorted(FOLDER.glob("[0-9]*.sql"))))
