"""One index by which a note is found, whether its source is known or not."""

from pathlib import Path

from alembic import op

from db.security import run

revision = "0033"
down_revision = "0032"


def upgrade() -> None:
    script = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    for statement in script.split("\n;\n"):
        if statement.strip():
            run(op.get_bind(), statement)
