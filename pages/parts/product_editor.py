"""Writing a product: what it is, how often its loans are checked, its own forms; kept as it is typed."""

import copy
from collections.abc import Sequence

import streamlit as st

from db import access, sketches
from db.access import Person
from db.vocab import CustomerKind, Definition, Family, Kind, Mode, Unit
from engine import clock, form_editing, products, refusals, rule_words, rulebook, rules, words
from engine.products import Product
from engine.words import _
from pages.parts import acts, form_editor, form_sheet, look, proposals

PLANNED = {
    "first": "First check, days after disbursement",
    "regular": "Regular check, every",
    "maturity": "Check before maturity, days",
}
BEGUN = {
    "first": {"days": 15, "mode": "field"}, "regular": {"n": 1, "unit": "quarter", "mode": "field"}, "maturity": {"days": 30, "mode": "phone"},
}  # fmt: skip


def keep(person: Person, body: dict) -> None:
    with acts.act(person, "product.change") as conn:
        rulebook.sketch(conn, person, Definition.PRODUCT, body["code"], body, now=clock.now())


def read(body: dict) -> tuple[Product | None, str]:
    """The product, or what is wrong with it."""
    try:
        return products.parse(body), ""
    except refusals.BadRule as wrong:
        return None, wrong.sentence(_)


def draw(person: Person, body: dict, sources: dict[str, str], in_force: Sequence) -> None:
    """The fields of a draft. `sources`: title by code of each feed; `in_force`: the forms to copy from."""
    before = copy.deepcopy(body)
    with st.container(border=True, gap="small", key="product_facts"):
        _facts(body, sources)
    with st.container(border=True, gap="small", key="product_plan"):
        st.markdown(f"**{_('How often its loans are checked')}**")
        st.caption(_("What is switched off here is left to the rules of the family."))
        for name in PLANNED:
            _planned(body.setdefault("plan", {}), name)
    with st.container(border=True, gap="small", key="product_forms"):
        st.markdown(f"**{_('Its own forms')}**")
        st.caption(_("Without one of its own the product uses the forms of its family and kind of customer."))
        _forms(person, body, in_force)
    if body != before:
        keep(person, body)
        st.rerun()


def _facts(body: dict, sources: dict[str, str]) -> None:
    with st.container(horizontal=True):
        for language, label in (("zh", _("Title in Chinese")), ("en", _("Title in English"))):
            typed = st.text_input(label, body["title"].get(language, ""), key=f"product_{language}", max_chars=40).strip()
            body["title"] = (
                {**body["title"], language: typed} if typed else {k: v for k, v in body["title"].items() if k != language}
            )
    with st.container(horizontal=True):
        family, kind = list(Family), list(CustomerKind)
        body["family"] = st.selectbox(
            _("Family"), family, family.index(Family(body["family"])), format_func=words.name, key="product_family"
        ).value  # fmt: skip
        known = list(sources)
        body["source"] = st.selectbox(
            _("Comes with"), known, known.index(body["source"]) if body["source"] in known else 0, format_func=lambda s: sources.get(s, s),
            key="product_source",
        )  # fmt: skip
        chosen = st.selectbox(
            _("Customer kind"), kind, kind.index(CustomerKind(body["customer_kind"])) if body.get("customer_kind") else None,
            format_func=words.name, key="product_customer_kind", placeholder=_("either"),
        )  # fmt: skip
    body["customer_kind"] = chosen.value if chosen else None


