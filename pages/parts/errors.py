"""What people see when a page fails: a sentence and a number. What happened is in the log."""

import structlog
from streamlit import error

from engine.refusals import Refusal, Unexpected
from engine.words import _
from pages.parts import look

log = structlog.get_logger()


def show(wrong: Exception) -> bool:
    """Called by Streamlit for whatever a script did not catch. A refusal is meant for people and is said as it is."""
    if isinstance(wrong, Refusal):
        refuse(wrong)
        return True
    no = Unexpected.numbered()
    log.error("page failed", **no.details, exc_info=wrong)
    refuse(no)
    return True


def refuse(no: Refusal) -> None:
    error(look.plain(no.sentence(_)), icon=":material/block:")
