"""Forms half filled in, and the photos that wait for them: seen by their author alone."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from db.tables import drafts, footprints, todos, uploads

d, u = drafts.c, uploads.c


def begin(conn: sa.Connection, row: dict) -> None:
    """Nothing happens when this person has begun this form already, on this device or another."""
    conn.execute(insert(drafts).values(row).on_conflict_do_nothing(index_elements=[d.staff_id, d.customer_id, d.form_key]))


def of_form(conn: sa.Connection, staff_id: int, customer_id: int, form_key: str) -> sa.Row | None:
    return conn.execute(
        select(drafts).where(d.staff_id == staff_id, d.customer_id == customer_id, d.form_key == form_key)
    ).one_or_none()


def by_key(conn: sa.Connection, submit_key: UUID) -> sa.Row | None:
    return conn.execute(select(drafts).where(d.submit_key == submit_key)).one_or_none()


def save(conn: sa.Connection, submit_key: UUID, counter: int, content: dict, now: datetime) -> bool:
    """True when it was newer than what was there: an older state never covers a newer one."""
    return (
        conn.execute(
            sa.update(drafts)
            .where(d.submit_key == submit_key, d.counter < counter)
            .values(counter=counter, content=content, saved_at=now)
        ).rowcount
        == 1
    )


def see_fix(conn: sa.Connection, submit_key: UUID, at: str, now: datetime) -> None:
    """When the server first saw this position; the check itself may arrive much later."""
    seen = sa.func.jsonb_build_object("fix_at", sa.cast(at, sa.Text), "fix_seen", sa.cast(now.isoformat(), sa.Text))
    conn.execute(
        sa.update(drafts)
        .where(d.submit_key == submit_key, d.place.is_not(None), d.place["fix_at"].astext.is_distinct_from(at))
        .values(place=d.place.op("||")(seen))
    )


def name_todos(conn: sa.Connection, submit_key: UUID, todo_ids: list[int]) -> None:
    """Which todos the form will discharge; more may have come since it was begun."""
    conn.execute(sa.update(drafts).where(d.submit_key == submit_key).values(todo_ids=todo_ids))


def lies_at(conn: sa.Connection, submit_key: UUID, place: dict | None) -> None:
    """Where the check is to be made; settled once something is filled in."""
    conn.execute(sa.update(drafts).where(d.submit_key == submit_key, d.counter == 0).values(place=place))


def hold(conn: sa.Connection, submit_key: UUID) -> sa.Row | None:
    """The draft, held until the end of the transaction; a second submission of it waits here."""
    return conn.execute(
        sa.update(drafts).where(d.submit_key == submit_key).values(saved_at=d.saved_at).returning(drafts)
    ).one_or_none()


def end(conn: sa.Connection, submit_key: UUID) -> None:
    conn.execute(sa.delete(uploads).where(u.submit_key == submit_key))
    conn.execute(sa.delete(drafts).where(d.submit_key == submit_key))


def drop_untouched(conn: sa.Connection, before: datetime) -> int:
    """Forms opened ahead for todos that have all ended since, in which nothing was ever filled in: no words, no photo, no position,
    nothing of a colleague's. How many."""
    mine = sa.and_(todos.c.id == sa.any_(d.todo_ids), todos.c.customer_id == d.customer_id)
    pending = select(todos.c.id).where(mine, todos.c.closed_on.is_(None)).correlate(drafts).exists()
    photos = select(u.id).where(u.submit_key == d.submit_key).correlate(drafts).exists()
    been = select(footprints.c.id).where(footprints.c.submit_key == d.submit_key).correlate(drafts).exists()
    return conn.execute(
        sa.delete(drafts).where(
            d.counter == 0, d.content == {}, d.begun_by.is_(None), d.opened_at < before, d.saved_at < before,
            func.cardinality(d.todo_ids) > 0, ~pending, ~photos, ~been,
        )
    ).rowcount  # fmt: skip


# --- Photos on their way ----------------------------------------------------------------------------------------------


def begin_upload(conn: sa.Connection, row: dict) -> None:
    """Nothing happens when it was begun before."""
    conn.execute(insert(uploads).values(row | {"content": b""}).on_conflict_do_nothing(index_elements=[u.id, u.customer_id]))


def upload(conn: sa.Connection, upload_id: UUID, submit_key: UUID) -> sa.Row | None:
    """One photo and how much of it has arrived; without its bytes."""
    return conn.execute(_uploads().where(u.id == upload_id, u.submit_key == submit_key)).one_or_none()


def uploads_of(conn: sa.Connection, submit_key: UUID) -> list[sa.Row]:
    return conn.execute(_uploads().where(u.submit_key == submit_key).order_by(u.begun_at, u.id)).all()


def _uploads() -> sa.Select:
    return select(
        u.id, u.customer_id, u.total, func.octet_length(u.content).label("received"), u.sha256, u.width, u.height, u.bytes,
        u.taken_at, u.lat, u.lon, u.told_at, u.told_lat, u.told_lon, u.device, u.screen,
    )  # fmt: skip


def append(conn: sa.Connection, upload_id: UUID, submit_key: UUID, offset: int, chunk: bytes) -> bool:
    """True when the chunk was the next one; sent twice, it is added once."""
    return (
        conn.execute(
            sa.update(uploads)
            .where(u.id == upload_id, u.submit_key == submit_key, func.octet_length(u.content) == offset, u.sha256.is_(None))
            .values(content=u.content.op("||")(chunk))
        ).rowcount
        == 1
    )


def content(conn: sa.Connection, upload_id: UUID, submit_key: UUID) -> bytes | None:
    found = conn.execute(select(u.content).where(u.id == upload_id, u.submit_key == submit_key)).scalar_one_or_none()
    return None if found is None else bytes(found)


def stored(conn: sa.Connection, upload_id: UUID, submit_key: UUID, facts: dict) -> None:
    """The photo is in the store; its bytes need not be kept here."""
    conn.execute(sa.update(uploads).where(u.id == upload_id, u.submit_key == submit_key).values(facts | {"content": b""}))


def drop_upload(conn: sa.Connection, upload_id: UUID, submit_key: UUID) -> bool:
    """The officer took the photo back before sending."""
    return conn.execute(sa.delete(uploads).where(u.id == upload_id, u.submit_key == submit_key)).rowcount == 1
