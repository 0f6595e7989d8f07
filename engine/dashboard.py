"""What the dashboard and the wall show, counted in one transaction: figures by their names (db/figures.py), and what belongs to them."""

from collections.abc import Sequence
from dataclasses import dataclass

from db import feeds, figures, footprints
from db.access import Connection
from db.figures import Scope, Window
from engine import parameters
from engine.counting import Count

OFFICERS = 500  # of a table: whoever has more than these looks at branches, or at one of them
RANKED = 10


@dataclass(frozen=True)
class Wish:
    """One dashboard: over which days, `top` being the branch whose parts are told apart; with or without the trend of the nights,
    which count all of a branch's customers, and with or without where people were."""

    scope: Scope
    days: int = 30
    top: int | None = None
    has_trend: bool = True
    has_ways: bool = True

    @property
    def windows(self) -> tuple[Window, Window, Window]:
        return figures.compared(self.scope.today, self.days)

    @property
    def count(self) -> Count:
        return Count("dashboard", repr(self), self.read)

    def read(self, conn: Connection) -> dict:
        """Everything it shows, by the names that pages know."""
        scope, windows, top = self.scope, self.windows, self.top
        since = windows[0].since
        officers = figures.officer_table(conn, scope, since, OFFICERS)
        return {
            "as_of": feeds.business_date(conn), "targets": parameters.targets(conn, scope.today, top), **self._todos(conn),
            "signals": figures.signals_open(conn, scope), "raised": figures.signals_raised(conn, scope, windows),
            "queue": figures.signals_waiting_per_day(conn, scope, since), "handling": figures.handling_days(conn, scope, since),
            "queued": figures.signals_waited(conn, scope, [w.until for w in windows]),
            "visited": figures.visited(conn, scope, windows), "site": figures.on_site_per_day(conn, scope, since),
            **{f"branches_{days}": figures.due_soon_by_branch(conn, scope, days, top, RANKED) for days in (7, 30)},
            **{f"officers_{days}": figures.due_soon_by_officer(conn, scope, days, RANKED) for days in (7, 30)},
            "branches": figures.branch_table(conn, scope, since, top), "officers": officers,
            "cells": self._where(conn), "km": self._ways(conn, officers),
            "won": figures.won(conn, scope, windows), "paid": figures.paid_out(conn, scope, windows),
        }  # fmt: skip

    def _todos(self, conn: Connection) -> dict:
        scope, windows, since = self.scope, self.windows, self.windows[0].since
        return {
            "completed": figures.completed(conn, scope, windows), "done": figures.done_per_day(conn, scope, since),
            "rate": figures.completion(conn, scope, windows), "rates": figures.completion_per_day(conn, scope, since),
            "late": figures.overdue_now(conn, scope), "soon": figures.due_soon(conn, scope, 7),
            "lates": figures.overdue_per_day(conn, scope, since) if self.has_trend else [],
            "stood": figures.stood(conn, scope, [w.until for w in windows]) if self.has_trend else [None] * len(windows),
        }  # fmt: skip

    def _ways(self, conn: Connection, officers: Sequence) -> dict[int, float]:
        """Kilometres by officer, as his footprints tell them."""
        if not self.has_ways:
            return {}
        now, shown = self.windows[0], {row.staff_id for row in officers}
        return {row.staff_id: row.km for row in footprints.by_staff(conn, *now, self.scope.branch_ids) if row.staff_id in shown}

    def _where(self, conn: Connection) -> list:
        """Where visits were made, by parts of the map; of all kinds and officers."""
        if not self.has_ways or self.scope.kind or self.scope.staff_id:
            return []
        return footprints.cells(conn, *self.windows[0], self.scope.branch_ids, footprints.step_of(self.scope.branch_ids))
