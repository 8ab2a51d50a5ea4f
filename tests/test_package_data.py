"""What the packages read from beside their modules is installed with them."""

import tomllib
from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = ("domain", "projections", "services")


def data_files() -> list[Path]:
    """Files of the packages that are no modules; a folder without __init__.py is no package."""
    return [
        file
        for package in PACKAGES
        for file in (ROOT / package).rglob("*.*")
        if file.suffix not in {".py", ".pyc"} and (file.parent / "__init__.py").exists()
    ]


def test_every_data_file_is_installed() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    patterns = project["tool"]["setuptools"]["package-data"]["*"]
    files = data_files()
    assert files
    assert [file for file in files if not any(fnmatch(file.name, p) for p in patterns)] == []


def test_every_folder_with_modules_is_a_package() -> None:
    folders = {module.parent for package in PACKAGES for module in (ROOT / package).rglob("*.py")}
    assert [folder for folder in folders if not (folder / "__init__.py").exists()] == []
