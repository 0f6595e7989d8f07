"""The day a note ended, a column of its own: a changed balance is no index's business any more."""

from pathlib import Path

from alembic import op

from db.security import run

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    script = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    for statement in script.split("\n;\n"):
        if statement.strip():
            run(op.get_bind(), statement)
