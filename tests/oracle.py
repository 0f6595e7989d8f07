"""The night's todos, told slowly in plain Python: what the database's statements must equal (tests/test_oracle.py).

Written from what a bank means, not from the SQL: one customer after the other, one loan after the other, own dates,
own conditions, own merging. `World` holds the facts and what was asked so far; `World.night(today)` asks.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta
from dateutil.rrule import rrulestr

from db.vocab import CUSTOMER_KINDS, HEAVIER, LOAN_KINDS, MODE_WEIGHT, LoanClass

EPOCH, MONDAY, HORIZON = date(1970, 1, 1), date(1970, 1, 5), date(2030, 1, 1)
LENGTH = {"day": relativedelta(days=1), "week": relativedelta(weeks=1), "month": relativedelta(months=1),
          "quarter": relativedelta(months=3), "half_year": relativedelta(months=6), "year": relativedelta(years=1)}  # fmt: skip
MEAN_DAYS = {"day": 1, "week": 7, "month": 30.44, "quarter": 91.32, "half_year": 182.64, "year": 365.28}
MONTHS = {"month": 1, "quarter": 3, "half_year": 6, "year": 12}
DAYS = {"day": 1, "week": 7}
LAXEST = 2  # a loan's own cycle is at most so many times as long as its rule's
LOAN_DAY = {"disbursement": "disbursed_on", "schedule": "disbursed_on", "completion": "disbursed_on",
            "maturity": "matures_on", "class_change": "worsened_on", "overdue": "overdue_since"}  # fmt: skip
ORDERS = {"class": [c.value for c in LoanClass], "level": ["A", "B", "C", "D", "E"]}


# --- Facts -----------------------------------------------------------------------------------------------------------


@dataclass
class Loan:
    id: int
    product: str
    family: str
    branch_id: int
    branch: str
    disbursed_on: date
    matures_on: date
    balance: int
    amount: int
    loan_class: str = "normal"
    status: str = "normal"
    worsened_on: date | None = None
    overdue_since: date | None = None
    guarantee: str | None = None
    repayment: str | None = None
    payment: str | None = None
    agri: bool = False
    extensions: int = 0

    @property
    def live(self) -> bool:
        return self.status in ("normal", "overdue")


@dataclass
class Customer:
    id: int
    branch_id: int
    manager_id: int | None
    inspector_id: int | None
    segment: str
    level: str | None
    village: str | None
    loans: list[Loan]

    @property
    def live(self) -> list[Loan]:
        return [loan for loan in self.loans if loan.live]

    @property
    def overdue_since(self) -> date | None:
        return min((loan.overdue_since for loan in self.live if loan.overdue_since), default=None)

    @property
    def main_family(self) -> str:
        return max(self.loans, key=lambda loan: (loan.live, loan.balance, -loan.id)).family


@dataclass
class Check:
    customer_id: int
    kind: str
    mode: str
    day: date
    completed: bool = True


@dataclass
class Exemption:
    customer_id: int
    loan_id: int | None
    kinds: tuple[str, ...]
    first: date
    last: date
    approved: bool = True


@dataclass
class OwnCycle:
    """One loan's own cycle or mode for one kind of check; `ended`: the first day on which it no longer holds."""

    customer_id: int
    loan_id: int
    kind: str
    every: dict | None
    mode: str | None
    first: date
    last: date | None
    ended: date | None = None

    def holds(self, today: date) -> bool:
        return self.first <= today <= (self.last or today) and (self.ended is None or today < self.ended)


@dataclass
class Absence:
    staff_id: int
    delegate_id: int
    first: date
    last: date


@dataclass
class Version:
    code: str
    version: int
    valid_from: date
    body: dict


