"""What opening, saving and submitting share: the draft by its key, the form it was begun with, a photo's progress."""

from datetime import date, datetime
from uuid import UUID

from db import definitions, drafts, records, settings
from db.access import Connection
from db.vocab import Definition
from engine import forms, refusals
from engine.presence import Fix


def draft_of(conn: Connection, key: UUID):
    found = drafts.by_key(conn, key)
    if found is None:
        raise refusals.NotFound if records.by_key(conn, key) is None else refusals.AlreadyDone
    return found


def form_of(conn: Connection, draft) -> tuple[forms.Form, dict]:
    found = definitions.of_version(conn, Definition.FORM, draft.form_code, draft.form_version)
    return forms.parse(found.body), found.body


def progress(u) -> dict:
    return {"id": str(u.id), "total": u.total, "received": u.total if u.sha256 else u.received, "whole": u.sha256 is not None}


def day(moment: datetime) -> date:
    return moment.astimezone(settings.ZONE).date()


def fix_of(sent) -> Fix | None:
    return Fix(sent.fix.lat, sent.fix.lon, sent.fix.accuracy_m, sent.fix.at) if sent.fix else None
