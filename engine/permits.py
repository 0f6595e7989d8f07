"""Which role may do what: one table, asked by verbs, the menu and the API alike.

A permit says that a role may ever do a thing; whether to this very row is the database's to say (row security).
"""

from db.access import Person
from db.vocab import Role
from engine.refusals import NotPermitted, OnlyLooking, TooShort

HEAD = frozenset({Role.HEAD_RISK, Role.HEAD_LOANS})
OFFICERS = frozenset({Role.MANAGER, Role.INSPECTOR})
BUSINESS = HEAD | OFFICERS | {Role.BRANCH_HEAD}
READERS = BUSINESS | {Role.COLLECTIONS, Role.AUDITOR}
TECHNICAL = frozenset({Role.IT, Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN})
EVERYBODY = READERS | TECHNICAL
TOLD = EVERYBODY - {Role.AUDITOR}  # who works on something, and is told of it

PERMITS: dict[str, frozenset[Role]] = {
    # seeing
    "dashboard.see": HEAD | {Role.BRANCH_HEAD, Role.COLLECTIONS, Role.AUDITOR},
    "today.see": OFFICERS,
    "todos.see": READERS,
    "handover.see": HEAD | {Role.BRANCH_HEAD, Role.AUDITOR},
    "batches.see": HEAD | {Role.BRANCH_HEAD, Role.AUDITOR},
    "rounds.see": HEAD | {Role.BRANCH_HEAD, Role.AUDITOR},
    "loans.see": READERS,
    "customers.see": READERS,
    "levels.see": READERS,
    "records.see": READERS,
    "signals.see": READERS,
    "approvals.see": BUSINESS | {Role.AUDITOR, Role.IT, Role.SECURITY_ADMIN},
    "rules.see": HEAD | {Role.BRANCH_HEAD, Role.AUDITOR},
    "feeds.see": HEAD | {Role.IT, Role.AUDITOR},
    "operations.see": HEAD | {Role.IT, Role.SYSTEM_ADMIN, Role.AUDITOR},
    "people.see": HEAD | {Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN, Role.AUDITOR},
    "map.see": READERS,
    "audit.see": frozenset({Role.AUDITOR, Role.SECURITY_ADMIN}),
    "notices.see": TOLD,
    "reports.see": EVERYBODY,  # each subject asks for its own permit besides
    "me.see": EVERYBODY,
    "view.as": HEAD,
    "wall.hang": HEAD,
    # acting
    "check.submit": OFFICERS | {Role.BRANCH_HEAD},
    "review.decide": HEAD | {Role.BRANCH_HEAD},
    "review.appeal": OFFICERS | {Role.BRANCH_HEAD},
    "review.settle": HEAD,
    "record.judge": HEAD,
    "spot.see": HEAD | {Role.AUDITOR},
    "spot.draw": HEAD,
    "spot.check": HEAD,
    "todo.assign": HEAD | {Role.BRANCH_HEAD},
    "todo.claim": OFFICERS,
    "handover.make": HEAD | {Role.BRANCH_HEAD},
    "absence.arrange": HEAD | {Role.BRANCH_HEAD},
    "todo.cancel": HEAD | {Role.BRANCH_HEAD},
    "todo.ask": HEAD | {Role.BRANCH_HEAD},
    "todo.move": HEAD | {Role.BRANCH_HEAD},
    "todo.reissue": HEAD | {Role.BRANCH_HEAD},
    "todo.remind": HEAD | {Role.BRANCH_HEAD},
    "round.plan": OFFICERS,
    "round.share": frozenset({Role.BRANCH_HEAD}),
    "branch.place": HEAD | {Role.BRANCH_HEAD},
    "branch.change": frozenset({Role.SYSTEM_ADMIN}),
    "branch.restructure": HEAD,
    "signal.take": BUSINESS | {Role.COLLECTIONS},
    "signal.answer": BUSINESS | {Role.COLLECTIONS},
    "signal.close.low": HEAD | {Role.BRANCH_HEAD},  # yellow and blue
    "signal.close.high": frozenset({Role.HEAD_RISK}),  # orange and red
    "rule.try": HEAD,
    "rule.change": HEAD,
    "rule.decide": HEAD,
    "scorecard.change": HEAD,
    "parameter.change": HEAD,
    "form.change": HEAD,
    "product.change": HEAD,
    "mapping.change": frozenset({Role.IT, Role.HEAD_LOANS}),
    "feed.load": frozenset({Role.IT, Role.HEAD_LOANS}),
    "feed.override.ask": frozenset({Role.IT, Role.HEAD_LOANS}),
    "feed.override.allow": HEAD,
    "exemption.ask": HEAD | {Role.BRANCH_HEAD},
    "exemption.approve": HEAD,
    "cycle.ask": HEAD | {Role.BRANCH_HEAD},
    "cycle.decide": HEAD,
    "customer.update": OFFICERS | {Role.BRANCH_HEAD},
    "level.ask": BUSINESS,
    "level.decide": HEAD,
    "customer.note": BUSINESS | {Role.COLLECTIONS},
    "lead.add": OFFICERS | {Role.BRANCH_HEAD},
    "lead.follow": BUSINESS,
    "footprint.look": HEAD | {Role.BRANCH_HEAD, Role.AUDITOR},
    "customer.reveal": BUSINESS | {Role.COLLECTIONS},
    "export.make": READERS,
    "report.keep": EVERYBODY,
    "report.share": HEAD | {Role.BRANCH_HEAD, Role.AUDITOR},
    "file.make": READERS,
    "monthly.make": HEAD | {Role.BRANCH_HEAD, Role.AUDITOR},
    "file.branch": HEAD | {Role.BRANCH_HEAD, Role.AUDITOR},
    "address.mark": OFFICERS | {Role.BRANCH_HEAD},
    "address.doubt": BUSINESS,
    "address.confirm": HEAD | {Role.BRANCH_HEAD},
    "address.ask": HEAD | {Role.BRANCH_HEAD},
    "inspector.name": frozenset({Role.MANAGER, Role.BRANCH_HEAD}),
    "request.decide": HEAD | {Role.BRANCH_HEAD, Role.SECURITY_ADMIN},
    "request.withdraw": READERS | {Role.SECURITY_ADMIN},
    "account.open": frozenset({Role.SECURITY_ADMIN}),
    "account.disable": frozenset({Role.SECURITY_ADMIN}),
    "session.end": frozenset({Role.SECURITY_ADMIN}),
    "staff.change": frozenset({Role.SYSTEM_ADMIN}),
    "role.grant": frozenset({Role.SECURITY_ADMIN}),
    "role.decide": frozenset({Role.SECURITY_ADMIN, Role.HEAD_RISK}),
    "preference.set": EVERYBODY,
    "notice.read": TOLD,
    "notice.try": TOLD,
    "notice.resend": frozenset({Role.IT, Role.SYSTEM_ADMIN}),
    "calendar.link": OFFICERS,
    "calendar.change": HEAD,
}

