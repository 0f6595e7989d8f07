"""What the first page of a list is read by, however large the bank: the largest, the first due, the latest, the worst."""

from pathlib import Path

from alembic import op

from db.security import run

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    script = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    for statement in script.split("\n;\n"):
        if statement.strip():
            run(op.get_bind(), statement)
