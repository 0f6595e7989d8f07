"""Letting a stopped delivery through may be refused, with a reason; an exemption may be ended on its first day."""

from pathlib import Path

from alembic import op

from db.security import run

revision = "0044"
down_revision = "0043"


def upgrade() -> None:
    script = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    for statement in script.split("\n;\n"):
        if statement.strip():
            run(op.get_bind(), statement)
