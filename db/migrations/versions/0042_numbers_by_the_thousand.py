"""Rows that come by the million take their numbers by the thousand."""

from pathlib import Path

from alembic import op

from db.security import run

revision = "0042"
down_revision = "0041"


def upgrade() -> None:
    script = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    for statement in script.split("\n;\n"):
        if statement.strip():
            run(op.get_bind(), statement)
