"""Reports shared with a branch go along when it is merged."""

from pathlib import Path

from alembic import op

from db.security import run

revision = "0034"
down_revision = "0033"


def upgrade() -> None:
    script = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    for statement in script.split("\n;\n"):
        if statement.strip():
            run(op.get_bind(), statement)
