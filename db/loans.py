"""Loans (借据): lists, one loan from every side."""

from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlalchemy import func, select

from db.listing import InSteps, Page, begins, contains, page, starts, stream
from db.tables import branches, customers, guarantors, loan_history, loans, products, staff
from db.tables import customer_faces as faces

x = loans.c
manager = staff.alias("manager")


@dataclass(frozen=True)
class Filter:
    """What a list is narrowed to; None narrows nothing."""

    today: date
    live: bool | None = True
    overdue: bool = False
    loan_class: str | None = None
    family: str | None = None
    product: str | None = None
    guarantee: str | None = None
    branch_ids: tuple[int, ...] | None = None
    manager_id: int | None = None
    no_manager: bool = False
    matures_within: int | None = None
    paid_from: date | None = None
    paid_to: date | None = None
    text: str | None = None


SORTS = {
    "loan": x.loan_no, "balance": InSteps(x.size, x.balance_fen), "amount": x.amount_fen, "disbursed": x.disbursed_on,
    "matures": x.matures_on, "overdue": x.overdue_since, "class": x["class"], "customer": customers.c.name,
    "branch": branches.c.code, "manager": manager.c.name,
}  # fmt: skip


def _query() -> sa.Select:
    return (
        select(
            x.id, x.loan_no, x.customer_id, x.source, x.contract_no, x.amount_fen, x.balance_fen, x.rate, x.disbursed_on,
            x.matures_on, x["class"], x.worsened_on, x.guarantee, x.repayment, x.payment, x.purpose, x.agri, x.extensions,
            x.status, x.live, x.principal_fen, x.principal_since, x.interest_fen, x.interest_since, x.overdue_since,
            x.first_seen_on, x.changed_on, x.absent_since, x.manager_text, x.branch_id, x.manager_id,
            customers.c.name.label("customer"), customers.c.customer_no, branches.c.name.label("branch"),
            manager.c.name.label("manager"), products.c.name.label("product"), products.c.family, products.c.code.label("product_code"),
        )
        .join(customers, customers.c.id == x.customer_id)
        .join(branches, branches.c.id == x.branch_id)
        .join(products, products.c.id == x.product_id)
        .outerjoin(manager, manager.c.id == x.manager_id)
    )  # fmt: skip


def conditions(f: Filter) -> list[sa.ColumnElement[bool]]:
    """The filter as conditions on loans and their products."""
    # Not "is true": by that the planner does not know an index over the live ones.
    where = [x.live if f.live else ~x.live] if f.live is not None else []
    where += [x.overdue_since.is_not(None)] if f.overdue else []
    where += [x.branch_id.in_(f.branch_ids)] if f.branch_ids is not None else []
    where += [x.manager_id.is_(None)] if f.no_manager else []
    if f.matures_within is not None:
        where.append(x.matures_on.between(f.today, f.today + sa.literal(f.matures_within, sa.Integer)))
    where += [x.disbursed_on >= f.paid_from] if f.paid_from else []
    where += [x.disbursed_on <= f.paid_to] if f.paid_to else []
    if f.text:
        who = select(customers.c.id).where(contains(customers.c.name, f.text) | begins(customers.c.customer_no, f.text))
        where.append(begins(x.loan_no, f.text) | begins(x.contract_no, f.text) | x.customer_id.in_(who))
    exact = ((x["class"], f.loan_class), (products.c.family, f.family), (products.c.code, f.product),
             (x.guarantee, f.guarantee), (x.manager_id, f.manager_id))  # fmt: skip
    return where + [column == value for column, value in exact if value is not None]


def matching(f: Filter) -> sa.Select:
    """The loans of a list, of which each its customer and its number: customer_id, id."""
    return _query().with_only_columns(x.customer_id, x.id, maintain_column_froms=True).where(*conditions(f))


def listing(conn: sa.Connection, f: Filter, sort: str = "-balance", limit: int = 50, offset: int = 0) -> Page:
    return page(conn, _query().where(*conditions(f)), SORTS, sort, limit, offset)


def export(conn: sa.Connection, f: Filter, sort: str = "-balance"):
    return stream(conn, _query().where(*conditions(f)), SORTS, sort)


def get(conn: sa.Connection, loan_no: str) -> sa.Row | None:
    """By its number; of two sources with the same number the live one."""
    return conn.execute(_query().where(x.loan_no == loan_no).order_by(x.live.desc()).limit(1)).one_or_none()


def of_customer(conn: sa.Connection, customer_id: int) -> list[sa.Row]:
    """Live ones first, largest first."""
    return conn.execute(_query().where(x.customer_id == customer_id).order_by(x.live.desc(), x.balance_fen.desc())).all()


def states(conn: sa.Connection, customer_id: int) -> list[sa.Row]:
    """Every stretch of days of every loan with its balance and class, oldest first: loan_id, loan_no, from_on, to_on (null: as it
    is now), balance_fen, class."""
    h = loan_history.c
    past = (
        select(h.loan_id, x.loan_no, h.from_on, h.to_on, h.balance_fen, h["class"])
        .join(loans, sa.and_(x.id == h.loan_id, x.customer_id == h.customer_id))
        .where(h.customer_id == customer_id)
    )
    now = select(x.id, x.loan_no, x.changed_on, sa.null(), x.balance_fen, x["class"]).where(x.customer_id == customer_id)
    return conn.execute(past.union_all(now).order_by("from_on", "loan_id")).all()


def once_not_normal() -> sa.ColumnElement:
    """Ids of loans that are or were in a worse class than normal, few of many: whatever changed its class is among them. As an
    array, so that an index finds their history."""
    ill = loan_history.alias("ill")
    once = select(ill.c.loan_id).where(ill.c["class"] != "normal").union(select(x.id).where(x["class"] != "normal"))
    return sa.any_(func.array(once.scalar_subquery()))


def guarantors_of(conn: sa.Connection, loan_id: int) -> list[sa.Row]:
    """Name, amount, and what is known of a guarantor who is our customer."""
    g = guarantors.c
    return conn.execute(
        select(
            g.name, g.guarantor_no, g.amount_fen, g.guarantor_id, faces.c.exposure_fen, faces.c.overdue_since, faces.c.worst_class
        )
        .outerjoin(faces, faces.c.customer_id == g.guarantor_id)
        .where(g.loan_id == loan_id)
        .order_by(g.name)
    ).all()


def numbered(conn: sa.Connection, text: str, limit: int) -> list[sa.Row]:
    """Loans whose number, or whose contract's, begins like this: loan_no, customer, product, balance_fen, live."""
    brief = (
        select(x.loan_no, x.balance_fen, x.live, customers.c.name.label("customer"), products.c.name.label("product"))
        .join(customers, customers.c.id == x.customer_id)
        .join(products, products.c.id == x.product_id)
    )
    found = [
        conn.execute(brief.where(starts(column, text)).order_by(column).limit(limit)).all() for column in (x.loan_no, x.contract_no)
    ]
    return list({row.loan_no: row for rows in found for row in rows}.values())[:limit]
