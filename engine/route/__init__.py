"""The round: which visits an officer makes in a day, and in which order.

    day = route.Day(travel.matrix(points), stops, length=480)
    planned = route.plan(day)
    [(visit.id, visit.begins) for visit in planned.visits], planned.prize, planned.minutes

Minutes count from the start of the officer's day. The most prize comes first, then being home early; a prize says
how much a visit matters (prizes.py). A plan is advice: the officer orders by hand (`replan`) and sees what lies near.
"""

from engine.route.day import Day, Round, Stop, Visit, timed
from engine.route.near import Suggestion, nearby
from engine.route.plan import plan, replan
from engine.route.prizes import prize

__all__ = ["Day", "Round", "Stop", "Suggestion", "Visit", "nearby", "plan", "prize", "replan", "timed"]
