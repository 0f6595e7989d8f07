"""A query on the page of reports: it stands in the address, and each field changes it there.

The address is the truth: fields are set from it before they are drawn, and write into it when somebody changes them.
"""

from collections.abc import Callable, Iterable
from datetime import date

import streamlit as st

from db import access, branches
from db.access import Person
from db.subjects import SUBJECTS, Kind
from engine import clock, reports
from engine.reports import PERIODS, TIMES, Wish
from engine.words import _

LISTS = ("measures", "rows")
PLAIN = ("column", "under", "by", "period", "since", "until", "sort", "top")
FILTER = "w_"  # before the name of a dimension that narrows
MANY = 40  # values of a dimension that are offered by themselves
NARROWED = "narrowed"
TOPS = (10, 20, 50, 100)


def parameters(asked: Wish) -> dict[str, str]:
    """A wish as it stands in an address."""
    data = asked.model_dump(mode="json", exclude_none=True)
    told = {"subject": asked.subject} | {name: ",".join(data[name]) for name in LISTS if data[name]}
    told |= {name: str(data[name]) for name in PLAIN if name in data and (name != "period" or data[name] != "all")}
    return told | {FILTER + name: "|".join(keys) for name, keys in asked.where.items()}


def asked() -> Wish:
    """What the address asks for, or BadReport."""
    given = st.query_params
    data: dict = {"subject": given.get("subject", "")}
    data |= {name: _split(given[name], ",") for name in LISTS if given.get(name)}
    data |= {name: given[name] for name in PLAIN if given.get(name)}
    data["where"] = {name[len(FILTER) :]: _split(given[name], "|", empty=True) for name in given if name.startswith(FILTER)}
    return reports.wish(data)


def _split(text: str, at: str, empty: bool = False) -> list[str]:
    return [part for part in text.split(at) if part or empty]


def fresh(subject: str) -> Wish:
    """Where a new query begins: one figure by branch, or by what the subject has first."""
    of = SUBJECTS[subject]
    rows = "sub_branch" if "sub_branch" in of.dimensions else next(iter(of.dimensions))
    return Wish(subject=subject, measures=(next(iter(of.measures)),), rows=(rows,), where=dict(of.usual))


def put(asked: Wish) -> None:
    """Into the address, in place of the query that is there; what it was opened as stays."""
    kept = {name: st.query_params[name] for name in ("kept", "report") if name in st.query_params}
    st.query_params.from_dict(kept | parameters(asked))


# --- The fields -------------------------------------------------------------------------------------------------------


def fields(person: Person, now: Wish) -> None:
    """All that a query is made of."""
    subject = SUBJECTS[now.subject]
    dimensions = {name: _(d.title) for name, d in subject.dimensions.items()} | {name: _(t) for name, t in TIMES.items()}
    with st.container(border=True, gap="small"):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            _one("subject", "What about", {n: _(s.title) for n, s in reports.open_to(person).items()}, now.subject, now, width=150,
                 change=lambda value: fresh(value))  # fmt: skip
            _several(
                "measures", "Figures", {n: _(m.title) for n, m in subject.measures.items()}, now.measures, now, most=8, width=330
            )
            _several("rows", "Lines by", dimensions, now.rows, now, most=3, width=300)
            _one("column", "Columns by", dimensions, now.column, now, width=170, optional=True)
        with st.container(horizontal=True, vertical_alignment="bottom"):
            _one(
                "by",
                "By which day",
                {n: _(d.title) for n, d in subject.days.items()},
                now.by or next(iter(subject.days)),
                now,
                width=130,
            )
            _one("period", "Period", {n: _(t) for n, t in PERIODS.items()}, now.period, now, width=150)
            if now.period == "days":
                _day("since", "From", now.since, now)
                _day("until", "To", now.until, now)
            if "branch" in subject.dimensions:
                _one("under", "Branch", _branches(person), now.under, now, width=190, optional=True)
            _one(
                "sort",
                "Most first by",
                {n: _(subject.measures[n].title) for n in now.measures},
                now.sort,
                now,
                width=170,
                optional=True,
            )
            _one("top", "Lines", {n: f"{n}" for n in TOPS}, now.top, now, width=100, optional=True)
        _narrowing(person, now, dimensions)


