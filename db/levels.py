"""分层: each customer's level, how it was reckoned, and since when; levels adjusted by hand.

The night reckons all customers in one pass and writes only what changed. A customer's level is the one adjusted by hand
while it lasts, else the reckoned one; `customer_faces.level` keeps it for rules and lists.
"""

from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import ARRAY, array, insert

from db import features
from db.conditions import compiled, leaves
from db.signals import DIALECT
from db.tables import branches, customer_faces, customer_levels, customers, level_adjustments, staff
from db.vocab import CustomerLevel, Subject

v, a, f, c = customer_levels.c, level_adjustments.c, customer_faces.c, customers.c
WORST = CustomerLevel.E.value


@dataclass(frozen=True)
class Card:
    """A scorecard as SQL needs it: items (code, steps (condition, points), else), caps (code, condition, level), bounds."""

    version: int
    items: tuple[tuple[str, tuple[tuple[dict, int], ...], int], ...]
    caps: tuple[tuple[str, dict, str], ...]
    bounds: tuple[tuple[str, int], ...]

    def used(self) -> set[str]:
        trees = [who for _, steps, _ in self.items for who, _ in steps] + [who for _, who, _ in self.caps]
        return {leaf["field"] for tree in trees for leaf in leaves(tree)}


# --- The night --------------------------------------------------------------------------------------------------------


def reckon(conn: sa.Connection, card: Card, today: date) -> int:
    """Every customer with a live loan anew; how many have another level than before."""
    conn.exec_driver_sql("drop table if exists staging.night_levels, staging.night_points")
    statement = _scored(card, today).compile(dialect=DIALECT, compile_kwargs={"render_postcompile": True})
    # CREATE TABLE AS, unlike INSERT ... SELECT, may read in parallel.
    conn.exec_driver_sql(f"create unlogged table staging.night_levels as {statement}", statement.params)
    conn.exec_driver_sql("analyze staging.night_levels (customer_id, level)")  # what joins; of the points it would cost most
    _say_points(conn, card)
    _keep(conn, card.version, today)
    conn.exec_driver_sql("drop table staging.night_levels, staging.night_points")
    return _face(conn, today)


def _scored(card: Card, today: date) -> sa.Select:
    """customer_id, score, points in the card's order, the caps that hold, level."""
    base = features.SUBJECTS[Subject.CUSTOMER]
    rows, fields = features.joined(Subject.CUSTOMER, card.used(), today)
    points = {
        code: sa.case(*((compiled(who, fields, today), n) for who, n in steps), else_=rest) for code, steps, rest in card.items
    }
    caps = [sa.case((compiled(who, fields, today), code)) for code, who, _ in card.caps]
    facts = (
        select(base.id.label("customer_id"), *(p.label(f"p_{code}") for code, p in points.items()),
               *(cap.label(f"c_{n}") for n, cap in enumerate(caps)))
        .select_from(rows).where(base.where).subquery("facts")
    )  # fmt: skip
    score = sum((facts.c[f"p_{code}"] for code in points), sa.literal(0))
    bound = sa.case(*((score >= least, level) for level, least in card.bounds), else_=WORST)
    held = [sa.case((facts.c[f"c_{n}"].is_not(None), level)) for n, (_, _, level) in enumerate(card.caps)]
    holding = [facts.c[f"c_{n}"] for n in range(len(caps))]
    listed = sa.cast(func.array_remove(array(holding, type_=sa.Text), sa.null()), ARRAY(sa.Text))
    return select(
        facts.c.customer_id, score.label("score"), array([facts.c[f"p_{code}"] for code in points]).label("points"),
        listed.label("caps"), func.greatest(bound, *held).label("level"),
    )  # fmt: skip


def _say_points(conn: sa.Connection, card: Card) -> None:
    """`points`: as they are kept, by item. Put into words for each customer they would cost more than all the rest; the same
    ones come together again and again."""
    pairs = ", ".join(f"'{code}', points[{n}]" for n, (code, _, _) in enumerate(card.items, 1))
    conn.exec_driver_sql(f"""
        create unlogged table staging.night_points as select points, jsonb_build_object({pairs}) as said
        from (select distinct points from staging.night_levels) n""")
    conn.exec_driver_sql("analyze staging.night_points (points)")


def _keep(conn: sa.Connection, version: int, today: date) -> None:
    """The stretch in which a level is held: begun, ended, and within it the points as they are now."""
    given = {"today": today, "version": version}
    conn.execute(
        sa.text("""
            update customer_levels l set to_on = :today where l.to_on is null and l.from_on < :today and not exists (
                select from staging.night_levels n where n.customer_id = l.customer_id and n.level = l.level)"""),
        given,
    )
    conn.execute(
        sa.text("""
            insert into customer_levels as l (customer_id, from_on, level, score, points, caps, card_version)
            select n.customer_id, coalesce(o.from_on, :today), n.level, n.score, p.said, n.caps, :version
            from staging.night_levels n join staging.night_points p using (points)
            left join customer_levels o on o.customer_id = n.customer_id and o.to_on is null
            where o.customer_id is null
               or (o.level, o.points, o.caps, o.card_version) is distinct from (n.level, p.said, n.caps, :version)
            on conflict (customer_id, from_on) do update set to_on = null, level = excluded.level, score = excluded.score,
                points = excluded.points, caps = excluded.caps, card_version = excluded.card_version"""),
        given,
    )


