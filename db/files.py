"""What inspection files are made of: of many customers at once, over a span of days, in the order of the papers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import sqlalchemy as sa
from sqlalchemy import select

from db import settings
from db.tables import (
    audit,
    branches,
    customer_faces,
    customers,
    definitions,
    loans,
    opinions,
    photos,
    products,
    records,
    reviews,
    signals,
    staff,
    todos,
)
from db.vocab import Definition, TodoState

MOST_LINES = 200  # of the trail a customer: what a feed changes night by night fills no paper


@dataclass(frozen=True)
class Span:
    """Days from and to, both included; None: without an end on that side."""

    since: date | None = None
    until: date | None = None

    def holds(self, day: sa.ColumnElement) -> list[sa.ColumnElement[bool]]:
        return ([day >= self.since] if self.since else []) + ([day <= self.until] if self.until else [])

    def moments(self, at: sa.ColumnElement) -> list[sa.ColumnElement[bool]]:
        since = [at >= _midnight(self.since)] if self.since else []
        return since + ([at < _midnight(self.until + timedelta(days=1))] if self.until else [])


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), settings.ZONE)


def customers_with_work(conn: sa.Connection, branch_ids: Sequence[int], span: Span) -> list[int]:
    """Whoever had a check due or made in the span at these branches, by number."""
    t, r = todos.c, records.c
    due = select(t.customer_id).where(t.branch_id.in_(branch_ids), t.state != TodoState.CANCELLED, *span.holds(t.due_on))
    made = select(r.customer_id).where(r.branch_id.in_(branch_ids), *span.holds(r.done_on))
    return list(
        conn.execute(select(customers.c.id).where(customers.c.id.in_(due.union(made))).order_by(customers.c.customer_no)).scalars()
    )


def customers_of(conn: sa.Connection, ids: Sequence[int]) -> list[sa.Row]:
    """Who they are, numbers masked."""
    c, f = customers.c, customer_faces.c
    manager, inspector = staff.alias(), staff.alias()
    return conn.execute(
        select(
            c.id, c.customer_no, c.name, c.kind, c.phone_masked, c.identity_masked, c.address, c.created_on, f.segment, f.live_loans,
            f.exposure_fen, f.overdue_since, f.worst_class, branches.c.name.label("branch"), manager.c.name.label("manager"),
            inspector.c.name.label("inspector"),
        )
        .outerjoin(customer_faces, f.customer_id == c.id)
        .join(branches, branches.c.id == c.branch_id)
        .outerjoin(manager, manager.c.id == c.manager_id)
        .outerjoin(inspector, inspector.c.id == c.inspector_id)
        .where(c.id.in_(ids))
        .order_by(c.customer_no)
    ).all()  # fmt: skip


def loans_of(conn: sa.Connection, ids: Sequence[int]) -> list[sa.Row]:
    """Their loans, live ones first."""
    x = loans.c
    return conn.execute(
        select(
            x.id, x.customer_id, x.loan_no, x.amount_fen, x.balance_fen, x.rate, x.disbursed_on, x.matures_on, x["class"], x.status, x.overdue_since,
            x.purpose, x.guarantee, products.c.name.label("product"),
        )
        .join(products, products.c.id == x.product_id)
        .where(x.customer_id.in_(ids))
        .order_by(x.customer_id, x.live.desc(), x.balance_fen.desc(), x.id)
    ).all()  # fmt: skip


def todos_of(conn: sa.Connection, ids: Sequence[int], span: Span) -> list[sa.Row]:
    """What was due or closed in the span."""
    t = todos.c
    when = sa.or_(sa.and_(*span.holds(t.due_on), sa.true()), sa.and_(*span.holds(t.closed_on), t.closed_on.is_not(None)))
    return conn.execute(
        select(
            t.id, t.customer_id, t.kind, t.mode, t.state, t.due_on, t.late_from, t.closed_on, t.close_reason, t.close_note, t.rule_code,
            t.rule_version, t.loan_ids, t.record_id, staff.c.name.label("assignee"),
        )
        .outerjoin(staff, staff.c.id == t.assignee_id)
        .where(t.customer_id.in_(ids), when)
        .order_by(t.customer_id, t.due_on, t.id)
    ).all()  # fmt: skip


def records_of(conn: sa.Connection, ids: Sequence[int], span: Span) -> list[sa.Row]:
    """The checks as submitted, with what a reviewer and head office said of them."""
    r, v, o = records.c, reviews.c, opinions.c
    reviewer, settler, judge = staff.alias(), staff.alias(), staff.alias()
    return conn.execute(
        select(
            records, staff.c.name.label("staff"), branches.c.name.label("branch"), v.state.label("review"), v.finding, v.words.label("finding_words"),
            v.last_finding, v.last_words, v.appeal, reviewer.c.name.label("reviewer"), settler.c.name.label("settler"),
            o.state.label("opinion"), o.words.label("opinion_words"), judge.c.name.label("judge"),
        )
        .join(staff, staff.c.id == r.staff_id)
        .join(branches, branches.c.id == r.branch_id)
        .outerjoin(reviews, sa.and_(v.record_id == r.id, v.customer_id == r.customer_id))
        .outerjoin(opinions, sa.and_(o.record_id == r.id, o.customer_id == r.customer_id))
        .outerjoin(reviewer, reviewer.c.id == v.decided_by)
        .outerjoin(settler, settler.c.id == v.settled_by)
        .outerjoin(judge, judge.c.id == o.made_by)
        .where(r.customer_id.in_(ids), *span.holds(r.done_on))
        .order_by(r.customer_id, r.done_on, r.id)
    ).all()  # fmt: skip


def photos_of(conn: sa.Connection, ids: Sequence[int], span: Span) -> list[sa.Row]:
    """Which photos belong to these checks: record_id, sha256, when and where."""
    p = photos.c
    return conn.execute(
        select(p.id, p.record_id, p.sha256, p.taken_at, p.received_at, p.lat, p.lon)
        .join(records, sa.and_(records.c.id == p.record_id, records.c.customer_id == p.customer_id))
        .where(p.customer_id.in_(ids), *span.holds(records.c.done_on))
        .order_by(p.record_id, p.id)
    ).all()


def signals_of(conn: sa.Connection, ids: Sequence[int], span: Span) -> list[sa.Row]:
    """What was open at any time of the span, with who took, answered and closed it."""
    s = signals.c
    taker, answerer, closer = staff.alias(), staff.alias(), staff.alias()
    where = ([s.first_on <= span.until] if span.until else []) + (
        [s.closed_on.is_(None) | (s.closed_on >= span.since)] if span.since else []
    )
    return conn.execute(
        select(
            s.id, s.customer_id, s.rule_code, s.rule_version, s.subject_kind, s.subject_id, s.level, s.state, s.evidence, s.first_on, s.taken_at, s.measures,
            s.answer, s.answered_at, s.closed_on, s.close_note, taker.c.name.label("taker"), answerer.c.name.label("answerer"), closer.c.name.label("closer"),
        )
        .outerjoin(taker, taker.c.id == s.taken_by)
        .outerjoin(answerer, answerer.c.id == s.answered_by)
        .outerjoin(closer, closer.c.id == s.closed_by)
        .where(s.customer_id.in_(ids), *where)
        .order_by(s.customer_id, s.first_on, s.id)
    ).all()  # fmt: skip


def trail_of(conn: sa.Connection, ids: Sequence[int], span: Span) -> list[sa.Row]:
    """What happened around each of them, oldest first; of a long story the latest lines."""
    a = audit.c
    wanted = sa.values(sa.column("customer_id", sa.BigInteger), name="wanted").data([(i,) for i in ids] or [(0,)])
    latest = (
        select(audit)
        .where(a.customer_id == wanted.c.customer_id, *span.moments(a.at))
        .order_by(a.id.desc())
        .limit(MOST_LINES)
        .lateral("latest")
    )
    return conn.execute(
        select(latest, staff.c.name.label("staff"))
        .select_from(wanted.join(latest, sa.true()).outerjoin(staff, staff.c.id == latest.c.staff_id))
        .order_by(latest.c.customer_id, latest.c.id)
    ).all()


def versions_of(conn: sa.Connection, family: Definition, versions: Sequence[tuple[str, int]]) -> list[sa.Row]:
    """These versions of these codes, with who signed them, by code."""
    d = definitions.c
    maker, checker = staff.alias(), staff.alias()
    return conn.execute(
        select(d.code, d.version, d.body, d.valid_from, maker.c.name.label("maker"), checker.c.name.label("checker"))
        .outerjoin(maker, maker.c.id == d.made_by)
        .outerjoin(checker, checker.c.id == d.decided_by)
        .where(d.family == family, sa.tuple_(d.code, d.version).in_(list(versions)))
        .order_by(d.code, d.version)
    ).all()
