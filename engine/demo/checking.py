"""What officers of the demo bank say of a check: what they saw or heard, when, and where they stood."""

import random
import uuid
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

from db import settings
from db.vocab import Conclusion, Kind, Mode, Outcome
from engine.checks import Submission
from engine.demo import story
from engine.demo.evidence import Entry
from engine.demo.world import World

URBAN = ("朝阳区", "南关区", "宽城区", "二道区", "绿园区")


@dataclass(frozen=True)
class Checking:
    """Draws checks of the world's customers, each from a todo or from what would be one."""

    world: World
    draw: random.Random

    def attempts(self, todo, done: date) -> list[Entry]:
        """The check itself, and for a call now and then an attempt before it that reached nobody."""
        attempts = []
        if todo.mode == Mode.PHONE and self.draw.random() < 0.08:
            outcome = Outcome.WRONG_CONTACT if self.draw.random() < 0.2 else Outcome.UNREACHED
            attempts.append(self.check(todo, done - timedelta(days=1), outcome))
        return [*attempts, self.check(todo, done)]

    def check(self, todo, day: date, outcome: Outcome = Outcome.COMPLETED) -> Entry:
        """One attempt at a check on a day. `todo`: a todo, or what has its columns; its id 0: nobody asked."""
        minutes = timedelta(minutes=self.draw.randrange(8 * 60 + 30, 17 * 60))
        finished = datetime.combine(day, datetime.min.time(), settings.ZONE) + minutes
        mode = Mode(todo.mode)
        conclusion = self._conclusion(todo) if outcome is Outcome.COMPLETED else Conclusion.UNABLE
        place = self._place(todo) if mode is Mode.FIELD else {}
        said = Submission(
            key=uuid.UUID(int=self.draw.getrandbits(128), version=4), customer_id=todo.customer_id, kind=Kind(todo.kind), mode=mode,
            outcome=outcome, conclusion=conclusion, finished_at=finished.astimezone(UTC),
            started_at=(finished - timedelta(minutes=self.draw.randrange(6, 35))).astimezone(UTC), todo_ids=(todo.id,) if todo.id else (),
            answers=story.answers(self.draw, Kind(todo.kind), mode, conclusion), note=story.remark(self.draw, conclusion), **place,
        )  # fmt: skip
        if outcome is Outcome.COMPLETED:
            said = replace(said, note=story.detailed(said.note, said.key.int))
        return said, todo.assignee_id, todo.branch_id, list(todo.loan_ids)

    def of_his_own(self, staff_id: int, row, day: date) -> Entry:
        """A visit that nobody asked for."""
        said, *rest = self.check(_as_if_asked(row, staff_id, Kind.SPOT, Mode.FIELD, ()), day)
        return replace(said, conclusion=Conclusion.NORMAL, note=story.detailed(story.SPOT, said.key.int)), *rest

    def of_old(self, row, mode: Mode, day: date) -> list[Entry]:
        """A regular check as a former system has it: no todo of ours asked for it."""
        staff_id = row.inspector_id if mode is Mode.FIELD else row.manager_id
        return self.attempts(_as_if_asked(row, staff_id, Kind.REGULAR, mode, row.loan_ids), day)

    def mark(self, i: int) -> dict:
        """Where the world has a customer, and how near counts as there: villages are wide."""
        c = self.world.customers
        urban = any(district in c.address[i] for district in URBAN)
        return {"lat": float(c.lat[i]), "lon": float(c.lon[i]), "radius_m": 300 if urban else 1000}

    def _conclusion(self, todo) -> Conclusion:
        roll = self.draw.random()
        troubled = todo.overdue_since is not None
        if roll < (0.10 if troubled else 0.003):
            return Conclusion.RISK
        return Conclusion.ATTENTION if roll < (0.45 if troubled else 0.04) else Conclusion.NORMAL

    def _place(self, todo) -> dict:
        """Where the officer was: mostly at the door, now and then not."""
        i = int(todo.customer_no[1:]) - 1 if todo.customer_no.startswith("K") else None
        if i is None or i >= len(self.world.customers.number):
            return {}
        mark = self.mark(i)
        away = self.draw.random() < 0.03
        metres = self.draw.uniform(600, 4000) if away else abs(self.draw.gauss(0, 45))
        accuracy = self.draw.choice((8, 12, 20, 35, 65))
        north, east = metres * self.draw.uniform(-0.7, 0.7), metres * self.draw.uniform(-0.7, 0.7)
        lat, lon = round(mark["lat"] + north / 111_000, 6), round(mark["lon"] + east / 80_000, 6)
        return {"lat": lat, "lon": lon, "accuracy_m": accuracy, "place": mark | {"words": self.world.customers.address[i]}}


def _as_if_asked(row, staff_id: int, kind: Kind, mode: Mode, loan_ids) -> SimpleNamespace:
    return SimpleNamespace(
        id=0, customer_id=row.id, customer_no=row.customer_no, kind=kind, mode=mode, assignee_id=staff_id, branch_id=row.branch_id,
        loan_ids=loan_ids, overdue_since=None,
    )  # fmt: skip
