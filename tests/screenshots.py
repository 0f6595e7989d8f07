"""The pictures of the README, taken of the demo bank: python -m tests.screenshots [FOLDER]

Over the store that VIGIL_HOME or DATABASE_URL names; an empty one is planted first.
"""

import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from db import settings
from engine import __main__ as commands
from engine.demo import story
from tests.browsing import DESK, PHONE, browser
from tests.test_gate import running


@dataclass(frozen=True)
class Picture:
    name: str
    user: str
    path: str
    size: tuple[int, int] = DESK
    scheme: str = "light"


PICTURES = (
    Picture("dashboard", "risk", "dashboard", (1440, 1180)),
    Picture("dashboard-dark", "risk", "dashboard", (1440, 1180), "dark"),
    Picture("today", "manager", "today", PHONE),
    Picture("todos", "branch", "todos"),
    Picture("signals", "risk", "signals"),
    Picture("rules", "loans", "rules"),
    Picture("feeds", "it", "feeds"),
)


def take(folder: Path) -> None:
    commands.main(["seed", "--if-empty"])
    with tempfile.TemporaryDirectory() as logs, running(Path(logs) / "log") as server, browser() as windows:
        for picture in PICTURES:
            window = windows.open(server.base, picture.size, picture.scheme).sign_in(picture.user, story.PASSWORD)
            window.go(picture.path).page.wait_for_timeout(1500)  # charts draw themselves after the page is idle
            window.page.screenshot(path=folder / f"{picture.name}.png")
            window.context.close()
            print(folder / f"{picture.name}.png")


if __name__ == "__main__":
    into = Path(sys.argv[1]) if len(sys.argv) > 1 else settings.ROOT / "docs" / "images"
    into.mkdir(parents=True, exist_ok=True)
    take(into)
