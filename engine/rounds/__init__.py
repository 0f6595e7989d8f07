"""An officer's day: which customers he visits, in which order, and when he is where. Kept, changed by hand, compared.

    rounds.plan(conn, by, day, position=(43.88, 125.32), now=now)     planned anew, from here
    rounds.move(conn, by, day, customer_id, -1, now=now)              one place up; the times are reckoned anew
    rounds.offers(conn, by, day, now=now)                             what else lies near the way

The planning itself is engine/route's; here it is fed from the store, and its answer kept. A plan is advice.
"""

from engine.rounds.book import Book, gather, plannable_day
from engine.rounds.comparing import Compared, compared
from engine.rounds.planning import add, appoint, move, offers, plan, replan_after, take_out
from engine.rounds.sharing import apply, begin, drop, share_in_background, work_out

__all__ = [
    "Book", "Compared", "add", "apply", "appoint", "begin", "compared", "drop", "gather", "move", "offers", "plan", "plannable_day",
    "replan_after", "share_in_background", "take_out", "work_out",
]  # fmt: skip
