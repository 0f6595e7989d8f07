"""足迹: where officers were, from the positions of their checks and of visits that were open. Straight lines between them.

Positions are the phone's claims. Old ones are coarse: rounded to about a kilometre, with nothing left in between.
"""

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from db import settings
from db.tables import customers, footprints, photos, records
from db.vocab import FixSource, Mode

f, r, p = footprints.c, records.c, photos.c
GRID = 2  # decimals of a degree that are left: about a kilometre
FINE, COARSE = "0.02", "0.1"  # degrees of latitude of a part of the map: about two kilometres for a branch, eleven for a bank
ON_THE_DAY = "(({0} at time zone 'Asia/Shanghai')::date = done_on)"


# --- Written while a visit is open --------------------------------------------------------------------------------------


def keep(conn: sa.Connection, draft: sa.Row, steps: list[dict]) -> None:
    """Positions of an open visit, each once however often it is sent: source, at, lat, lon, accuracy_m."""
    about = {
        "customer_id": draft.customer_id,
        "staff_id": draft.staff_id,
        "branch_id": draft.branch_id,
        "submit_key": draft.submit_key,
    }
    during = [about | step for step in steps if step["source"] != FixSource.CHECK_IN]
    if during:
        conn.execute(insert(footprints).values(during).on_conflict_do_nothing())
    for step in [about | step for step in steps if step["source"] == FixSource.CHECK_IN]:
        _check_in(conn, step)


def _check_in(conn: sa.Connection, step: dict) -> None:
    """One a visit: taken anew, it replaces the one before."""
    place = {name: step[name] for name in ("at", "lat", "lon", "accuracy_m")}
    here = (f.customer_id == step["customer_id"], f.submit_key == step["submit_key"], f.source == FixSource.CHECK_IN)
    if conn.execute(sa.update(footprints).where(*here).values(place)).rowcount == 0:
        conn.execute(insert(footprints).values(step).on_conflict_do_nothing())


# --- One person's day ---------------------------------------------------------------------------------------------------


def stops(conn: sa.Connection, staff_id: int, day: date) -> list[sa.Row]:
    """Field visits of a day in the order of arrival, with the customer's name where it may be seen."""
    arrived = sa.literal_column(_arrived())
    return conn.execute(
        select(
            r.id, r.customer_id, customers.c.name.label("customer"), customers.c.customer_no, r.kind, arrived.label("arrived_at"),
            r.finished_at, r.lat, r.lon, r.accuracy_m, r.distance_m, r.on_site, r.grade, r.outcome, r.away_because, r.coarse, r.offline,
        )
        .outerjoin(customers, customers.c.id == r.customer_id)
        .where(r.staff_id == staff_id, r.done_on == day, r.mode == Mode.FIELD)
        .order_by(arrived, r.id)
    ).all()  # fmt: skip


def stored(conn: sa.Connection, staff_id: int, day: date) -> list[sa.Row]:
    """Every position that is kept of somebody's day, in the order of time: of checks (source null), of visits, of photos."""
    begin, end = _bounds(day, day)
    of_check = select(
        sa.literal_column(_moment()).label("at"), sa.literal("check").label("source"), r.lat, r.lon, r.accuracy_m, r.coarse
    ).where(r.staff_id == staff_id, r.done_on == day, r.lat.is_not(None))
    of_visit = select(f.at, f.source, f.lat, f.lon, f.accuracy_m, f.coarse).where(f.staff_id == staff_id, f.at >= begin, f.at < end)
    taken = func.coalesce(p.taken_at, p.received_at)
    of_photo = (
        select(taken, sa.literal("photo"), p.lat, p.lon, sa.null(), r.coarse)
        .join(records, (r.id == p.record_id) & (r.customer_id == p.customer_id))
        .where(p.staff_id == staff_id, r.staff_id == staff_id, r.done_on == day, p.lat.is_not(None))
    )
    whole = sa.union_all(of_check, of_visit, of_photo).subquery()
    return conn.execute(select(whole).order_by(whole.c.at, whole.c.source)).all()


def kept_of(conn: sa.Connection, staff_id: int) -> sa.Row:
    """How much is kept of somebody: exact and coarse positions of checks, positions of visits, the oldest exact day."""
    of_visits = select(func.count()).where(f.staff_id == staff_id)
    return conn.execute(
        select(
            func.count().filter(~r.coarse).label("exact"), func.count().filter(r.coarse).label("coarse"),
            of_visits.scalar_subquery().label("on_the_way"), func.min(r.done_on).filter(~r.coarse).label("exact_since"),
            func.min(r.done_on).label("since"),
        ).where(r.staff_id == staff_id, r.lat.is_not(None))
    ).one()  # fmt: skip


