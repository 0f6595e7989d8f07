"""A name that is not spelt yet is found by an index too."""

from pathlib import Path

from alembic import op

from db.security import run

revision = "0031"
down_revision = "0030"


def upgrade() -> None:
    script = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    for statement in script.split("\n;\n"):
        if statement.strip():
            run(op.get_bind(), statement)