# What a verb is called when somebody is refused it.
WORDS = {
    "dashboard.see": "see the dashboard",
    "today.see": "see one's own day",
    "todos.see": "see todos",
    "handover.see": "see handovers",
    "batches.see": "see what was done to many todos at once",
    "rounds.see": "see rounds",
    "loans.see": "see loans",
    "customers.see": "see customers",
    "levels.see": "see customers' levels",
    "records.see": "see checks",
    "signals.see": "see warning signals",
    "approvals.see": "see what waits for a decision",
    "rules.see": "see rules",
    "feeds.see": "see feeds",
    "operations.see": "see operations",
    "people.see": "see people and roles",
    "map.see": "see the map",
    "audit.see": "see the audit trail",
    "notices.see": "see one's own messages",
    "reports.see": "see reports",
    "me.see": "see one's own page",
    "view.as": "look as a colleague",
    "wall.hang": "leave the dashboard on a wall",
    "check.submit": "submit a check",
    "review.decide": "review presence",
    "review.appeal": "appeal against a review",
    "review.settle": "settle an appeal",
    "record.judge": "pass or return a check",
    "spot.see": "see spot checks of records",
    "spot.draw": "draw checks for a second look",
    "spot.check": "take a second look at a check",
    "todo.assign": "assign todos",
    "todo.claim": "claim a todo",
    "handover.make": "hand over a portfolio, or take a handover back",
    "absence.arrange": "arrange who stands in for whom",
    "todo.cancel": "cancel a todo",
    "todo.ask": "ask for checks by hand",
    "todo.move": "move the day on which todos are due",
    "todo.reissue": "ask a check again",
    "todo.remind": "remind officers of their todos",
    "round.plan": "plan one's own round",
    "round.share": "share out a branch's visits",
    "branch.place": "say where a branch is",
    "branch.change": "add or rename a branch",
    "branch.restructure": "move, close or merge branches",
    "signal.take": "take a signal in hand",
    "signal.answer": "answer a signal",
    "signal.close.low": "close a yellow or blue signal",
    "signal.close.high": "close an orange or red signal",
    "rule.try": "try a rule out",
    "rule.change": "change a rule",
    "rule.decide": "decide a change",
    "scorecard.change": "change the scorecard",
    "parameter.change": "change a parameter",
    "form.change": "change a form",
    "product.change": "change a product",
    "mapping.change": "change a mapping",
    "feed.load": "load a feed",
    "feed.override.ask": "ask to let a stopped feed through",
    "feed.override.allow": "let a stopped feed through",
    "exemption.ask": "ask for an exemption",
    "exemption.approve": "approve an exemption",
    "cycle.ask": "ask for a loan's own cycle of checks",
    "cycle.decide": "decide about loans' own cycles",
    "customer.update": "keep up a customer's post-loan information",
    "level.ask": "ask for another customer level",
    "level.decide": "decide about customer levels",
    "customer.note": "note something about a customer",
    "lead.add": "add a lead",
    "lead.follow": "follow a lead",
    "footprint.look": "look at somebody's footprints",
    "customer.reveal": "look at a full number",
    "export.make": "export a list",
    "report.keep": "keep a report",
    "report.share": "share a report",
    "file.make": "print an inspection file",
    "monthly.make": "print the monthly report",
    "file.branch": "print a branch's inspection file",
    "address.mark": "mark an address",
    "address.doubt": "doubt a marked address",
    "address.confirm": "confirm a doubted address",
    "address.ask": "ask somebody to mark addresses",
    "inspector.name": "name an inspector",
    "request.decide": "decide a request",
    "request.withdraw": "take a request back",
    "account.open": "open an account or reset a password",
    "account.disable": "disable or enable an account",
    "session.end": "sign somebody out everywhere",
    "staff.change": "add, correct or end a member of staff",
    "role.grant": "ask for a role to be granted or withdrawn",
    "role.decide": "decide about roles",
    "preference.set": "set preferences",
    "notice.read": "read one's own messages",
    "notice.try": "try the channels of one's messages",
    "notice.resend": "send a message again",
    "calendar.link": "have a calendar link",
    "calendar.change": "change the bank's working days",
}


# What somebody who only looks gets to see: another's work, not his messages, his sessions or his way; on a wall less.
LOOKED_AT = frozenset({
    "dashboard.see", "today.see", "todos.see", "handover.see", "rounds.see", "loans.see", "customers.see", "records.see", "signals.see",
    "rules.see", "map.see",
})  # fmt: skip
ON_A_WALL = frozenset({"dashboard.see"})


def may(by: Person, verb: str) -> bool:
    if by.only_looks and verb not in (ON_A_WALL if by.wall else LOOKED_AT):
        return False
    return by.role is Role.MACHINE or by.role in PERMITS[verb]


def must(by: Person, verb: str) -> None:
    if not may(by, verb):
        must_be_oneself(by)
        raise NotPermitted(verb=WORDS[verb])


def must_be_oneself(by: Person) -> None:
    """For what concerns nobody but whoever sits before the screen, and needs no permit."""
    if by.only_looks:
        raise OnlyLooking


SHORTEST_REASON = 4  # characters


def must_say_why(why: str | None) -> str:
    """The reason that an act needs, without the blanks around it."""
    said = (why or "").strip()
    if len(said) < SHORTEST_REASON:
        raise TooShort(field="reason", least=SHORTEST_REASON)
    return said
