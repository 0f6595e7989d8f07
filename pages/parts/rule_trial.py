"""The effect of a draft of a rule on a page (试运行): checks by week, branch and officer beside those without it, and open todos."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

import streamlit as st

from db import access, branches, rulebook, staff
from db.access import Person
from db.rehearsal import Open
from db.vocab import Kind, Mode
from engine import clock, parameters, rehearsal, words
from engine.rehearsal import WEEKS, Moved, Rehearsal
from engine.words import _
from pages.parts import charts, look, tables, trials
from pages.parts.tables import Column

KEY = "rule_trial"
FOUND = {"created": "Todos made at once", "withdrawn": "Todos withdrawn", "moved": "Todos changed"}
SAMPLE = 30  # todos shown of each sort
LOADS = [
    Column("usual", "As it is", "number", width=70),
    Column("drafted", "With the draft", "number", width=80),
    Column("more", "Difference", width=70),
]
BRANCH = [Column("name", "Branch", width=150), *LOADS]
PERSON = [
    Column("name", "Officer", width=110),
    *LOADS,
    Column(
        "busiest",
        "Fullest week, all checks",
        width=140,
        help="The most checks of all kinds that fall due in one week, before and after.",
    ),
    Column("judged", "Against the limit", width=130),
]
TODOS = [
    Column("what", "What happens", width=110),
    Column("loan_no", "Loan number", width=150),
    Column("customer", "Customer", width=170),
    Column("kind", "Kind", "badge", Kind, width=110),
    Column("was", "As it is", width=230),
    Column("becomes", "With the draft", width=230),
]


@dataclass(frozen=True)
class Line:
    name: str
    usual: int
    drafted: int
    busiest: str = ""
    judged: str = ""

    @property
    def more(self) -> str:
        return f"{self.drafted - self.usual:+,}" if self.drafted != self.usual else "0"


@dataclass(frozen=True)
class Touched:
    what: str
    loan_no: str
    customer: str
    kind: str
    was: str
    becomes: str


def draw(person: Person, body: dict, valid_from: date) -> None:
    """A button that tries it out, and what came of the last try of this very draft."""
    st.caption(_("Runs the coming nights over a copy of the todos: nothing is written, nobody waits. As if the book stood still and every check were done on its day."))  # fmt: skip
    today = clock.today()
    found = trials.tried(KEY, person, body, valid_from, _("The nights of {0} weeks are tried").format(WEEKS),
                         lambda say: rehearsal.rehearse(person, body, valid_from, today=today, say=say))  # fmt: skip
    if found is not None:
        _effect(person, found)


def _effect(person: Person, found: Rehearsal) -> None:
    usual, drafted = (sum(week[n] for week in found.weeks) for n in (0, 1))
    had, gained, lost = found.matching
    with st.container(horizontal=True, key="trial_figures"):
        st.metric(
            _("Checks due in {0} weeks").format(WEEKS),
            f"{drafted:,}",
            f"{drafted - usual:+,}",
            delta_color="off",
            delta_arrow="off",
            width=190,
        )
        st.metric(
            _("Loans that match"),
            f"{had + gained - lost:,}",
            f"+{gained:,} −{lost:,}",
            delta_color="off",
            delta_arrow="off",
            width=150,
        )
        for name, title in FOUND.items():
            st.metric(_(title), f"{len(getattr(found, name)):,}", width=130)
    st.caption(_("From {0} on, of {1:,} customers whom the rule can mean. Late already: {2:,} as it is, {3:,} with the draft.").format(look.day(found.since), found.customers, *found.late))  # fmt: skip
    days = [found.since + n * rehearsal.STEP for n in range(WEEKS)]
    with st.container(border=True):
        st.markdown(f"**{_('Checks due by week')}**")
        before, after = zip(*found.weeks, strict=True)
        charts.draw(charts.weeks(days, before, after), _("Checks due by week"), "trial_weeks", 220)
    _by_whom(person, found)
    _todos(person, found)


def _by_whom(person: Person, found: Rehearsal) -> None:
    with access.reading(person) as conn:
        branch_names, names = branches.names(conn), staff.names(conn)
        limit = int(parameters.values(conn, clock.today())["todos.a_week"])
    left, right = st.columns([2, 3], gap="medium")
    with left:
        st.markdown(f"**{_('By branch')}**")
        lines = [Line(branch_names.get(key, "?"), *both) for key, both in found.by_branch().items()]
        tables.look_at(most_changed(lines), BRANCH, "trial_branches", _("By branch"), 12)
    with right:
        st.markdown(f"**{_('By officer')}**")
        full = found.busiest()
        lines = [_of_person(names, key, both, full.get(key), limit) for key, both in found.by_person().items()]
        above = sum(1 for before, after in full.values() if before <= limit < after)
        st.caption(_("{0} go above {1} checks in a week by the draft").format(above, limit))
        tables.look_at(most_changed(lines), PERSON, "trial_people", _("By officer"), 12)


def _of_person(names: dict[int, str], who: int | None, both: tuple[int, int], full: tuple[int, int] | None, limit: int) -> Line:
    if who is None or full is None:
        return Line(names.get(who, "?") if who else _("Nobody yet"), *both)
    judged = _("above {0}").format(limit) if full[1] > limit else _("within {0}").format(limit)
    return Line(names.get(who, "?"), *both, f"{full[0]:,} → {full[1]:,}", ("⚠ " if full[1] > limit else "") + judged)


def most_changed(lines: Iterable[Line]) -> list[Line]:
    return sorted(lines, key=lambda one: (-abs(one.drafted - one.usual), -one.drafted, one.name))


def _todos(person: Person, found: Rehearsal) -> None:
    some = [
        *_pairs(found.moved)[:SAMPLE],
        *((None, t) for t in found.created[:SAMPLE]),
        *((t, None) for t in found.withdrawn[:SAMPLE]),
    ]
    st.markdown(f"**{_('Todos on the first day')}**")
    if not some:
        st.caption(_("No open todo would stand otherwise."))
        return
    with access.reading(person) as conn:
        loans = rulebook.loans_of(conn, [(t.customer_id, t.loan_ids[0]) for before, after in some for t in [after or before]])
        names = staff.names(conn)
    lines = [_touched(before, after, loans, names) for before, after in some]
    st.caption(_("The first {0} of each sort; click a row for its loan.").format(SAMPLE))
    if picked := tables.show(lines, TODOS, "trial_todos", _("Todos on the first day"), 15):
        tables.open_page("desk/loan", no=picked.loan_no)


def _pairs(moved: Sequence[Moved]) -> list[tuple[Open, Open]]:
    return [(one.before, one.after) for one in moved]


def _touched(before: Open | None, after: Open | None, loans: dict, names: dict[int, str]) -> Touched:
    either = after or before
    loan = loans.get(either.loan_ids[0])
    what = _("changed") if before and after else _("made") if after else _("withdrawn")
    return Touched(
        what, loan.loan_no if loan else "—", loan.customer if loan else "—", either.kind, _said(before, names), _said(after, names)
    )


def _said(todo: Open | None, names: dict[int, str]) -> str:
    if todo is None:
        return "—"
    who = names.get(todo.assignee_id, "?") if todo.assignee_id else _("Nobody yet")
    return f"{look.day(todo.due_on)} · {words.name(Mode(todo.mode))} · {who} · {todo.rule_code or '—'}"