def latest_day(conn: sa.Connection, staff_id: int, until: date) -> date | None:
    """The last day on which this person was at a customer's."""
    return conn.execute(
        select(func.max(r.done_on)).where(r.staff_id == staff_id, r.mode == Mode.FIELD, r.done_on <= until)
    ).scalar_one()


def latest_day_of_all(conn: sa.Connection, until: date) -> date | None:
    """The last day on which anybody was out, of those whose checks the acting person sees."""
    return conn.execute(
        select(r.done_on).where(r.mode == Mode.FIELD, r.done_on <= until).order_by(r.done_on.desc()).limit(1)
    ).scalar_one_or_none()


# --- Days and people in numbers -----------------------------------------------------------------------------------------


def days(conn: sa.Connection, staff_id: int, since: date, until: date) -> list[sa.Row]:
    """One row a day with visits: visits, placed, on_site, grades, first_at, last_at, visit_hours, km."""
    return conn.execute(
        sa.text(
            f"{_figures()} select m.*, coalesce(w.km, 0) as km from met m left join walked w using (staff_id, day) order by day"
        ),
        _asked(since, until, staff_id),
    ).all()


def by_staff(conn: sa.Connection, since: date, until: date, branch_ids: tuple[int, ...] | None = None) -> list[sa.Row]:
    """One row a person who was out: days, visits, placed, on_site, grades, first_at and last_at of the last day, hours, km."""
    return conn.execute(
        sa.text(f"""{_figures()}
            select s.id as staff_id, s.name as staff, s.staff_no, b.name as branch, b.code as branch_code, count(*) as days,
                   sum(m.visits)::int as visits, sum(m.placed)::int as placed, sum(m.on_site)::int as on_site,
                   {", ".join(f"sum(m.{g})::int as {g}" for g in "abcd")},
                   (array_agg(m.first_at order by m.day desc))[1] as first_at, (array_agg(m.last_at order by m.day desc))[1] as last_at,
                   max(m.day) as last_day, sum(m.visit_hours) as visit_hours,
                   sum(extract(epoch from m.last_at - m.first_at))::float / 3600 as out_hours, sum(coalesce(w.km, 0)) as km
            from met m join staff s on s.id = m.staff_id left join branches b on b.id = s.branch_id
            left join walked w on w.staff_id = m.staff_id and w.day = m.day
            group by s.id, s.name, s.staff_no, b.name, b.code order by b.code, visits desc, s.staff_no"""),
        _asked(since, until, None, branch_ids),
    ).all()


def cells(
    conn: sa.Connection, since: date, until: date, branch_ids: tuple[int, ...] | None = None, step: str = FINE
) -> list[sa.Row]:
    """Field visits with a position, counted in parts of the map, most first: lat and lon of its middle, visits, placed, on_site,
    officers, and the village that most of their customers are of, as far as they may be seen. `step`: degrees of latitude."""
    high, wide = steps(step)
    lat, lon = (func.floor(sa.cast(column, sa.Numeric) / size) * size + size / 2 for column, size in ((r.lat, high), (r.lon, wide)))
    where = [r.mode == Mode.FIELD, r.done_on.between(since, until), r.lat.is_not(None)]
    where += [r.branch_id.in_(branch_ids)] if branch_ids is not None else []
    return conn.execute(
        select(
            lat.label("lat"), lon.label("lon"), func.count().label("visits"), func.count(r.on_site).label("placed"),
            func.count().filter(r.on_site).label("on_site"), func.count(sa.distinct(r.staff_id)).label("officers"),
            func.mode().within_group(customers.c.village).label("village"),
        )
        .outerjoin(customers, customers.c.id == r.customer_id)
        .where(*where)
        .group_by(lat, lon)
        .order_by(func.count().desc(), lat, lon)
    ).all()  # fmt: skip


def step_of(branch_ids: tuple[int, ...] | None) -> str:
    """How large the parts of a map are: of a branch small, of the bank large."""
    return FINE if branch_ids else COARSE


def steps(step: str) -> tuple[Decimal, Decimal]:
    """Degrees of latitude and of longitude that are about as long here."""
    return Decimal(step), Decimal(step) * 7 / 5


def box_of(cell: sa.Row, step: str) -> tuple[float, float, float, float]:
    """South, west, north, east of a part of the map."""
    high, wide = (size / 2 for size in steps(step))
    return float(cell.lat - high), float(cell.lon - wide), float(cell.lat + high), float(cell.lon + wide)


