"""Photos found again, reviews of presence, head office's opinions, from the SQL beside this file."""

from pathlib import Path

from alembic import op

from db.security import run

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    script = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    for statement in script.split("\n;\n"):
        if statement.strip():
            run(op.get_bind(), statement)
