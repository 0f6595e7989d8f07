"""Which part of a portfolio is handed over, when it is not the whole."""

import re
from collections.abc import Container, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Choice:
    """What narrows a portfolio; empty narrows nothing. `text`: part of a name or village, or numbers of customers and loans, any
    number of them, with blanks or commas between, as they are copied from elsewhere.
    """

    text: str = ""
    villages: Container[str] = ()
    families: Sequence[str] = ()
    overdue: bool = False

    def of(self, rows: Sequence) -> list:
        """Those of a portfolio's rows that fit. A customer fits as soon as one of his loans does: he goes whole."""
        words = [word for word in re.split(r"[\s,;，、；]+", self.text.strip()) if word]
        return [row for row in rows if self._fits(row) and (not words or _is_called(row, words))]

    def _fits(self, row) -> bool:
        return (
            (not self.villages or (row.village or "") in self.villages)
            and (not self.families or bool(set(self.families) & set(row.families)))
            and (not self.overdue or row.overdue > 0)
        )


def _is_called(row, words: Sequence[str]) -> bool:
    return any(
        word == row.customer_no or word in row.loan_nos or word in row.customer or word in (row.village or "") for word in words
    )
