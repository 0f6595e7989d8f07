"""A virtual environment with pip, also where the system's Python came without ensurepip (Debian, Ubuntu)."""

import json
import subprocess
import sys
import tempfile
import urllib.parse
import urllib.request
import venv
from pathlib import Path


def main(place: Path) -> None:
    if sys.version_info < (3, 11):  # noqa: UP036 - whoever runs this may have an older one
        sys.exit(f"Vigil needs Python 3.11 or later; this is {sys.version.split()[0]}. Say which: make PYTHON=python3.12 run")
    python = place / "bin" / "python"
    if has_pip(python):
        return
    try:
        venv.create(place, with_pip=True)
    except (subprocess.CalledProcessError, SystemExit):
        venv.create(place, with_pip=False, clear=True)
    if not has_pip(python):
        fetch_pip(python)


def has_pip(python: Path) -> bool:
    return python.exists() and not subprocess.run([python, "-m", "pip", "--version"], capture_output=True).returncode


def fetch_pip(python: Path) -> None:
    """A wheel can be run where it lies, so pip installs itself."""
    with urllib.request.urlopen("https://pypi.org/pypi/pip/json") as answer:
        index, files = answer.url, json.load(answer)["urls"]
    wheel = next(file for file in files if file["packagetype"] == "bdist_wheel")
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder) / wheel["filename"]
        urllib.request.urlretrieve(urllib.parse.urljoin(index, wheel["url"]), here)
        subprocess.run([python, here / "pip", "install", "--quiet", "--no-index", here], check=True)


main(Path(sys.argv[1]))