def _branches(person: Person) -> dict[str, str]:
    with access.reading(person) as conn:
        return {row.code: row.name for row in branches.all_open(conn)}


def _narrowing(person: Person, now: Wish, dimensions: dict[str, str]) -> None:
    """For each dimension that narrows, its values; and which dimensions do."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        _several(NARROWED, "Only some of", {n: t for n, t in dimensions.items() if n not in TIMES}, tuple(now.where), now, most=12, width=330,
                 change=lambda names: _changed(now, where={n: now.where.get(n, ()) for n in names}))  # fmt: skip
        for name in now.where:
            if name in TIMES:
                continue
            _several(FILTER + name, dimensions[name], _values(person, now, name), now.where[name], now, most=50, width=260,
                     change=lambda keys, name=name: _changed(now, where={**now.where, name: keys}))  # fmt: skip


def _values(person: Person, now: Wish, name: str) -> dict[str, str]:
    subject = SUBJECTS[now.subject]
    if name in subject.dimensions and subject.dimensions[name].kind is Kind.STAFF and len(now.where[name]) > MANY:
        return dict.fromkeys(now.where[name], "")
    with access.reading(person) as conn:
        return reports.choices(conn, person, now, name, today=clock.today())


def _changed(now: Wish, **values: object) -> Wish:
    """The query with a field changed, and without what no longer fits."""
    data = now.model_dump(mode="json") | values
    data["where"] = {name: tuple(keys) for name, keys in data["where"].items()}
    data["rows"] = [name for name in data["rows"] if name != data["column"]] if "column" in values else data["rows"]
    data["column"] = None if data["column"] in data["rows"] else data["column"]
    data["sort"] = data["sort"] if data["sort"] in data["measures"] else None
    return reports.wish(data)


Change = Callable[[object], Wish]


def _key(name: str) -> str:
    return f"q_{name}"


def _take(name: str, change: Change) -> None:
    value = st.session_state[_key(name)]
    put(change(tuple(value) if isinstance(value, list) else value))


def _one(
    name: str,
    label: str,
    options: dict,
    value: object,
    now: Wish,
    *,
    width: int,
    optional: bool = False,
    change: Change | None = None,
) -> None:
    st.session_state[_key(name)] = value if value in options else None
    st.selectbox(
        _(label), list(options), key=_key(name), format_func=lambda v: options.get(v, str(v)), width=width, placeholder="—" if optional else "",
        on_change=_take, args=(name, change or (lambda v: _changed(now, **{name: v}))),
    )  # fmt: skip


def _several(
    name: str,
    label: str,
    options: dict[str, str],
    value: Iterable[str],
    now: Wish,
    *,
    most: int,
    width: int,
    change: Change | None = None,
) -> None:
    """An empty choice of figures keeps the one that was there."""
    st.session_state[_key(name)] = [v for v in value if v in options]
    st.multiselect(
        _(label), list(options), key=_key(name), format_func=lambda v: options.get(v, v), width=width, max_selections=most, placeholder="—",
        on_change=_take, args=(name, change or (lambda v: _changed(now, **{name: v or (now.measures[:1] if name == "measures" else ())}))),
    )  # fmt: skip


def _day(name: str, label: str, value: date | None, now: Wish) -> None:
    st.session_state[_key(name)] = value
    st.date_input(
        _(label), key=_key(name), format="YYYY-MM-DD", width=140, on_change=_take,
        args=(name, lambda v: _changed(now, **{name: v.isoformat() if v else None})),
    )  # fmt: skip