@dataclass
class Todo:
    customer_id: int
    kind: str
    subject: int
    period: str
    created_on: date
    mode: str = ""
    family: str = ""
    loan_ids: tuple[int, ...] = ()
    rule_code: str = ""
    rule_version: int = 0
    anchor_on: date = EPOCH
    branch_id: int = 0
    assignee_id: int | None = None
    nominal_on: date = EPOCH
    due_on: date = EPOCH
    late_from: date = EPOCH
    state: str = "open"
    pinned: bool = False
    started_at: datetime | None = None
    closed_on: date | None = None
    close_reason: str | None = None
    ruled_on: date | None = None
    reissued_on: date | None = None

    @property
    def ruled(self) -> date:
        """Due by the rule, wherever somebody moved it to."""
        return self.ruled_on or self.due_on

    @property
    def key(self) -> tuple:
        return self.customer_id, self.kind, self.subject, self.period

    @property
    def asked_by_a_rule_and_changeable(self) -> bool:
        """Not begun, or ended by the night itself: what a person ended stays ended, what he asked again stays asked."""
        return self.reissued_on is None and (self.state == "open" or self.state == "cancelled" and self.close_reason != "by_hand")

    def idle(self, today: date) -> bool:
        """Pending, and nobody took it in hand today."""
        midnight = datetime.combine(today, time.min, ZoneInfo("Asia/Shanghai"))
        return self.state == "open" or self.state == "started" and self.started_at < midnight

    def end(self, today: date, reason: str) -> None:
        self.state, self.closed_on, self.close_reason = "cancelled", today, reason


# --- Rules -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Rule:
    """A version in force, with the defaults that its body leaves out."""

    code: str
    version: int
    since: date
    body: dict
    own: bool = False  # as a loan has it that has its own cycle

    def __getattr__(self, key: str):
        defaults = {"assign": "manager", "satisfied_days": 0, "merge_days": 7, "enabled": True}
        return self.body.get(key, defaults.get(key))

    def when(self, key: str):
        defaults = {"offsets": [0], "working": False, "lead": 0, "grace": 0, "shift": "none", "latest": 0}
        return self.body["when"].get(key, defaults.get(key))

    @property
    def anchor(self) -> str:
        return self.body["when"]["anchor"]

    @property
    def strictness(self) -> tuple:
        """The shorter cycle is stricter; then the heavier mode. Events by how soon, before maturity by how early."""
        every = self.when("every")
        if every:
            length = mean_days(every)
        elif self.anchor == "maturity":
            length = 1000 + min(self.when("offsets"))
        elif self.anchor in ("disbursement", "class_change", "overdue"):
            length = min(self.when("offsets"))
        else:
            length = 30
        return round(length, 6), -MODE_WEIGHT[self.mode], self.code, self.own

    @property
    def recurs_in_days(self) -> float | None:
        """From check to check; None of what an event asks for once."""
        event = self.anchor in ("disbursement", "maturity", "class_change", "overdue")
        return None if event and not self.when("every") else self.strictness[0]


@dataclass(frozen=True)
class Occurrence:
    period: str
    nominal: date
    due: date
    missed: bool = False
    lasting: bool = False


@dataclass(frozen=True)
class Owed:
    """One occurrence that one loan is owed."""

    loan: Loan
    rule: Rule
    anchor: date
    occurrence: Occurrence

    @property
    def due(self) -> date:
        return self.occurrence.due


# --- The night -------------------------------------------------------------------------------------------------------


