"""Visits with photos: filled in on the form, with drawn photos, sent piece by piece, compared and submitted as from a phone."""

import io
import uuid
from collections.abc import Iterator
from datetime import timedelta

from PIL import Image

from db import access
from db.access import Person
from db.vocab import Mode
from engine import forms
from engine.checks import Submission
from engine.photos import scenes
from engine.visits import drafting, opening, pictures, submitting

SIZE = (960, 720)


def taken(place: int, day: int) -> bytes:
    """A photo of a place on some day, as a phone hands it over."""
    return _jpeg(scenes.view(place, day).resize(SIZE, Image.Resampling.LANCZOS), 82)


def edited(place: int, day: int) -> bytes:
    """That very photo once more, from a messenger: cropped and smaller."""
    picture = Image.open(io.BytesIO(taken(place, day)))
    width, height = picture.size
    return _jpeg(picture.crop((0, 0, round(width * 0.95), round(height * 0.95))).resize((800, 600)), 70)


def _jpeg(picture: Image.Image, quality: int) -> bytes:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=quality)
    return out.getvalue()


def submit(by: Person, said: Submission, way: dict, photos: list[bytes]) -> None:
    """An unscheduled visit by its form. `way`: the positions that the phone sends along."""
    with access.transaction(by, "check.submit") as conn:
        form = opening.open_customer(conn, by, said.customer_id, Mode.FIELD, now=said.started_at)
        key = uuid.UUID(form["key"])
        drafting.save(conn, by, key, 1, way, now=said.started_at + timedelta(seconds=5))
        ids = [_add(conn, by, key, said, n, photo) for n, photo in enumerate(photos)]
    pictures.compare(now=said.finished_at)
    given = way | {
        "finished_at": said.finished_at.isoformat(), "conclusion": said.conclusion, "answers": _answers(form), "note": said.note or "",
        "photos": [str(one) for one in ids], "away_because": said.away_because or "",
    }  # fmt: skip
    with access.transaction(by, "check.submit") as conn:
        submitting.submit(conn, by, key, given, now=said.received_at)


def _add(conn: access.Connection, by: Person, key: uuid.UUID, said: Submission, n: int, photo: bytes) -> uuid.UUID:
    at = said.started_at + timedelta(minutes=2 + n)
    piece = drafting.Piece(uuid.uuid5(key, str(n)), len(photo), 0, photo, at, said.lat, said.lon)
    drafting.add_photo(conn, by, key, piece)
    return piece.id


def _answers(opened: dict) -> dict:
    """Nothing out of the ordinary, and whatever else the form must know."""
    form, answers = forms.parse(opened["form"]), dict(opened["begin"])
    for item in forms.Filled(form, {i.code: i.normal for i in form.items()}, {}, {}).shown():
        answers[item.code] = _answer(item, answers.get(item.code))
    return {code: value for code, value in answers.items() if value is not None}


def _answer(item: forms.Item, begun: object) -> object:
    if item.type is forms.Type.TABLE:
        return [dict(_row(item, row)) for row in begun or []] or None
    if item.normal is not None:
        return item.normal
    return begun if begun is not None or not item.required else USUAL.get(item.type)


def _row(item: forms.Item, row: dict) -> Iterator[tuple[str, object]]:
    for column in item.columns:
        value = _answer(column, row.get(column.code))
        if value is not None:
            yield column.code, value


USUAL = {
    forms.Type.YES_NO: True, forms.Type.NUMBER: 3, forms.Type.MONEY: 120_000, forms.Type.TEXT: "正常",
}  # fmt: skip
