"""The pictures of the README, taken of the demo bank: python -m tests.screenshots [FOLDER]

Over the store that VIGIL_HOME or DATABASE_URL names; an empty one is planted first.
"""

import sys
import tempfile
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from db import settings
from engine import __main__ as commands
from engine.demo import story
from tests.browsing import DESK, PHONE, browser
from tests.serving import running


@dataclass(frozen=True)
class Picture:
    """Taken in light and in dark, as the READMEs ask for it."""

    name: str
    user: str
    size: tuple[int, int] = DESK


PICTURES = (
    Picture("dashboard", "risk", (1440, 1180)),
    Picture("signals", "risk"),
    Picture("rules", "loans"),
    Picture("today", "manager", PHONE),
)


def take(folder: Path) -> None:
    commands.main(["seed", "--if-empty"])
    with tempfile.TemporaryDirectory() as logs, running(Path(logs) / "log") as server, browser() as windows:
        for picture, scheme in product(PICTURES, ("light", "dark")):
            window = windows.open(server.base, picture.size, scheme, sharp=2).sign_in(picture.user, story.PASSWORD)
            window.go(picture.name).page.wait_for_timeout(1500)  # charts draw themselves after the page is idle
            window.page.screenshot(path=folder / f"{picture.name}-{scheme}.png")
            window.context.close()
            print(folder / f"{picture.name}-{scheme}.png")


if __name__ == "__main__":
    into = Path(sys.argv[1]) if len(sys.argv) > 1 else settings.ROOT / "docs" / "images"
    into.mkdir(parents=True, exist_ok=True)
    take(into)