def _face(conn: sa.Connection, today: date) -> int:
    """What rules and lists read. Touched, so that the night looks at whom it changed for."""
    return conn.execute(
        sa.text("""
            with now as (
                select f.customer_id, coalesce(j.level, l.level) as level from customer_faces f
                left join customer_levels l on l.customer_id = f.customer_id and l.to_on is null
                left join level_adjustments j on j.customer_id = f.customer_id and j.ended_on is null
                    and j.from_on <= :today and j.until_on >= :today)
            update customer_faces f set level = now.level, touched_at = now() from now
            where now.customer_id = f.customer_id and now.level is distinct from f.level"""),
        {"today": today},
    ).rowcount


# --- By hand ----------------------------------------------------------------------------------------------------------

# People bring the face to what is written, and can write nothing else there.
SETTLE = """
create or replace function vigil_settle_level(customer bigint) returns void
language sql security definer set search_path = public, pg_temp as $$
    update customer_faces f set touched_at = now(), level = coalesce(
        (select j.level from level_adjustments j where j.customer_id = customer and j.ended_on is null
            and vigil_today() between j.from_on and j.until_on),
        (select l.level from customer_levels l where l.customer_id = customer and l.to_on is null))
    where f.customer_id = customer
$$"""


def adjust(conn: sa.Connection, **values: object) -> bool:
    """A level by hand takes the place of one that is there. False when another one begins the same moment."""
    conn.execute(
        sa.update(level_adjustments)
        .where(a.customer_id == values["customer_id"], a.ended_on.is_(None))
        .values(ended_on=values["from_on"], ended_by=values["approved_by"])
    )
    made = insert(level_adjustments).values(**values).on_conflict_do_nothing().returning(a.id)
    done = conn.execute(made).scalar() is not None
    conn.execute(select(func.vigil_settle_level(values["customer_id"])))
    return done


def end(conn: sa.Connection, adjustment_id: int, today: date, by: int) -> bool:
    """Back to the reckoned level. True for the one who ended it."""
    row = conn.execute(
        sa.update(level_adjustments)
        .where(a.id == adjustment_id, a.ended_on.is_(None), a.until_on >= today)
        .values(ended_on=today, ended_by=by)
        .returning(a.customer_id)
    ).scalar_one_or_none()
    if row is not None:
        conn.execute(select(func.vigil_settle_level(row)))
    return row is not None


# --- Reads ------------------------------------------------------------------------------------------------------------


def of_customer(conn: sa.Connection, customer_id: int) -> sa.Row | None:
    """As it is reckoned now: level, score, points, caps, card_version, from_on."""
    return conn.execute(select(customer_levels).where(v.customer_id == customer_id, v.to_on.is_(None))).one_or_none()


def history(conn: sa.Connection, customer_id: int) -> list[sa.Row]:
    """Stretches with one level, latest first."""
    return conn.execute(select(customer_levels).where(v.customer_id == customer_id).order_by(v.from_on.desc()).limit(30)).all()


def _adjusted() -> sa.Select:
    asker, approver, ender = staff.alias(), staff.alias(), staff.alias()
    return (
        select(
            level_adjustments, asker.c.name.label("asker"), approver.c.name.label("approver"), ender.c.name.label("ender"),
            c.name.label("customer"), c.customer_no, branches.c.name.label("branch"), v.level.label("reckoned"),
        )
        .join(asker, asker.c.id == a.made_by)
        .join(approver, approver.c.id == a.approved_by)
        .outerjoin(ender, ender.c.id == a.ended_by)
        .join(customers, c.id == a.customer_id)
        .join(branches, branches.c.id == c.branch_id)
        .outerjoin(customer_levels, sa.and_(v.customer_id == a.customer_id, v.to_on.is_(None)))
    )  # fmt: skip


def adjustments_of(conn: sa.Connection, customer_id: int) -> list[sa.Row]:
    """By hand, latest first, ended ones too."""
    return conn.execute(_adjusted().where(a.customer_id == customer_id).order_by(a.id.desc())).all()


def adjusted_on(conn: sa.Connection, day: date, branch_ids: tuple[int, ...] | None = None) -> list[sa.Row]:
    """In force by hand on a day, the first to run out first."""
    where = [a.ended_on.is_(None), a.from_on <= day, a.until_on >= day]
    where += [c.branch_id.in_(branch_ids)] if branch_ids is not None else []
    return conn.execute(_adjusted().where(*where).order_by(a.until_on, a.id).limit(200)).all()


def distribution(conn: sa.Connection, branch_ids: tuple[int, ...] | None = None) -> list[sa.Row]:
    """level, segment, customers, exposure_fen, overdue (customers in arrears): of those with a live loan."""
    query = select(
        f.level, f.segment, func.count().label("customers"), sa.cast(func.sum(f.exposure_fen), sa.BigInteger).label("exposure_fen"),
        func.count(f.overdue_since).label("overdue"),
    ).where(f.live_loans > 0, f.level.is_not(None))  # fmt: skip
    if branch_ids is not None:
        query = query.join(customers, c.id == f.customer_id).where(c.branch_id.in_(branch_ids))
    return conn.execute(query.group_by(f.level, f.segment).order_by(f.level, f.segment)).all()


def moves(conn: sa.Connection, since: date, branch_ids: tuple[int, ...] | None = None) -> list[sa.Row]:
    """was, is, customers: reckoned levels that changed since a day."""
    before = customer_levels.alias("before")
    query = select(before.c.level.label("was"), v.level.label("is"), func.count().label("customers")).join(
        before, sa.and_(before.c.customer_id == v.customer_id, before.c.to_on == v.from_on)
    )
    if branch_ids is not None:
        query = query.join(customers, c.id == v.customer_id).where(c.branch_id.in_(branch_ids))
    return conn.execute(query.where(v.from_on > since).group_by(before.c.level, v.level).order_by(before.c.level, v.level)).all()
