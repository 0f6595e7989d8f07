"""Who has which villages before a handover and after it, on a map: a dot a village and person, as large as it has customers."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import streamlit as st

from engine import handover
from engine.words import _
from pages.parts import look, maps

AFTER, BEFORE = "after", "before"
GIVER = "gray"
INKS = ("blue", "orange", "green", "violet", "yellow")  # of those who receive, in their order; red means overdue
SMALLEST, LARGEST = 7, 20  # pixels; what is not handed over is drawn small


@dataclass(frozen=True)
class Spot:
    """A village of one person's. `moves`: it belongs to what is handed over."""

    lat: float
    lon: float
    who: int
    n: int
    village: str
    moves: bool


def show(seen: handover.Preview, parts: Mapping[int, int], names: Mapping[int, str], places: Sequence) -> None:
    """`places`: where the receivers' own customers lie (db.handovers.places)."""
    view = st.segmented_control(
        _("Map"), [BEFORE, AFTER], key="handover_map", default=AFTER, required=True, label_visibility="collapsed",
        format_func={BEFORE: _("before"), AFTER: _("after")}.get,
    )  # fmt: skip
    going = parts if view == AFTER else {}
    spots = [*_theirs(places), *moving(seen, going)]  # the latter above the former
    inks = colours(seen)
    st.markdown(":small[" + " &ensp; ".join(_legend(seen, going, names, inks)) + "]")
    maps.show(_dots(spots, inks, names), spots, f"handover-{view}", height=380)
    lost = sum(1 for row in seen.rows if row.lat is None)
    if lost:
        st.caption(_("{0} of the customers handed over are not marked and stand on no map.").format(f"{lost:,}"))


def colours(seen: handover.Preview) -> dict[int, str]:
    """Each person's colour; the giver is grey."""
    receivers = [one for one in seen.before if one != seen.from_id]
    return {one: INKS[n % len(INKS)] for n, one in enumerate(receivers)} | {seen.from_id: GIVER}


def moving(seen: handover.Preview, going: Mapping[int, int]) -> list[Spot]:
    """What is handed over, by village and by whose it is then; customers of no village by the kilometre."""
    groups = defaultdict(list)
    for row in seen.rows:
        if row.lat is not None:
            cell = row.village or (round(row.lat, 2), round(row.lon, 2))
            groups[cell, going.get(row.customer_id, seen.from_id)].append(row)
    return [
        Spot(_mean(r.lat for r in rows), _mean(r.lon for r in rows), who, len(rows), rows[0].village or "", True)
        for (_cell, who), rows in groups.items()
    ]


def _theirs(places: Sequence) -> list[Spot]:
    return [Spot(float(p.lat), float(p.lon), p.staff_id, p.n, p.village or "", False) for p in places]


def _mean(values: Iterable[float]) -> float:
    every = list(values)
    return sum(every) / len(every)


def _dots(spots: Sequence[Spot], inks: Mapping[int, str], names: Mapping[int, str]) -> list[maps.Dot]:
    return [
        maps.Dot(
            s.lat, s.lon, look.HEX[inks[s.who]], f"{s.village}:{s.who}", _tip(s, names), _size(s),
            str(s.n) if s.moves else "",
        )
        for s in spots
    ]  # fmt: skip


def _size(s: Spot) -> float:
    return min(LARGEST, SMALLEST + 1.4 * s.n**0.5) if s.moves else 4


def _tip(s: Spot, names: Mapping[int, str]) -> str:
    return f"{look.visible(s.village) or _('no village known')} · {_('{0} customers').format(s.n)} · {look.visible(names[s.who])}"


def _legend(seen: handover.Preview, going: Mapping[int, int], names: Mapping[int, str], inks: Mapping[int, str]) -> list[str]:
    loads = seen.after(going)
    said = [f"{look.spot(look.HEX[inks[one]])} {look.plain(names[one])} {load.customers:,}" for one, load in loads.items()]
    return [*said, ":gray[" + _("with a number: what is handed over") + "]"]