def _asked(since: date, until: date, staff_id: int | None = None, branch_ids: tuple[int, ...] | None = None) -> dict:
    begin, end = _bounds(since, until)
    return {"since": since, "until": until, "begin": begin, "end": end, "staff": staff_id,
            "branches": None if branch_ids is None else list(branch_ids)}  # fmt: skip


def _bounds(since: date, until: date) -> tuple[datetime, datetime]:
    midnight = [datetime.combine(day, time(), settings.ZONE) for day in (since, until + timedelta(days=1))]
    return midnight[0], midnight[1]


def _moment() -> str:
    """When a check's position was taken, by the phone if it says so of that very day."""
    return f"case when {ON_THE_DAY.format('records.fixed_at')} then records.fixed_at else records.finished_at end"


def _arrived() -> str:
    """A form may have been begun on a day before; then the position says when somebody came."""
    return f"case when {ON_THE_DAY.format('records.started_at')} then records.started_at else {_moment()} end"


def _figures() -> str:
    """Common to all figures: `met` of each person and day, `walked` the kilometres between positions in a straight line."""
    narrowed = """(cast(:staff as int) is null or staff_id = cast(:staff as int))
                  and (cast(:branches as int[]) is null or branch_id = any(cast(:branches as int[])))"""
    return f"""
        with visits as (
            select staff_id, done_on as day, {_arrived()} as arrived_at, {_moment()} as at, finished_at, lat, lon, on_site, grade
            from records where mode = 'field' and done_on between :since and :until and {narrowed}
        ), met as (
            select staff_id, day, count(*)::int as visits, count(on_site)::int as placed, count(*) filter (where on_site)::int as on_site,
                   {", ".join(f"count(*) filter (where grade = '{g.upper()}')::int as {g}" for g in "abcd")},
                   min(arrived_at) as first_at, greatest(max(finished_at), min(arrived_at)) as last_at,
                   sum(greatest(extract(epoch from finished_at - arrived_at), 0))::float / 3600 as visit_hours
            from visits group by staff_id, day
        ), places as (
            select staff_id, day, at, lat, lon from visits where lat is not null
            union all
            select staff_id, (at at time zone 'Asia/Shanghai')::date, at, lat, lon
            from footprints where at >= :begin and at < :end and {narrowed}
        ), pairs as (
            select staff_id, day, radians(lat) as lat, radians(lon) as lon, lag(radians(lat)) over w as lat0, lag(radians(lon)) over w as lon0
            from places window w as (partition by staff_id, day order by at)
        ), walked as (
            select staff_id, day, sum(2 * 6371.0088 * asin(least(1, sqrt(power(sin((lat - lat0) / 2), 2)
                   + cos(lat) * cos(lat0) * power(sin((lon - lon0) / 2), 2))))) as km
            from pairs where lat0 is not null group by staff_id, day
        )"""


# --- Coarsened after a while --------------------------------------------------------------------------------------------


def coarsen(conn: sa.Connection, before: date) -> dict[str, int]:
    """Round what is older and still exact, drop what lies in between; how many of each. Done twice, it does nothing."""
    moment, _end = _bounds(before, before)
    done = {"dropped": _run(conn, "delete from footprints where source = 'during' and at < :moment", moment=moment)}
    done["visits"] = _run(
        conn, f"update footprints set {_rounded()}, coarse = true where not coarse and at < :moment", moment=moment
    )
    done["photos"] = _run(
        conn,
        f"""update photos set {_rounded("photos.")}, {_rounded("photos.", "told_")} from records r
            where r.id = photos.record_id and r.customer_id = photos.customer_id and coalesce(photos.lat, photos.told_lat) is not null
              and r.lat is not null and not r.coarse and r.done_on < :before""",
        before=before,
    )
    done["checks"] = _run(
        conn,
        f"update records set {_rounded()}, coarse = true where lat is not null and not coarse and done_on < :before",
        before=before,
    )
    done["drafts"] = _run(
        conn,
        "update drafts set content = content - 'fix' - 'track' where saved_at < :moment and content ?| array['fix', 'track']",
        moment=moment,
    )
    return done


def _rounded(of: str = "", named: str = "") -> str:
    return ", ".join(f"{named}{column} = round({of}{named}{column}::numeric, {GRID})" for column in ("lat", "lon"))


def _run(conn: sa.Connection, statement: str, **values: object) -> int:
    return conn.execute(sa.text(statement), values).rowcount


def of_form(conn: sa.Connection, submit_key: UUID) -> list[sa.Row]:
    """What is kept of one visit, in the order of time."""
    return conn.execute(select(f.source, f.at, f.lat, f.lon, f.accuracy_m).where(f.submit_key == submit_key).order_by(f.at)).all()
