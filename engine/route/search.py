"""Good rounds of many stops: VROOM finds one in milliseconds, PyVRP improves it.

Work is counted in steps, not in seconds, so the same day gives the same plan on any machine; only a machine so starved
that the steps take five times the seconds granted stops early. Both solvers reckon in whole numbers: travel, service
and openings are rounded up, closing times and the end of the day down, so that what they find keeps the day.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from engine.route.day import Day

UNIT = 1000  # ticks a minute
WORTH = 100_000  # all prizes together, when they are not small whole numbers already
EFFORT = 250_000  # of VROOM, stops times visits squared that take about a second
DEEP = 8  # times the effort, VROOM's deepest search
STEPS = 50_000  # of PyVRP, a second and visit; measured on the 2 cores of docs/route.md, with half of it to spare
PATIENCE = 5


@dataclass(frozen=True, eq=False)
class Ticks:
    """One day or several side by side, in whole numbers. `shifts`: its first and last row, leaves, is over."""

    way: np.ndarray
    service: list[int]
    opens: list[int]
    closes: list[int]
    worth: list[int]
    shifts: list[tuple[int, int, int, int]]

    @cached_property
    def reachable(self) -> list[int]:
        """Rows of the stops worth a visit that open before the last day ends."""
        latest = max(end for _first, _last, _leaves, end in self.shifts)
        asked = zip(self.worth, self.opens, self.closes, strict=True)
        return [row for row, (worth, opens, closes) in enumerate(asked, 1) if worth and opens <= min(closes, latest)]


def load() -> None:
    """Import the solvers, which takes about a second: a server does so at its start, so that nobody waits for it."""
    import pyvrp  # noqa: F401, PLC0415
    import vroom  # noqa: F401, PLC0415


def ticks(day: Day) -> Ticks:
    end = down(np.array([day.length]))[0]
    stops = [*zip(*((s.service, s.opens, min(s.closes, day.length)) for s in day.stops), strict=True)]
    way = np.minimum(up(day.minutes), end + 1)
    np.fill_diagonal(way, 0)
    return Ticks(
        way,
        np.minimum(up(np.array(stops[0])), end + 1).tolist(),
        np.minimum(up(np.array(stops[1])), end + 1).tolist(),
        down(np.array(stops[2])).tolist(),
        whole(day.worth).tolist(),
        [(0, len(day.stops) + 1, int(up(np.array([day.leaves]))[0]), int(end))],
    )


def up(minutes: np.ndarray) -> np.ndarray:
    return np.ceil(np.minimum(minutes, 1e9) * UNIT - 1e-6).astype(np.int64)


def down(minutes: np.ndarray) -> np.ndarray:
    return np.floor(np.minimum(minutes, 1e9) * UNIT + 1e-6).astype(np.int64)


def whole(worth: np.ndarray) -> np.ndarray:
    """Prizes as whole numbers; what is worth anything stays worth something."""
    total = worth.sum()
    if total <= WORTH and (worth == np.rint(worth)).all():
        return worth.astype(np.int64)
    return np.where(worth > 0, np.maximum(1, np.rint(worth / total * WORTH)), 0).astype(np.int64)


def first(day: Ticks, visits: int, seconds: float) -> list[list[int]]:
    """VROOM's orders of rows, one a shift of about so many visits; none where it would take much longer."""
    work = len(day.reachable) * visits**2
    if not work or work > EFFORT * max(seconds, 1):
        return []
    return _vroom(day, 5 if work * DEEP <= EFFORT * max(seconds, 1) else 0)


def _vroom(day: Ticks, level: int) -> list[list[int]]:
    import vroom  # noqa: PLC0415 (half a second that the other commands need not wait)

    problem = vroom.Input()
    problem.set_durations_matrix("car", day.way)
    for number, (start, end, leaves, latest) in enumerate(day.shifts):
        problem.add_vehicle(vroom.Vehicle(number, start=start, end=end, time_window=(leaves, latest)))
    problem.add_job([vroom.Job(row, row, **_job(day, row)) for row in day.reachable])
    steps = problem.solve(exploration_level=level, nb_threads=1).routes
    steps = steps[steps.type == "job"]
    orders: list[list[int]] = [[] for _shift in day.shifts]
    for shift, row in zip(steps.vehicle_id.tolist(), steps.id.tolist(), strict=True):
        orders[int(shift)].append(int(row))
    return orders


def _job(day: Ticks, row: int) -> dict:
    """A stop in VROOM's words; its priorities go to 100."""
    import vroom  # noqa: PLC0415

    worth, most, latest = day.worth[row - 1], max(day.worth), max(end for *_, end in day.shifts)
    return {
        "default_service": day.service[row - 1],
        "priority": worth if most <= 100 else max(1, round(worth * 100 / most)),
        "time_windows": [vroom.TimeWindow(day.opens[row - 1], min(day.closes[row - 1], latest))],
    }


def better(day: Ticks, orders: list[list[int]], seconds: float) -> list[list[int]]:
    """PyVRP's orders after about so many seconds of work from orders already found."""
    import pyvrp  # noqa: PLC0415
    from pyvrp import stop  # noqa: PLC0415

    data = _data(day)
    place = {row: number for number, row in enumerate(day.reachable)}
    routes = [pyvrp.Route(data, [place[row] for row in order], number) for number, order in enumerate(orders) if order]
    visits = max(map(len, orders))
    steps = round(STEPS * seconds / (visits + 10) / len(orders))
    limits = stop.MultipleCriteria([stop.MaxIterations(steps), stop.MaxRuntime(PATIENCE * seconds)])
    result = pyvrp.solve(data, limits, seed=0, collect_stats=False, initial_solution=pyvrp.Solution(data, routes), params=_manner())
    found: list[list[int]] = [[] for _order in orders]
    for route in result.best.routes() if result.is_feasible() else []:
        found[route.vehicle_type()] = [day.reachable[a.idx] for a in route if a.is_client()]
    return found


def _data(day: Ticks):
    """The days as PyVRP sees them: a prize weighs more than any way; after the prizes, less travel is better."""
    import pyvrp  # noqa: PLC0415

    depots = sorted({row for start, end, *_ in day.shifts for row in (start, end)})
    heavy = max(end for *_, end in day.shifts) // 10
    clients = [
        pyvrp.Client(
            row,
            service_duration=day.service[row - 1],
            tw_early=day.opens[row - 1],
            tw_late=day.closes[row - 1],
            prize=day.worth[row - 1] * heavy,
            required=False,
        )
        for row in day.reachable
    ]
    shifts = [
        pyvrp.VehicleType(
            1,
            start_depot=depots.index(start),
            end_depot=depots.index(end),
            tw_early=leaves,
            start_late=leaves,
            tw_late=latest,
        )
        for start, end, leaves, latest in day.shifts
    ]
    places = [pyvrp.Location(0, 0) for _row in day.way]
    coarse = day.way // 10
    return pyvrp.ProblemData(places, clients, [pyvrp.Depot(row) for row in depots], shifts, [coarse], [day.way])


def _manner():
    """Smaller neighbourhoods and shakes than PyVRP's own: a round is short and the first order good (docs/route.md)."""
    import pyvrp  # noqa: PLC0415
    from pyvrp import search  # noqa: PLC0415

    return pyvrp.SolveParams(
        ils=pyvrp.IteratedLocalSearchParams(history_length=50),
        neighbourhood=search.NeighbourhoodParams(num_neighbours=15),
        perturbation=search.PerturbationParams(1, 15),
    )