def _planned(plan: dict, name: str) -> None:
    """One kind of check: whether, when, in which way."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if not st.toggle(_(PLANNED[name]), name in plan, key=f"plan_{name}"):
            plan.pop(name, None)
            return
        now = plan.setdefault(name, dict(BEGUN[name]))
        if name == "regular":
            now["n"] = int(st.number_input(_("Every"), 1, 60, now["n"], key="plan_n", width=110))
            units = [Unit.WEEK, Unit.MONTH, Unit.QUARTER, Unit.HALF_YEAR, Unit.YEAR]
            now["unit"] = st.selectbox(
                _("Unit"), units, units.index(Unit(now["unit"])), format_func=words.name, key="plan_unit", width=110
            ).value  # fmt: skip
        else:
            now["days"] = int(st.number_input(_("Days"), 1, 400, now["days"], key=f"plan_{name}_days", width=110))
        modes = list(Mode)
        now["mode"] = st.selectbox(
            _("Way"), modes, modes.index(Mode(now["mode"])), format_func=words.name, key=f"plan_{name}_mode", width=110
        ).value  # fmt: skip


def _forms(person: Person, body: dict, in_force: Sequence) -> None:
    bodies = {row.code: row.body for row in in_force}
    for code, form in own_forms(person, body).items():
        with st.container(horizontal=True, vertical_alignment="center"):
            shown = form or bodies.get(code)
            st.markdown(look.plain(words.in_language(shown["title"])) if shown else look.plain(code), width="stretch")
            st.page_link(
                "pages/setup/forms.py",
                label=_("Edit its questions"),
                icon=":material/edit:",
                query_params={"code": code, "tab": "edit"},
            )
            st.button("✕", key=f"without_{code}", help=_("Without this form"), on_click=_without, args=(person, body, code))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.selectbox(
            _("Copy the questions of"), list(bodies), None, key="copy_form", placeholder=_("Choose a form"),
            format_func=lambda c: words.in_language(bodies[c]["title"]) if c in bodies else c,
        )  # fmt: skip
        acts.button("Copy", lambda: _copy(person, body, bodies, chosen), "copy_now", disabled=chosen is None)


def own_forms(person: Person, body: dict) -> dict[str, dict | None]:
    """The drafts of the product's own forms, by code; None for one that is no draft any more."""
    with access.reading(person) as conn:
        return {code: sketches.of(conn, person.id, Definition.FORM, code) for code in body.get("forms", [])}


def _copy(person: Person, body: dict, bodies: dict[str, dict], chosen: str) -> None:
    code = form_editing.free_code(chosen, [body["code"]], {*bodies, *body.get("forms", [])})
    title = f"{words.in_language(body['title'])} · {words.in_language(bodies[chosen]['title'])}"[:80]
    form_editor.keep(person, form_editing.copied(form_sheet.read(bodies[chosen]), code, title, [body["code"]]))
    keep(person, body | {"forms": [*body.get("forms", []), code]})


def _without(person: Person, body: dict, code: str) -> None:
    keep(person, body | {"forms": [one for one in body["forms"] if one != code]})


def meaning(person: Person, body: dict, others: Sequence[rules.Rule]) -> bool:
    """What the draft comes to, in sentences; whether it can be submitted."""
    product, wrong = read(body)
    if product is None:
        st.error(look.plain(wrong), icon=":material/rule:")
        return False
    made = [rules.parse(one) for one in products.rules_of(product)]
    for rule in made:
        st.markdown(f"{look.KIND_ICONS[rule.kind]} {look.plain(rule_words.rule(rule))}")
        for other in products.stricter(rule, others, product.family, product.code):
            title = look.plain(words.in_language(other.title))
            st.caption(f":material/info: {_('Where {0} matches, it goes before: it is stricter.').format(title)}")
    for kind in (Kind.FIRST, Kind.REGULAR, Kind.MATURITY):
        if kind not in {rule.kind for rule in made}:
            said = falls_to(others, kind, product.family, product.code)
            st.caption(f"{look.KIND_ICONS[kind]} {words.pair(words.name(kind), said)}")
    faults = [fault for form in own_forms(person, body).values() if form and (fault := form_editing.problem(form))]
    for fault in faults:
        st.error(look.plain(fault), icon=":material/rule:")
    return not faults


def falls_to(others: Sequence[rules.Rule], kind: Kind, family: str, code: str) -> str:
    """Which rules of a kind reach loans of a product, as Markdown."""
    found = [rule for rule in others if rule.kind is kind and products.reaches(rule.who, family, code) is not False]
    return look.plain(_(", ").join(words.in_language(rule.title) for rule in found)) or _("no rule asks for it")


def propose(person: Person, body: dict, ready: bool) -> None:
    proposals.from_and_why(body["code"])
    with st.container(horizontal=True, vertical_alignment="center"):
        acts.button(
            "Submit for approval",
            lambda: _propose(person, body),
            "submit_product",
            type="primary",
            disabled=not ready,
        )
        acts.button("Drop the draft", lambda: _drop(person, body["code"]), "drop_product")
        st.caption(_("Kept as you write; only you see it."), width="content")


def _propose(person: Person, body: dict) -> None:
    valid_from, why = proposals.typed()
    with acts.act(person, "product.change", "Submitted: a second person decides") as conn:
        rulebook.propose_product(conn, person, body, valid_from, why, today=clock.today())


def _drop(person: Person, code: str) -> None:
    with acts.act(person, "product.change", "Draft dropped") as conn:
        rulebook.drop_sketch(conn, person, Definition.PRODUCT, code)
