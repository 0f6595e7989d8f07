"""Feed runs: what was loaded when, how it reconciled, what was set aside."""

from datetime import date

import sqlalchemy as sa
from sqlalchemy import func, select

from db.tables import branches, customers, feed_files, feed_runs, loans, products, rejects, staff
from db.vocab import FeedState

r, f = feed_runs.c, feed_files.c
_LIVE_BALANCE = sa.cast(func.coalesce(func.sum(loans.c.balance_fen), 0), sa.BigInteger)  # a sum of bigint is numeric
_UNDECIDED = sa.and_(
    r.state == FeedState.STOPPED, r.override_asked_by.is_not(None), r.override_by.is_(None), r.override_refused_by.is_(None)
)
Live = dict[str, tuple[int, int]]  # of each source how many notes live, and their balance in fen


def begin(conn: sa.Connection, source: str, day: date, folder: str, mapping_version: int | None) -> int:
    """A new run. Runs left 'loading' by a killed process were rolled back; they are closed as failed."""
    conn.execute(
        sa.update(feed_runs)
        .where(r.source == source, r.state == FeedState.LOADING)
        .values(state=FeedState.FAILED, finished_at=func.now(), stops=["killed"])
    )
    return conn.execute(
        sa.insert(feed_runs)
        .values(source=source, business_date=day, folder=folder, state=FeedState.LOADING, mapping_version=mapping_version)
        .returning(r.id)
    ).scalar_one()


def progress(conn: sa.Connection, run_id: int, words: str) -> None:
    conn.execute(sa.update(feed_runs).where(r.id == run_id).values(progress=words))


def finish(conn: sa.Connection, run_id: int, state: FeedState, stops: list[str], totals: dict | None) -> None:
    conn.execute(
        sa.update(feed_runs)
        .where(r.id == run_id)
        .values(state=state, stops=stops or None, totals=totals, finished_at=func.now(), progress=None)
    )


def withdraw(conn: sa.Connection, run_ids: list[int]) -> None:
    """Runs whose turn never came."""
    conn.execute(sa.delete(feed_runs).where(r.id.in_(run_ids)))


def add_file(conn: sa.Connection, run_id: int, **counts: object) -> None:
    conn.execute(sa.insert(feed_files).values(run_id=run_id, **counts))


def last_loaded(conn: sa.Connection, source: str) -> sa.Row | None:
    return conn.execute(
        select(feed_runs)
        .where(r.source == source, r.state == FeedState.LOADED)
        .order_by(r.business_date.desc(), r.id.desc())
        .limit(1)
    ).one_or_none()


def tried(conn: sa.Connection, source: str, day: date) -> set[FeedState]:
    """How the loads of a source's delivery of a day ended."""
    return {FeedState(state) for state in conn.execute(select(r.state).where(r.source == source, r.business_date == day)).scalars()}


def business_date(conn: sa.Connection) -> date | None:
    """The latest date whose feed is in the book."""
    return conn.execute(select(func.max(r.business_date)).where(r.state == FeedState.LOADED)).scalar()


def first_date(conn: sa.Connection) -> date | None:
    """The date of the first feed: the bank's start with Vigil."""
    return conn.execute(select(func.min(r.business_date)).where(r.state == FeedState.LOADED)).scalar()


def rows_by_table(conn: sa.Connection, run_id: int) -> dict[str, int]:
    return dict(conn.execute(select(f.name, f.rows).where(f.run_id == run_id)).all())


def book_totals(conn: sa.Connection) -> dict[str, int]:
    """branches, staff, products, customers, live loans, their balance in fen: the whole book now."""
    return totals(conn, live_notes(conn))


def live_notes(conn: sa.Connection) -> Live:
    """Of all sources in one look, as a load takes it before and after."""
    found = select(loans.c.source, func.count(), _LIVE_BALANCE).where(loans.c.live).group_by(loans.c.source)
    return {source: (n, fen) for source, n, fen in conn.execute(found)}


def balance_of(live: Live, source: str) -> int:
    return live[source][1] if source in live else 0


def totals(conn: sa.Connection, live: Live) -> dict[str, int]:
    """The same of notes that were looked at already."""

    def count(table: sa.Table, *where: sa.ColumnElement) -> sa.ScalarSelect:
        return select(func.count()).select_from(table).where(*where).scalar_subquery()

    counts = {
        "branches": count(branches, branches.c.closed_on.is_(None)),
        "staff": count(staff, staff.c.left_on.is_(None)),
        "products": count(products),
        "customers": count(customers),
    }
    of_the_bank = conn.execute(select(*(n.label(name) for name, n in counts.items()))).one()._mapping
    return {**of_the_bank, "loans": sum(n for n, _ in live.values()), "balance_fen": sum(fen for _, fen in live.values())}


def runs(conn: sa.Connection, limit: int = 60) -> list[sa.Row]:
    asked, allowed = staff.alias(), staff.alias()
    return conn.execute(
        select(feed_runs, asked.c.name.label("asked_by"), allowed.c.name.label("allowed_by"))
        .outerjoin(asked, asked.c.id == r.override_asked_by)
        .outerjoin(allowed, allowed.c.id == r.override_by)
        .order_by(r.id.desc())
        .limit(limit)
    ).all()


def asked_through(conn: sa.Connection) -> list[sa.Row]:
    """Stopped runs that somebody asked to let through and nobody has decided yet, oldest first."""
    return conn.execute(
        select(feed_runs, staff.c.name.label("asker"))
        .join(staff, staff.c.id == r.override_asked_by)
        .where(_UNDECIDED)
        .order_by(r.id)
    ).all()


def run(conn: sa.Connection, run_id: int) -> sa.Row | None:
    return conn.execute(select(feed_runs).where(r.id == run_id)).one_or_none()


def files(conn: sa.Connection, run_id: int) -> list[sa.Row]:
    return conn.execute(select(feed_files).where(f.run_id == run_id).order_by(f.name)).all()


def rejected(conn: sa.Connection, run_id: int, limit: int | None = None) -> list[sa.Row]:
    """name, file, line, text (long numbers masked), reasons."""
    c = rejects.c
    text = c.raw_masked
    return conn.execute(
        select(c.name, c.file, c.line, text.label("text"), c.reasons)
        .where(c.run_id == run_id)
        .order_by(c.name, c.line)
        .limit(limit)
    ).all()


def ask_override(conn: sa.Connection, run_id: int, by: int, reason: str) -> bool:
    """For the first time, or anew after it was refused."""
    nobody_waits = r.override_asked_by.is_(None) | r.override_refused_by.is_not(None)
    asked = sa.update(feed_runs).where(r.id == run_id, r.state == FeedState.STOPPED, nobody_waits)
    said = {"override_asked_by": by, "override_reason": reason, "override_refused_by": None, "override_refused_why": None}
    return conn.execute(asked.values(said)).rowcount == 1


def allow_override(conn: sa.Connection, run_id: int, by: int) -> bool:
    """True for the one who allowed it: somebody else than who asked."""
    return _decide_override(conn, run_id, by, override_by=by)


def refuse_override(conn: sa.Connection, run_id: int, by: int, why: str) -> bool:
    """True for the one who refused it: somebody else than who asked."""
    return _decide_override(conn, run_id, by, override_refused_by=by, override_refused_why=why)


def _decide_override(conn: sa.Connection, run_id: int, by: int, **decision: object) -> bool:
    decided = sa.update(feed_runs).where(r.id == run_id, _UNDECIDED, r.override_asked_by != by)
    return conn.execute(decided.values(decision)).rowcount == 1
