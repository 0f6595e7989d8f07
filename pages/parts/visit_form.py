"""The form of a check in the page: our own component, for Streamlit's widgets stand still when the line is lost."""

import streamlit as st

from db.vocab import CallResult, Conclusion, Kind, Level, LoanClass, Mode, Outcome
from engine import words
from engine.words import _
from pages.parts import component
from pages.parts.evidence import GRADES, MARKS

_component = component.declare("vigil_visit")

LABELS = {
    "opening": "Opening the form …", "step_there": "Arrived", "step_call": "Call", "step_facts": "Findings", "step_pictures": "Photos",
    "step_conclusion": "Conclusion", "step_send": "Submit", "next": "Next", "back": "Back", "optional": "(optional)", "yes": "Yes", "no": "No",
    "yuan": "yuan", "remove": "Remove", "add_row": "Add a row", "last_time": "Last time: {0}", "last_check": "Filled in from the check of {0}",
    "what_is_abnormal": "What is abnormal, and why?", "more_characters": "{0} more characters", "all_normal": "All normal",
    "here": "On site: {0} from the mark", "away": "{0} from the marked address: not on site", "no_mark": "Position found; no address is marked",
    "locating": "Looking for the position …", "no_fix": "No position yet", "fix_denied": "The phone does not allow the position; allow it in the browser's settings",
    "fix_timeout": "No position found in time; step outside and try again", "fix_unavailable": "The phone cannot say where it is",
    "fix_insecure": "The position needs HTTPS", "accuracy": "Accurate to {0} m, at {1}", "metres": "{0} m", "kilometres": "{0} km",
    "tracked": "While this visit is open, your position is kept about once a minute; see it under My footprints",
    "locate": "Find my position", "locate_again": "Find it again", "why_away": "Why not on site", "exposure": "Exposure {0} yuan",
    "overdue_days": "overdue {0} days", "matures": "matures", "map_amap": "AMap", "map_tencent": "Tencent Maps", "map_baidu": "Baidu Maps", "map_apple": "Apple Maps", "map_geo": "Map app", "dial": "Dial",
    "enough_calls": "Spoken to {0} times today: no more calls", "call_hours": "Collection calls from {0}:00 to {1}:00; spoken to {2} of {3} times today",
    "attempts": "{0} attempts", "what_became": "What became of the call at {0}?", "verify": "Verify at least {0} of these, never by reading them out",
    "script": "What to say", "no_network_dial": "No network: the number cannot be fetched", "nobody_reached": "Nobody was reached; nothing to fill in here",
    "take_photo": "Take a photo", "from_gallery": "From the album", "photos_needed": "At least {0} photos", "sent": "sent", "waits": "waits for the network",
    "photo_unusable": "This file is no photo that can be used", "how_it_went": "How it went", "abnormal_items": "Abnormal: {0}", "next_check": "Next check in",
    "months": "{0} months", "propose_class": "Proposed class", "unchanged": "Unchanged", "note": "Note", "new_lead": "New business noted?",
    "add_lead": "Note a lead", "lead_name": "Name", "lead_phone": "Phone", "lead_wish": "What is wanted",
    "pair": "{0}: {1}", "half_lead": "A new lead needs a name and what is wanted", "discharges": "Closes {0} todos",
    "unscheduled": "Unscheduled check", "others_open": "{0} other todos of this customer stay open", "photos_wait": "{0} photos still on their way",
    "photos_sent": "{0} photos sent", "kept_until_network": "Kept on this phone; it will be sent when the network is back", "sending": "Sending …",
    "submit": "Submit the check", "photos_wait_network": "{0} photos wait on this phone for the network", "and_more": "{0} and more, {1} in all", "choose_conclusion": "choose a conclusion",
    "will_warn": "Submitting raises a warning signal: {0}", "close": "Close", "needs_words": "{0}: say what is abnormal", "no_call": "Make a call first",
    "not_normal": "Something is abnormal: the conclusion cannot be normal",
    "no_answer": "No answer from the bank yet. This form opens by itself as soon as there is one.",
    "offline": "No network. Go on: everything is kept on this phone and sent later.",
    "begun_by": "Begun by {0} before the handover: his answers are filled in, his position and photos stay with him. Check them on the spot.",
    "sign_in": "Sign in again; what is filled in stays", "sent_elsewhere": "This check was sent already, from another window or device. What is written here now is not sent.",
    "other_device": "Taken over from your other device", "kept_here": "Kept on this phone", "kept_on_server": "Saved", "recorded": "Recorded",
    "steps": "Steps of the check", "day": "Today's list", "day_offline": "No network. This is the list as the phone took it along; checks begun here are kept and sent later.",
    "day_empty": "Nothing was taken along. The list is kept on the phone whenever it is open with a network.", "checks_wait": "{0} checks wait on this phone for the network",
    "not_along": "Not on this phone", "start": "Start the check", "go_on": "Go on", "memory_full": "The phone's memory is full: the photo could not be kept. Make room, then take it again.",
    "record_number": "Record {0}", "grade": "Presence grade {0}", "judging": "The bank looks at the evidence …",
    "judged_on_arrival": "No network: presence is judged when the check arrives", "no_fix_no_grade": "Without a position presence is not graded",
    "no_mark_no_grade": "No address is marked, so presence is not graded",
    "will_be_reviewed": "You can send it as it is. A colleague will look at it; nothing is blocked.", "your_reason": "What the reviewer should know", "was_offline": "Made without a network; marked so", "to_today": "Today's list",
}  # fmt: skip


def show(staff_id: int, form: dict, language: str) -> None:
    _component(key=f"visit-{'-'.join(map(str, form.values()))}", data=_data(staff_id, language) | {"ask": form})


def take_along(staff_id: int, day: dict, language: str) -> None:
    """Nothing to see; keeps the list of the day and its forms on the phone, and shows them when the line is lost."""
    with st.container(key="along"):
        _component(key="along-day", data=_data(staff_id, language) | {"day": day}, height="content")


def preview(body: dict, mode: Mode, language: str) -> None:
    """A form as the phone draws it; what is filled in here is kept nowhere."""
    given = {"entry": "preview", "form": body, "mode": mode, "sample": _("Sample customer"), "language": language}
    _component(key=f"preview-{body['code']}", data=given | {"place": component.place("visit"), "words": _words()}, height="content")


def _data(staff_id: int, language: str) -> dict:
    return {"who": staff_id, "language": language, "place": component.place("visit"), "home": "/today", "words": _words()}


def _words() -> dict:
    """Everything the form says that the form's own definition does not."""
    listed = {
        "results": {r.value: words.name(r) for r in CallResult}, "conclusions": {c.value: words.name(c) for c in Conclusion},
        "outcomes": {o.value: words.name(o) for o in Outcome}, "classes": {c.value: words.name(c) for c in LoanClass},
        "levels": {x.value: words.name(x) for x in Level}, "kinds": {k.value: words.name(k) for k in Kind},
        "grades": {letter: _(meaning) for letter, (meaning, _colour) in GRADES.items()},
        "verdicts": {verdict.value: _(word) for verdict, (word, *_look) in MARKS.items()},
    }  # fmt: skip
    return {name: _(text) for name, text in LABELS.items()} | listed