@dataclass
class World:
    start: date  # of the bank with us
    working: dict[date, bool]  # days that are not what their weekday says
    versions: list[Version]
    customers: list[Customer]
    left: dict[int, date] = field(default_factory=dict)
    absences: list[Absence] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    exemptions: list[Exemption] = field(default_factory=list)
    own_cycles: list[OwnCycle] = field(default_factory=list)
    todos: list[Todo] = field(default_factory=list)
    claims: dict[tuple[int, str, str], Todo] = field(default_factory=dict)
    _due_days: dict = field(default_factory=dict)
    _own_rules: dict = field(default_factory=dict)

    def night(self, today: date) -> None:
        rules = self.rules(today)
        for customer in self.customers:
            self._end(customer, today)
            for kind in CUSTOMER_KINDS:
                self._customers_kind(customer, kind, rules, today)
            for kind in LOAN_KINDS:
                self._loans_kind(customer, kind, rules, today)
            self._hand_over(customer, rules, today)

    def rules(self, today: date) -> list[Rule]:
        """Of each code the latest version whose day has come; strictest first. A code holds since its first version."""
        found = []
        for code in {v.code for v in self.versions}:
            mine = [v for v in self.versions if v.code == code]
            begun = [v for v in mine if v.valid_from <= today]
            if begun:
                latest = max(begun, key=lambda v: (v.valid_from, v.version))
                since = max(self.start, min(v.valid_from for v in mine))
                found.append(Rule(code, latest.version, since, latest.body))
        return sorted((r for r in found if r.enabled), key=lambda r: r.strictness)

    def of(self, customer: Customer, kind: str) -> list[Todo]:
        return [todo for todo in self.todos if (todo.customer_id, todo.kind) == (customer.id, kind)]

    def _end(self, customer: Customer, today: date) -> None:
        """Loans all gone, or arrears paid: there is nothing left to check."""
        for todo in (t for t in self.todos if t.customer_id == customer.id and t.idle(today)):
            listed = [loan for loan in customer.loans if loan.id in todo.loan_ids]
            if not any(loan.live for loan in listed):
                gone = {loan.status for loan in listed}
                todo.end(today, next((s for s in ("written_off", "transferred") if s in gone), "settled"))
            elif todo.kind == "overdue" and customer.overdue_since is None:
                todo.end(today, "cured")

    # --- what a customer owes --------------------------------------------------------------------------------------

    def _customers_kind(self, customer: Customer, kind: str, rules: list[Rule], today: date) -> None:
        wanted = {todo.period: todo for todo in self._wanted(customer, kind, rules, today)}
        for todo in wanted.values():
            self._put(todo)
        for todo in (t for t in self.of(customer, kind) if t.reissued_on is None):
            rule = next((r for r in rules if r.code == todo.rule_code), None)
            unwanted = todo.state == "open" and todo.ruled >= today and todo.period not in wanted
            if todo.idle(today) and rule and self._covered(todo, rule, today):
                todo.end(today, "satisfied")
            elif unwanted:
                exempt = self._exempt(customer, kind, todo.loan_ids, today)
                todo.end(today, "exempted" if exempt else "superseded" if wanted else "withdrawn")

    def _wanted(self, customer: Customer, kind: str, rules: list[Rule], today: date) -> Iterator[Todo]:
        """Of all rules that any live loan matches, the strictest governs: one todo a period lists the loans."""
        governed = self._governed(customer, kind, rules, today)
        if not governed or kind == "overdue" and customer.overdue_since is None:
            return
        rule = min(governed.values(), key=lambda r: r.strictness)
        anchor = min(self._anchor(rule, loan) for loan in customer.live if governed.get(loan.id) is rule)
        done = self._last_check(customer, kind, today) if rule.anchor == "completion" else None
        for o in self.occurrences(rule, done or anchor, done is not None, today):
            if o.missed:
                o = self._as_first_asked(customer, kind, o)
            todo = self._todo(customer, kind, 0, o.period, rule, o, done or anchor, tuple(governed), today)
            todo.branch_id, todo.family = customer.branch_id, customer.main_family
            if not self._covered(todo, rule, today):
                yield todo

    def _governed(self, customer: Customer, kind: str, rules: list[Rule], today: date) -> dict[int, Rule]:
        """For each live loan that is not exempt the strictest of the kind's rules that it matches, as the loan has it."""
        found = {}
        for loan in sorted(customer.live, key=lambda loan: loan.id):
            matching = (
                r for r in rules if r.kind == kind and self._anchor(r, loan) and matches(r.who, fields(customer, loan, today))
            )
            rule = next(matching, None)
            if rule and not self._exempt(customer, kind, (loan.id,), today):
                found[loan.id] = self._as_own(loan, kind, rule, today)
        return found

    def _as_own(self, loan: Loan, kind: str, rule: Rule, today: date) -> Rule:
        """With the cycle and the mode that the loan has for itself; a rule that is too strict for them stays as it is."""
        own = next((o for o in self.own_cycles if (o.loan_id, o.kind) == (loan.id, kind) and o.holds(today)), None)
        if own is None or own.every and rule.anchor in ("disbursement", "maturity"):
            return rule
        mode, every = own.mode or rule.mode, own.every or rule.when("every")
        if MODE_WEIGHT[mode] < MODE_WEIGHT[rule.mode]:
            return rule
        if own.every and rule.recurs_in_days and mean_days(every) > LAXEST * rule.recurs_in_days + 0.01:
            return rule
        changed = own.every and (not rule.when("every") or in_plain_units(every) != in_plain_units(rule.when("every")))
        if not changed and mode == rule.mode:
            return rule
        when = dict(rule.body["when"])
        if changed:
            n, unit = in_plain_units(every)
            shortest = n * (28 if unit == "month" else 1)
            when |= {"every": {"n": n, "unit": unit}, "lead": min(rule.when("lead"), shortest - 1)}
            when.pop("rrule", None)
        key = rule.code, rule.version, mode, str(when)
        return self._own_rules.setdefault(
            key, Rule(rule.code, rule.version, rule.since, rule.body | {"mode": mode, "when": when}, own=True)
        )

    def _as_first_asked(self, customer: Customer, kind: str, o: Occurrence) -> Occurrence:
        """A missed check is due `lead` days after the night that first asks, and then stays put."""
        for asked in self.of(customer, kind):
            if asked.period == o.period and asked.state == "open" and asked.ruled <= o.due:
                return Occurrence(o.period, asked.nominal_on, asked.ruled)
        return o

    def _covered(self, todo: Todo, rule: Rule, today: date) -> bool:
        """A heavier check, in a mode at least as heavy, not long before the due day, or later."""
        return any(
            check.day >= todo.ruled - timedelta(days=rule.satisfied_days)
            and (rule.anchor != "completion" or check.day > todo.anchor_on)  # else it is counted from already
            for check in self._completed(todo.customer_id, today)
            if rule.satisfied_days
            and check.kind in HEAVIER.get(todo.kind, ())
            and MODE_WEIGHT[check.mode] >= MODE_WEIGHT[todo.mode]
        )

    def _last_check(self, customer: Customer, kind: str, today: date) -> date | None:
        """A heavier check counts as one of the kind; a todo cancelled by hand counts as done."""
        days = [c.day for c in self._completed(customer.id, today) if c.kind in (kind, *HEAVIER.get(kind, ()))]
        days += [t.closed_on for t in self.of(customer, kind) if t.close_reason == "by_hand" and t.closed_on <= today]
        return max(days, default=None)

    def _completed(self, customer_id: int, today: date) -> list[Check]:
        return [c for c in self.checks if c.customer_id == customer_id and c.completed and c.day <= today]

    # --- what a loan owes --------------------------------------------------------------------------------------------

    def _loans_kind(self, customer: Customer, kind: str, rules: list[Rule], today: date) -> None:
        """Each occurrence once for each loan; what falls due together shares a todo."""
        owed = list(self._owed(customer, kind, rules, today))
        covered = [(self.claims.get((o.loan.id, kind, o.occurrence.period)), o) for o in owed]
        shared: dict[int, tuple[Todo, list[Owed]]] = {}
        for todo, o in covered:
            if todo:
                shared.setdefault(id(todo), (todo, []))[1].append(o)
        for todo, obligations in list(shared.values()):
            if self._has_passed(todo, customer, obligations, today):
                del shared[id(todo)]  # stays as it was asked
        fresh = [o for todo, o in covered if not todo]
        joins = [(o, self._nearest(shared.values(), o)) for o in fresh]
        for o, todo in joins:
            if todo:
                self.claims[o.loan.id, kind, o.occurrence.period] = todo
                shared[id(todo)][1].append(o)
        for todo, obligations in shared.values():
            self._put(self._together(customer, kind, todo.subject, todo.period, obligations, today))
        for group in self._groups([o for o, todo in joins if not todo]):
            subject, period = min((o.loan.id, o.occurrence.period) for o in group)
            todo = self._put(self._together(customer, kind, subject, period, group, today))
            for o in group:
                self.claims[o.loan.id, kind, o.occurrence.period] = todo
                shared[id(todo)] = todo, group
        for todo in self.of(customer, kind):
            if todo.reissued_on is None and todo.state == "open" and todo.ruled >= today and id(todo) not in shared:
                todo.end(today, "exempted" if self._exempt(customer, kind, todo.loan_ids, today) else "withdrawn")

    def _has_passed(self, todo: Todo, customer: Customer, obligations: list[Owed], today: date) -> bool:
        """Late, because the day of a loan that lives on has gone by and is asked for no more."""
        live, asked = {loan.id for loan in customer.live}, {(o.loan.id, todo.kind, o.occurrence.period) for o in obligations}
        return todo.state == "open" and todo.ruled < today and any(
            claim[0] in live and claim not in asked for claim, claimed in self.claims.items() if claimed is todo
        )  # fmt: skip

    def _owed(self, customer: Customer, kind: str, rules: list[Rule], today: date) -> Iterator[Owed]:
        governed = self._governed(customer, kind, rules, today)
        for loan in customer.live:
            if rule := governed.get(loan.id):
                anchor = self._anchor(rule, loan)
                for occurrence in self.occurrences(rule, anchor, False, today):
                    yield Owed(loan, rule, anchor, occurrence)

    def _nearest(self, shared, o: Owed) -> Todo | None:
        """The open todo of the same rule whose day is near enough."""
        near = []
        for todo, obligations in shared:
            due, rule = min(x.due for x in obligations), self._strictest(obligations)
            away = abs(due - o.due).days
            if todo.asked_by_a_rule_and_changeable and rule is o.rule and away <= rule.merge_days:
                near.append((away, due, self.todos.index(todo), todo))
        return min(near)[-1] if near else None

    def _groups(self, fresh: list[Owed]) -> list[list[Owed]]:
        """Of each rule what is due within merge_days of the earliest, then what is due within as many days after, ..."""
        groups: dict[tuple, list[Owed]] = {}
        for o in fresh:
            first = min(x.due for x in fresh if x.rule is o.rule)
            groups.setdefault((o.rule.code, (o.due - first).days // (o.rule.merge_days + 1)), []).append(o)
        return sorted(groups.values(), key=lambda group: (min(o.due for o in group), min(o.loan.id for o in group)))

    def _strictest(self, obligations: list[Owed]) -> Rule:
        return min((o.rule for o in obligations), key=lambda r: r.strictness)

    def _together(self, customer: Customer, kind: str, subject: int, period: str, obligations: list[Owed], today: date) -> Todo:
        """The strictest rule's check, by the earliest day of all."""
        rule, leading = self._strictest(obligations), min(obligations, key=lambda o: o.loan.id).loan
        first = min(obligations, key=lambda o: o.due).occurrence
        loan_ids = tuple(sorted({o.loan.id for o in obligations}))
        todo = self._todo(customer, kind, subject, period, rule, first, min(o.anchor for o in obligations), loan_ids, today)
        todo.nominal_on = min(o.occurrence.nominal for o in obligations)
        todo.late_from = min(o.due + timedelta(days=o.rule.when("grace") + 1) for o in obligations)
        todo.branch_id, todo.family = min(o.loan.branch_id for o in obligations), leading.family
        return todo

    # --- todos -------------------------------------------------------------------------------------------------------

    def _todo(self, customer, kind, subject, period, rule: Rule, o: Occurrence, anchor, loan_ids, today) -> Todo:
        return Todo(
            customer.id, kind, subject, period, today, rule.mode, "", loan_ids, rule.code, rule.version, anchor, 0,
            self._assignee(customer, rule, today), o.nominal, o.due, o.due + timedelta(days=rule.when("grace") + 1),
        )  # fmt: skip

    def _put(self, new: Todo) -> Todo:
        """A todo is made once; made before, it is brought up to date unless somebody began, did or cancelled it."""
        for old in self.todos:
            if old.key == new.key:
                if old.asked_by_a_rule_and_changeable:
                    new.created_on, new.pinned, new.started_at = old.created_on, old.pinned, old.started_at
                    new.assignee_id = old.assignee_id if old.pinned else new.assignee_id
                    if old.ruled_on is not None:  # somebody moved it: there it stays
                        new.ruled_on, new.due_on, new.late_from = new.due_on, old.due_on, old.late_from
                    old.__dict__.update(new.__dict__)
                return old
        self.todos.append(new)
        return new

    def _hand_over(self, customer: Customer, rules: list[Rule], today: date) -> None:
        """Pending todos follow the people: leavers' and absent people's, late ones too; given by hand, they stay."""
        for todo in (t for t in self.todos if t.customer_id == customer.id and t.idle(today)):
            rule = next((r for r in rules if r.code == todo.rule_code), None)
            stays = todo.assignee_id is not None and self._present(todo.assignee_id, today)
            if todo.kind in CUSTOMER_KINDS:
                todo.branch_id = customer.branch_id
            before = todo.assignee_id
            if rule is None:
                todo.assignee_id = before if stays else None
            elif not (todo.pinned and stays):
                todo.assignee_id = self._assignee(customer, rule, today)
            if todo.assignee_id != before:
                todo.pinned = False

    def _assignee(self, customer: Customer, rule: Rule, today: date) -> int | None:
        """Whom the rule wishes, his delegate while he is away; nobody, that is the branch's pool, when that one has left."""
        wish = {
            "manager": customer.manager_id,
            "inspector": customer.inspector_id or customer.manager_id,
            "pool": None,
        }[rule.assign]
        if wish is None or not self._present(wish, today):
            return None
        delegates = [a.delegate_id for a in self.absences if a.staff_id == wish and a.first <= today <= a.last]
        return next((d if self._present(d, today) else None for d in delegates), wish)

    def _present(self, staff_id: int, today: date) -> bool:
        return staff_id not in self.left or self.left[staff_id] > today

    def _exempt(self, customer: Customer, kind: str, loan_ids: tuple[int, ...], today: date) -> bool:
        return any(
            e.customer_id == customer.id and e.approved and kind in e.kinds and e.first <= today <= e.last
            and (e.loan_id is None or e.loan_id in loan_ids)
            for e in self.exemptions
        )  # fmt: skip

    # --- dates -------------------------------------------------------------------------------------------------------

    def _anchor(self, rule: Rule, loan: Loan) -> date | None:
        return EPOCH if rule.anchor == "calendar" else getattr(loan, LOAN_DAY[rule.anchor])

    def occurrences(self, rule: Rule, anchor: date, done: bool, today: date) -> list[Occurrence]:
        """What is to be asked today: due within the lead; a cycle not after its day, an event's check for a year after."""
        if rule.anchor == "completion":
            return self._next_check(rule, anchor, done, today)
        last = today + timedelta(days=rule.when("lead"))
        oldest = max(rule.since, today - timedelta(days=366))
        return [o for o in self.due_days(rule, anchor) if (oldest if o.lasting else today) <= o.due <= last]

    def _next_check(self, rule: Rule, anchor: date, done: bool, today: date) -> list[Occurrence]:
        """One cycle after the last check; of one never checked, the first cycle's day since the rule holds."""
        nominal = anchor + cycles(rule, 1)
        k = 1
        while not done and nominal < rule.since:
            k += 1
            nominal = anchor + cycles(rule, k)
        period = f"{'after' if done else 'from'} {anchor}"
        lead = timedelta(days=rule.when("lead"))
        due = self.shifted(rule, nominal, anchor)
        if due - lead > today:
            return []
        if due >= today:
            return [Occurrence(period, nominal, due)]
        soon = today + lead
        return [Occurrence(period, soon, self.shifted(rule, soon, today - timedelta(days=1)), missed=True)]

    def due_days(self, rule: Rule, anchor: date) -> list[Occurrence]:
        """All of them, as far as anybody will ask; two that the working-day rule brings together are one."""
        key = rule.code, rule.version, str(rule.body["when"]), anchor, tuple(self.working.items())
        if key not in self._due_days:
            found: dict[date, Occurrence] = {}
            for period, nominal, floor, lasting in self.nominal_days(rule, anchor):
                due = self.shifted(rule, nominal, floor)
                found.setdefault(due, Occurrence(period, nominal, due, lasting=lasting))
            self._due_days[key] = list(found.values())
        return self._due_days[key]

    def nominal_days(self, rule: Rule, anchor: date) -> Iterator[tuple[str, date, date, bool]]:
        """(period, day, the day it must stay after, whether it is still owed when seen later)"""
        every = rule.when("every")
        if rule.when("rrule"):
            for moment in rrulestr(rule.when("rrule"), dtstart=datetime(2000, 1, 1)):  # noqa: DTZ001 - days only
                if moment.date() > HORIZON:
                    return
                yield f"r{moment.date()}", moment.date(), moment.date() - timedelta(days=1), False
        elif rule.anchor == "calendar":
            start = MONDAY if every["unit"] == "week" else EPOCH
            for k in range(10**6):
                begin, following = start + cycles(rule, k), start + cycles(rule, k + 1)
                if begin > HORIZON:
                    return
                yield bucket(every, begin), following - timedelta(days=1), begin - timedelta(days=1), False
        elif rule.anchor == "schedule":
            for k in range(1, 10**6):
                day = anchor + cycles(rule, k)
                if day > HORIZON:
                    return
                yield bucket(every, day), day, anchor + cycles(rule, k - 1), False
        else:
            yield from self._event_days(rule, anchor)

    def _event_days(self, rule: Rule, anchor: date) -> Iterator[tuple[str, date, date, bool]]:
        offsets = rule.when("offsets")
        for n, offset in enumerate(offsets):
            step = n - len(offsets) if rule.anchor == "maturity" else n  # the last before maturity is the last by any rule
            yield f"{anchor}/{step}", self._away(rule, anchor, offset), anchor if offset > 0 else date.min, True
        for k in range(1, 10**6) if rule.when("every") else ():
            day = self._away(rule, anchor + cycles(rule, k), max(offsets))
            if day > HORIZON:
                return
            yield f"{anchor}+{k}", day, anchor + cycles(rule, k - 1), False

    def _away(self, rule: Rule, day: date, offset: int) -> date:
        """So many days on, or working days."""
        if not rule.when("working"):
            return day + timedelta(days=offset)
        step = timedelta(days=1 if offset > 0 else -1)
        left = abs(offset)
        while left:
            day += step
            left -= self.works(day)
        return day

    def shifted(self, rule: Rule, nominal: date, floor: date) -> date:
        """Off a day off: forward while `latest` allows, else back while it stays after the floor, else not at all."""
        if rule.when("shift") == "none" or self.works(nominal):
            return nominal
        one = timedelta(days=1)
        if rule.when("shift") == "next":
            for n in range(rule.when("latest") + 1):
                if self.works(nominal + n * one):
                    return nominal + n * one
        day = nominal
        while not self.works(day):
            day -= one
        return day if day > floor else nominal

    def works(self, day: date) -> bool:
        return self.working.get(day, day.weekday() < 5)


def cycles(rule: Rule, k: int) -> relativedelta:
    every = rule.when("every")
    return LENGTH[every["unit"]] * (every["n"] * k)


def mean_days(every: dict) -> float:
    return every["n"] * MEAN_DAYS[every["unit"]]


def in_plain_units(every: dict) -> tuple[int, str]:
    """A quarter is three months, a week seven days."""
    unit = every["unit"]
    return (every["n"] * MONTHS[unit], "month") if unit in MONTHS else (every["n"] * DAYS[unit], "day")


def bucket(every: dict, day: date) -> str:
    """The stretch of the calendar a day lies in: a schedule asks once in each."""
    if every["unit"] in MONTHS:
        size = every["n"] * MONTHS[every["unit"]]
        return f"m{size}.{(day.year * 12 + day.month - 1) // size}"
    size = every["n"] * DAYS[every["unit"]]
    return f"d{size}.{(day - EPOCH).days // size}"


# --- Conditions ------------------------------------------------------------------------------------------------------


def fields(customer: Customer, loan: Loan, today: date) -> dict[str, object]:
    return {
        "segment": customer.segment, "level": customer.level, "village": customer.village,
        "exposure": sum(x.balance for x in customer.live), "family": loan.family, "product": loan.product,
        "class": loan.loan_class, "balance": loan.balance, "amount": loan.amount, "guarantee": loan.guarantee,
        "repayment": loan.repayment, "payment": loan.payment, "agri": loan.agri, "extensions": loan.extensions,
        "overdue": loan.overdue_since is not None,
        "overdue_days": (today - loan.overdue_since).days if loan.overdue_since else 0,
        "term_days": (loan.matures_on - loan.disbursed_on).days, "days_to_maturity": (loan.matures_on - today).days,
        "days_since_disbursed": (today - loan.disbursed_on).days, "branch": loan.branch,
    }  # fmt: skip


def matches(tree: dict, values: dict[str, object]) -> bool:
    """What is unknown satisfies no comparison; `not` means: is not known to be."""
    if "all" in tree:
        return all(matches(part, values) for part in tree["all"])
    if "any" in tree:
        return any(matches(part, values) for part in tree["any"])
    if "not" in tree:
        return not matches(tree["not"], values)
    actual, wanted = values[tree["field"]], tree["value"]
    if actual is None:
        return False
    listed = wanted if isinstance(wanted, list) else [wanted]
    order = ORDERS.get(tree["field"], [])
    match tree["op"]:
        case "is":
            return actual is wanted
        case "in":
            return actual in listed
        case "not_in":
            return actual not in listed
        case "at_least":
            return order.index(actual) >= order.index(wanted)
        case "at_most":
            return order.index(actual) <= order.index(wanted)
        case "gte":
            return actual >= wanted
        case "gt":
            return actual > wanted
        case "lte":
            return actual <= wanted
        case "lt":
            return actual < wanted
