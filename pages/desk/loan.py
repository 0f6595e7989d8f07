"""贷款: one note from every side, ending in its trail."""

from dataclasses import asdict

import plotly.graph_objects as go
import streamlit as st

from db import access, audit, feeds, loans, signals, todos
from db.vocab import Guarantee, LoanClass, LoanStatus, Payment, Repayment
from engine import clock, explain, words
from engine.words import _
from pages.parts import charts, frame, look, dossier, sentences, tables

person = frame.person("loans.see")
today = clock.today()
number = st.query_params.get("no", "")

with access.reading(person) as conn:
    loan = loans.get(conn, number)
    if loan is None:
        tables.empty("No such loan, or not yours to see", "Check the number, or find the loan in the list.")
        st.page_link("pages/desk/loans.py", label=_("To the list of loans"))
        st.stop()
    history = loans.history(conn, loan.id, loan.customer_id)
    guarantors = loans.guarantors_of(conn, loan.id)
    mine = [t for t in todos.of_customer(conn, loan.customer_id) if loan.id in t.loan_ids]
    warned = [s for s in signals.queue(conn, states=tuple(signals.SignalState), customer_id=loan.customer_id)
              if s.subject_kind != "loan" or s.subject_id == loan.id]  # fmt: skip
    why = explain.explain(conn, number, feeds.business_date(conn) or today) if loan.live else None
    trail = audit.of_customer(conn, loan.customer_id)

loan_class = LoanClass(loan._mapping["class"])
late = look.overdue_days(loan.overdue_since, today)

with st.container(horizontal=True, vertical_alignment="center"):
    st.markdown(f"### {look.plain(loan.loan_no)}", width="content")
    st.markdown(f"{look.badge(LoanStatus(loan.status))} {look.badge(loan_class)}", width="content")
    st.space("stretch")
    if st.button(look.plain(loan.customer), icon=":material/person:"):
        tables.open_page("desk/customer", no=loan.customer_no)

with st.grid(5, min_column_width=150):
    st.metric(_("Balance"), look.money(loan.balance_fen), border=True, help=look.exact(loan.balance_fen))
    st.metric(_("Amount"), look.money(loan.amount_fen), border=True, help=look.exact(loan.amount_fen))
    st.metric(_("Days past due"), "—" if late is None else late, border=True,
              help=_("Since {0}; the day after the missed day is day 1.").format(look.day(loan.overdue_since)))  # fmt: skip
    st.metric(_("Matures"), look.day(loan.matures_on), border=True)
    st.metric(_("Rate"), f"{loan.rate:g}%" if loan.rate is not None else "—", border=True)

facts, work = st.columns([2, 3])
with facts, st.container(border=True):
    st.subheader(_("Facts"))
    dossier.facts({
        "Product": loan.product, "Contract": loan.contract_no, "Paid out": look.day(loan.disbursed_on),
        "Guarantee": words.name(Guarantee(loan.guarantee)) if loan.guarantee else None,
        "Repayment": words.name(Repayment(loan.repayment)) if loan.repayment else None,
        "Payment": words.name(Payment(loan.payment)) if loan.payment else None, "Purpose": loan.purpose,
        "Principal in arrears": look.exact(loan.principal_fen), "Interest in arrears": look.exact(loan.interest_fen),
        "Extensions": loan.extensions, "Branch": loan.branch,
        "Relationship manager": loan.manager or (_("{0} (nobody bears this name)").format(loan.manager_text) if loan.manager_text else None),
        "Source": loan.source, "Looks so since": look.day(loan.changed_on),
    })  # fmt: skip
    if guarantors:
        st.subheader(_("Guarantors"))
        for g in guarantors:
            trouble = _(" · overdue {0} days").format(look.overdue_days(g.overdue_since, today)) if g.overdue_since else ""
            st.markdown(f"{look.plain(g.name)} · {look.money(g.amount_fen)}{trouble}")

with work:
    with st.container(border=True):
        st.subheader(_("Balance and class over time"))
        if history:
            steps = [(h.from_on, h.balance_fen) for h in history] + [(loan.changed_on, loan.balance_fen), (today, loan.balance_fen)]
            figure = go.Figure(go.Scatter(x=[s[0] for s in steps], y=[s[1] / 1_000_000 for s in steps], line={"shape": "hv", "color": look.TEAL},
                                          fill="tozeroy", fillcolor="rgba(31,111,120,.12)", name=_("Balance")))  # fmt: skip
            for h in history:
                if h._mapping["class"] != "normal":
                    figure.add_vrect(x0=h.from_on, x1=h.to_on, fillcolor=look.HEX[look.badge_colour(LoanClass(h._mapping["class"]))], opacity=0.12, line_width=0)
            charts.draw(figure, _("Balance in ten thousand yuan, worse classes shaded"), height=200)
        else:
            st.caption(_("Unchanged since {0}.").format(look.day(loan.changed_on)))
    with st.container(border=True):
        st.subheader(_("Todos"))
        dossier.todo_lines(mine, today)

if why is not None:
    with st.container(border=True):
        st.subheader(_("Why these todos, and why no others"))
        telling = [v for v in why.verdicts if v.verdict != "no_match"]
        for v in telling:
            st.markdown(f"{dossier.verdict_badge(v.verdict)} **{v.rule} v{v.version}** {look.plain(v.title)}: {look.plain(v.words)}")
        if not telling:
            st.caption(_("No rule in force asks anything of this loan."))
        with st.expander(_("Rules that do not apply: {0}").format(len(why.verdicts) - len(telling))):
            st.dataframe([asdict(v) | {"version": f"v{v.version}"} for v in why.verdicts if v.verdict == "no_match"], hide_index=True,
                         column_order=["rule", "version", "title", "words"], alt=_("Rules that do not apply"),
                         column_config={"rule": _("Rule"), "version": _("Version"), "title": _("Title"), "words": _("Why not")})  # fmt: skip

if warned:
    with st.container(border=True):
        st.subheader(_("Warning signals"))
        dossier.signal_lines(warned, today)

with st.container(border=True):
    st.subheader(_("Trail"))
    dossier.trail(trail, sentences.sentence, subject=("loans", str(loan.id)))
