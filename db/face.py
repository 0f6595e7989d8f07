"""The fields a rule may speak of, each with its SQL over one live loan, its customer and its product.

Rules name fields of this vocabulary and nothing else; what people type is only ever a bound value.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy import func

from db import vocab
from db.tables import branches, customer_faces, customers, loans, products

loan, customer, overall, product = loans.c, customers.c, customer_faces.c, products.c


class Kind(StrEnum):
    WORD = "word"
    TEXT = "text"
    MONEY = "money"  # yuan in a rule, fen in the store
    NUMBER = "number"
    FLAG = "flag"


OPERATORS = {
    Kind.WORD: ("in", "not_in", "at_least", "at_most"),
    Kind.TEXT: ("in", "not_in"),
    Kind.MONEY: ("gte", "gt", "lte", "lt"),
    Kind.NUMBER: ("gte", "gt", "lte", "lt"),
    Kind.FLAG: ("is",),
}


@dataclass(frozen=True)
class Field:
    """`moving`: the value changes with the date although no row does. `ordered`: at_least and at_most make sense."""

    kind: Kind
    sql: Callable[[date], sa.ColumnElement]
    words: type | tuple[str, ...] | None = None
    moving: bool = False
    ordered: bool = False


def _plain(column: sa.ColumnElement) -> Callable[[date], sa.ColumnElement]:
    return lambda _today: column


def _days(later: sa.ColumnElement | date, earlier: sa.ColumnElement | date) -> sa.ColumnElement:
    return sa.cast(sa.literal(later, sa.Date) if isinstance(later, date) else later, sa.Date) - earlier


FIELDS: dict[str, Field] = {
    "segment": Field(Kind.WORD, _plain(overall.segment), vocab.Segment),
    "level": Field(Kind.WORD, _plain(overall.level), ("A", "B", "C", "D", "E"), ordered=True),
    "exposure": Field(Kind.MONEY, _plain(overall.exposure_fen)),
    "village": Field(Kind.TEXT, _plain(customer.village)),
    "family": Field(Kind.WORD, _plain(product.family), vocab.Family),
    "product": Field(Kind.TEXT, _plain(product.code)),
    "class": Field(Kind.WORD, _plain(loan["class"]), vocab.LoanClass, ordered=True),
    "balance": Field(Kind.MONEY, _plain(loan.balance_fen)),
    "amount": Field(Kind.MONEY, _plain(loan.amount_fen)),
    "guarantee": Field(Kind.WORD, _plain(loan.guarantee), vocab.Guarantee),
    "repayment": Field(Kind.WORD, _plain(loan.repayment), vocab.Repayment),
    "payment": Field(Kind.WORD, _plain(loan.payment), vocab.Payment),
    "agri": Field(Kind.FLAG, _plain(loan.agri)),
    "extensions": Field(Kind.NUMBER, _plain(loan.extensions)),
    "overdue": Field(Kind.FLAG, _plain(loan.overdue_since.is_not(None))),
    "overdue_days": Field(Kind.NUMBER, lambda today: func.coalesce(_days(today, loan.overdue_since), 0), moving=True),
    "term_days": Field(Kind.NUMBER, _plain(loan.matures_on - loan.disbursed_on)),
    "days_to_maturity": Field(Kind.NUMBER, lambda today: loan.matures_on - sa.literal(today, sa.Date), moving=True),
    "days_since_disbursed": Field(Kind.NUMBER, lambda today: _days(today, loan.disbursed_on), moving=True),
    "branch": Field(
        Kind.TEXT,
        _plain(sa.select(branches.c.code).where(branches.c.id == loan.branch_id).scalar_subquery()),
    ),
}

# Overdue days move too, but all loans in arrears are few and are looked at every night anyway.
MOVING = {name for name, field in FIELDS.items() if field.moving} - {"overdue_days"}

# Customers are joined outwardly so that a query which asks nothing of them need not read them.
FROM = (
    loans.join(customer_faces, overall.customer_id == loan.customer_id)
    .join(products, product.id == loan.product_id)
    .outerjoin(customers, customer.id == loan.customer_id)
)
