"""贷款: one note from every side, ending in its trail."""

from dataclasses import asdict

import streamlit as st

from db import access, audit, customers, loans, records, signals, todos
from db.vocab import Guarantee, LoanClass, LoanStatus, Payment, Repayment
from engine import clock, explain, night, sentences, words
from engine.words import _
from pages.parts import adjusted, dossier, frame, key_figures, look, papers, tables
from pages.parts.key_figures import Figure

person = frame.person("loans.see")
today = clock.today()
number = look.typed(st.query_params.get("no", ""))

with access.reading(person) as conn:
    loan = loans.get(conn, number)
    if loan is None:
        tables.heading("Loan")
        tables.empty("No such loan, or not yours to see", "Check the number, or find the loan in the list.")
        st.page_link("pages/desk/loans.py", label=_("To the list of loans"), icon=":material/arrow_back:")
        st.stop()
    states = [s for s in loans.states(conn, loan.customer_id) if s.loan_id == loan.id]
    guarantors = loans.guarantors_of(conn, loan.id)
    mine = [t for t in todos.of_customer(conn, loan.customer_id) if loan.id in t.loan_ids]
    checks = [r for r in records.of_customer(conn, loan.customer_id) if loan.id in r.loan_ids]
    warned = [s for s in signals.queue(conn, states=tuple(signals.SignalState), customer_id=loan.customer_id)
              if s.subject_kind != "loan" or s.subject_id == loan.id]  # fmt: skip
    why = explain.explain(conn, number, night.judged_on(conn)) if loan.live else None
    trail = [r for r in audit.of_customer(conn, loan.customer_id) if r.noun != "loans" or r.row_id == str(loan.id)]
    names = sentences.names(conn, [loan])
    borrower, found = customers.get(conn, loan.customer_id), adjusted.read(conn, person, loan)

late = look.overdue_days(loan.overdue_since, today)


def figures() -> list[Figure]:
    return [
        Figure(_("Balance"), look.money(loan.balance_fen), help=look.exact(loan.balance_fen)),
        Figure(_("Amount"), look.money(loan.amount_fen), help=look.exact(loan.amount_fen)),
        Figure(_("Days past due"), "—" if late is None else f"{late:,}", help=past_due_help()),
        Figure(_("Matures"), look.day(loan.matures_on)),
        Figure(_("Rate"), "—" if loan.rate is None else f"{loan.rate.normalize():f}%"),
    ]


def badges() -> str:
    """How it stands, and which signals are open on it."""
    status = LoanStatus(loan.status)  # a note that runs as agreed is told by its class: 正常 stands once
    marks = [] if status is LoanStatus.NORMAL else [look.badge(status)]
    marks += [look.badge(LoanClass(loan._mapping["class"]))]
    marks += [look.late_badge(_("overdue {0} days").format(late))] if late else []
    return " ".join([*marks, *(dossier.signal_badge(level, n) for level, n in dossier.open_signals(warned).items())])


def past_due_help() -> str:
    if late is None:
        return ""
    return _("Since {0}; the day after the missed day is day 1.").format(look.day(loan.overdue_since))


def facts() -> None:
    named = _("{0} (nobody bears this name)").format(loan.manager_text) if loan.manager_text else None
    with st.container(border=True):
        st.subheader(_("Facts"), anchor=False)
        dossier.facts({
            "Product": loan.product, "Contract": loan.contract_no, "Paid out": look.day(loan.disbursed_on),
            "Guarantee": words.name(Guarantee(loan.guarantee)) if loan.guarantee else None,
            "Repayment": words.name(Repayment(loan.repayment)) if loan.repayment else None,
            "Payment": words.name(Payment(loan.payment)) if loan.payment else None, "Purpose": loan.purpose,
            "Principal in arrears": look.exact(loan.principal_fen) if loan.principal_fen else None,
            "Interest in arrears": look.exact(loan.interest_fen) if loan.interest_fen else None,
            "Extensions": loan.extensions or None, "Branch": loan.branch, "Relationship manager": loan.manager or named,
            "Looks so since": look.day(loan.changed_on),
        })  # fmt: skip
        if guarantors:
            st.markdown(f"**{_('Guarantors')}**")
            dossier.lines(guarantors, guarantor, "")


def guarantor(g) -> str:
    days = look.overdue_days(g.overdue_since, today) if g.overdue_since else None
    trouble = f" · {look.late(_('overdue {0} days').format(days), True)}" if days else ""
    return f"{look.plain(g.name)} · {look.money(g.amount_fen)}{trouble}"


def reasons() -> None:
    """Each rule's verdict: why there is a todo, or none."""
    telling = [v for v in why.verdicts if v.verdict != "no_match"]
    others = [v for v in why.verdicts if v.verdict == "no_match"]
    with st.container(border=True):
        st.subheader(_("Why these todos, and why no others"), anchor=False)
        dossier.lines(telling, verdict, "No rule in force asks anything of this loan.")
        if others:
            with st.expander(_("Rules that do not apply: {0}").format(len(others))):
                st.dataframe([asdict(v) | {"rule": f"{v.rule} v{v.version}"} for v in others], hide_index=True, height="content",
                             column_order=["rule", "title", "words"], alt=_("Rules that do not apply"),
                             column_config={"rule": _("Rule"), "title": _("Title"), "words": _("Why not")})  # fmt: skip


def verdict(v) -> str:
    return (
        f"{dossier.verdict_badge(v.verdict)} **{look.plain(v.title)}** :gray[:small[{v.rule} v{v.version}]] {look.plain(v.words)}"
    )


head = tables.heading(loan.loan_no)
with head:
    st.markdown(badges(), width="content")
    st.space("stretch")
    papers.of_loan(person, loan.loan_no)
    st.page_link(
        "pages/desk/customer.py", label=look.plain(loan.customer), icon=":material/person:", query_params={"no": loan.customer_no}
    )
key_figures.show(figures(), "figures_of_loan", columns=5)
left, right = st.columns([2, 3])
with left:
    facts()
with right:
    dossier.over_time(states, checks, today)
    with st.container(border=True):
        st.subheader(_("Todos"), anchor=False)
        dossier.todo_lines(mine, today)
adjusted.box(person, loan, borrower.inspector if borrower else None, found, why.governing if why else {})
if why is not None:
    reasons()
with st.container(border=True):
    st.subheader(_("Checks"), anchor=False)
    dossier.record_lines(checks)
if warned:
    with st.container(border=True):
        st.subheader(_("Warning signals"), anchor=False)
        dossier.signal_lines(warned)
with st.container(border=True):
    st.subheader(_("Trail"), anchor=False)
    dossier.trail(trail, lambda row: sentences.sentence(row, names))
