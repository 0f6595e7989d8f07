"""Acts on many todos at once, with what they changed; due days moved by hand; checks asked again."""

from pathlib import Path

from alembic import op

from db.security import run

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    script = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    for statement in script.split("\n;\n"):
        if statement.strip():
            run(op.get_bind(), statement)
