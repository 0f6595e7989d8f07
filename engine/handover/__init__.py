"""Handing a portfolio over (移交): proposed by place and load, moved in one transaction, given back row by row.

Somebody left, is ill, or was moved: customers, loans, open todos and signals go to colleagues, each customer with everything
to one person. Checks that were made, todos that are closed and the trail keep the old name. How it is locked and why it
holds against the next feed: docs/handover.md.
"""

from engine.handover.choosing import Choice
from engine.handover.dated import follow
from engine.handover.moving import Outcome, Plan, hand_over, undo
from engine.handover.preview import RECEIVERS, Load, Preview, hold, look, propose, receivers, version

__all__ = [
    "RECEIVERS", "Choice", "Load", "Outcome", "Plan", "Preview", "follow", "hand_over", "hold", "look", "propose", "receivers", "undo", "version",
]  # fmt: skip
