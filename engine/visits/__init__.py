"""A check on the phone: opened, saved as it is filled in, its photos taken in, and submitted once.

The draft carries the key under which the check will be submitted, made when the form was opened. Whoever opens the
same form again, here or on another device, goes on with the same draft and the same key.
"""

from engine.visits.drafting import Piece, add_photo, drop_photo, forget_untouched, number, save
from engine.visits.judging import preview
from engine.visits.opening import open_customer, open_todo
from engine.visits.pictures import compare, in_little, small, stamped
from engine.visits.submitting import submit

__all__ = [
    "Piece", "add_photo", "compare", "drop_photo", "forget_untouched", "in_little", "number", "open_customer", "open_todo", "preview", "save", "small", "stamped", "submit",
]  # fmt: skip
