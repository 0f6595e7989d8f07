"""贷款: the book, note by note."""

import streamlit as st

from db import access, loans, products
from db.vocab import Family, Guarantee, LoanClass, LoanStatus, Role
from engine import clock, exports, words
from engine.words import _
from pages.parts import exporting, filters, frame, look, tables
from pages.parts.tables import Column

person = frame.person("loans.see")
today = clock.today()

SORTS = {"-balance": "Largest balance", "overdue": "Longest overdue", "matures": "Maturing soonest", "-disbursed": "Paid out last",
         "-class": "Worst class", "customer": "Customer", "branch": "Branch"}  # fmt: skip
COLUMNS = [
    Column("loan_no", "Loan number", width=165),
    Column("customer", "Customer", width=180),
    Column("product", "Product", width=130),
    Column("balance_fen", "Balance", "wan"),
    Column("class", "Class", "badge", LoanClass, value=lambda r: r._mapping["class"], width=90),
    Column("overdue", "Days past due", "number", value=lambda r: look.overdue_days(r.overdue_since, today), width=95),
    Column("disbursed_on", "Paid out", "day"),
    Column("matures_on", "Matures", "day"),
    Column("guarantee", "Guarantee", value=lambda r: words.name(Guarantee(r.guarantee)) if r.guarantee else None, width=80),
    Column("branch", "Branch", width=120),
    Column("manager", "Relationship manager", width=100),
    Column("status", "Status", "badge", LoanStatus, width=90),
]

head = tables.heading("Loans")
with access.reading(person) as conn:
    managers = filters.people(conn, Role.MANAGER, key="manager")
    with filters.bar():
        text = filters.text(placeholder="loan, contract, customer", width=185)
        overdue = filters.flag("overdue", "In arrears only")
        branch_ids = filters.branch(conn)
        family = filters.word("family", "Product family", Family, width=130)
        loan_class = filters.word("class", "Class", LoanClass, width=110)
        order = filters.sort(SORTS, "-balance")
        with filters.more("product", "guarantee", "manager", "no_manager", "maturing", "ended", "paid_from", "paid_to"):
            product = filters.choice("product", "Product", {p.code: p.name for p in products.all_of(conn)}, 300, labelled=True)
            guarantee = filters.word("guarantee", "Guarantee", Guarantee, 300, labelled=True)
            manager = filters.choice("manager", "Relationship manager", managers, 300, labelled=True)
            no_manager = filters.flag("no_manager", "Without manager")
            maturing = filters.choice("maturing", "Matures within", {n: _("{0} days").format(n) for n in ("30", "60", "90")}, 300,
                                      labelled=True)  # fmt: skip
            ended = filters.flag("ended", "Ended loans")
            with st.container(horizontal=True):
                paid_from = filters.day("paid_from", "Paid out from")
                paid_to = filters.day("paid_to", "Paid out to")
    live = None if (paid_from or paid_to) and not ended else not ended  # what was paid out then may have ended since
    wanted = loans.Filter(
        today=today, live=live, overdue=overdue, loan_class=loan_class, family=family, product=product, guarantee=guarantee,
        branch_ids=branch_ids, manager_id=int(manager) if manager else None, no_manager=no_manager,
        matures_within=int(maturing) if maturing else None, paid_from=paid_from, paid_to=paid_to, text=text,
    )  # fmt: skip
    found = loans.listing(conn, wanted, order, *tables.span(wanted, order))

with head:
    tables.count(found, "loans", "click a row for the loan")
    st.space("stretch")
    exporting.button(person, exports.of_list("loans", wanted, order))
if not found.rows:
    tables.empty("No loans match", "Widen the filters above. Loans come with the nightly feeds.")
elif picked := tables.show(found.rows, COLUMNS, "loans", _("Loans")):
    tables.open_page("desk/loan", no=picked.loan_no)
tables.pager(found.total)
