"""产品: what the book holds of each, which rules and forms it falls to, and new ones by configuration alone."""

from dataclasses import dataclass

import streamlit as st

from db import access, definitions, rulebook, sketches
from db.vocab import Definition, Family, Kind, Mode, Segment
from engine import book_counts, clock, form_words, forms, generate, night, permits, products, rule_words, words
from engine.words import _
from pages.parts import acts, counts, drafts, filters, frame, look, product_editor, product_sheet, proposals, tables
from pages.parts.tables import Column

person = frame.person("rules.see")
today = clock.today()
may_change = permits.may(person, "product.change")
VIEWS = {"list": "All products", "waiting": "Awaiting approval"}
STATES = {"open": "To be configured", "named": "Told from its name", "done": "Configured"}
TABS = {"look": "Rules and forms", "edit": "Change it", "versions": "Versions"}
CHECKED = (Kind.FIRST, Kind.REGULAR, Kind.MATURITY, Kind.OVERDUE)
COLUMNS = [
    Column("code", "Code", width=110),
    Column("name", "Product", width=200),
    Column("family", "Family", width=150),
    Column("source", "Source", width=160),
    Column("loans", "Loans", "number", width=80),
    Column("balance_fen", "Balance", "wan"),
    Column(
        "rules", "Rules that reach it", "number", width=110, help="Of the rules in force, those that may match loans of the product"
    ),
    Column("state", "State", width=120),
]
RULE_COLUMNS = [
    Column("kind", "Kind", width=120),
    Column("title", "Rule", width=260),
    Column("always", "Reaches", width=130),
    Column("loans", "Loans", "number", width=80),
    Column("sentence", "In words", width=520),
]


@dataclass(frozen=True)
class Line:
    code: str
    name: str
    family: str
    source: str
    loans: int
    balance_fen: int
    rules: int
    state: str


@dataclass(frozen=True)
class Reach:
    kind: str
    title: str
    always: str
    loans: int
    sentence: str


counted = counts.of(person, book_counts.all_products(today))
rows = {row.code: row for row in counted.figures}
with access.reading(person) as conn:
    configured = {row.code: row for row in definitions.in_force(conn, Definition.PRODUCT, today)}
    waiting = definitions.awaiting(conn, Definition.PRODUCT)
    mine = {row.code: row.body for row in sketches.mine(conn, person.id, Definition.PRODUCT)} if may_change else {}
    in_force = definitions.in_force(conn, Definition.FORM, today)
    asked = generate.book(conn, today).rules
    sources = {row.code: words.in_language(row.body["title"]) for row in definitions.in_force(conn, Definition.MAPPING, today)}
ruling = [r.rule for r in asked]


# --- The list ---------------------------------------------------------------------------------------------------------


def listing() -> None:
    head = tables.heading("Products")
    with filters.bar():
        view = filters.one_of("view", "View", VIEWS, "list")
        text = filters.text(placeholder="code or name")
        family = filters.word("family", "Family", Family, width=160)
        state = filters.choice("state", "State", {name: _(label) for name, label in STATES.items()})
        if waiting and view != "waiting":
            badge = _("{0} awaiting approval").format(len(waiting))
            st.markdown(f":orange-badge[:material/pending_actions: {badge}]", width="content")
        if may_change:
            st.space("stretch")
            new_product()
    if view == "waiting":
        return awaiting()
    drafts.begun(mine)
    shown = [line(row) for row in rows.values() if fits(row, text, family, state)]
    here = tables.part(shown)
    with head:
        tables.count(here, "products", "click a row for its rules and forms")
    if not shown:
        tables.empty("No product matches", "Widen the filters above. Products come with the feeds, or are made here.")
    elif picked := tables.show(here.rows, COLUMNS, "products", _("Products")):
        tables.open_page("setup/products", code=picked.code)
    return tables.pager(here.total)


def state_of(row) -> str:
    return "done" if row.code in configured else "open" if row.family == Family.OTHER else "named"


def fits(row, text: str | None, family: str | None, state: str | None) -> bool:
    found = not text or text in row.name or row.code.startswith(text)
    return found and family in (None, row.family) and state in (None, state_of(row))


def line(row) -> Line:
    reaching = sum(products.reaches(rule.who, row.family, row.code) is not False for rule in ruling)
    family, source = words.name(Family(row.family)), sources.get(row.source, row.source)
    return Line(row.code, row.name, family, source, row.loans, row.balance_fen, reaching, _(STATES[state_of(row)]))


def new_product() -> None:
    with st.popover(_("New product"), icon=":material/add:", key="new_product"):
        st.text_input(_("Code"), key="new_code", max_chars=30, help=_("As the files write it"))
        st.text_input(_("Title"), key="new_title", max_chars=40, help=_("Where files name products by name: exactly as they do"))
        family = st.selectbox(_("Family"), list(Family), format_func=words.name, key="new_family")
        source = st.selectbox(_("Comes with"), list(sources), format_func=lambda s: sources.get(s, s), key="new_source")
        acts.button("Begin", lambda: begin(family, source), "begin_product", type="primary")


def begin(family: Family, source: str) -> None:
    code, title = acts.typed("new_code"), acts.typed("new_title")
    if not code or not title:
        acts.tell(_("Please fill in: {field}.", field=_("Title") if code else _("Code")), "error")
        return None
    body = {
        "code": code,
        "title": {"zh": title},
        "source": source,
        "family": family.value,
        "plan": {"first": product_editor.BEGUN["first"]},
    }
    if code in rows:
        acts.tell(_("There is a product {0} already; its page is open now.").format(code), "error")
        return drafts.go_to(code, "look")
    if wrong := product_editor.read(body)[1]:
        return acts.tell(wrong, "error")
    product_editor.keep(person, body)
    return drafts.go_to(code, "edit")


def awaiting() -> None:
    if not waiting:
        tables.empty(
            "Nothing waits for a decision",
            "A product that somebody submits appears here, with its rules and forms, until a second person decides.",
        )
    for d in waiting:
        proposal(d)


def proposal(d) -> None:
    before = configured[d.code].body if d.code in configured else None
    product_sheet.proposal(person, d, look.plain(f"{d.code} {words.in_language(d.body['title'])}"), before)


# --- One product ------------------------------------------------------------------------------------------------------


def one(code: str) -> None:
    row = rows.get(code)
    known = [configured[code].body] if code in configured else [d.body for d in waiting if d.code == code]
    title = row.name if row else words.in_language((known[0] if known else mine.get(code, {"title": {}}))["title"])
    with tables.heading(title or "Products"):
        st.markdown(f":gray[{look.plain(code)}]", width="content")
        st.space("stretch")
        st.page_link("pages/setup/products.py", label=_("To the list"), icon=":material/arrow_back:")
    if row is None and not known and code not in mine:
        return tables.empty("No such product", "Products come with the feeds, or are made here. Choose one from the list.")
    tab = filters.one_of("tab", "View", TABS if may_change else {n: t for n, t in TABS.items() if n != "edit"}, "look")
    for d in waiting:
        if d.code == code:
            proposal(d)
    return {"look": overview, "edit": edit, "versions": versions}[tab](code)


def overview(code: str) -> None:
    row = rows.get(code)
    if row is None:
        return tables.empty("Not in the book yet", "It comes into the book on its day, once a second person has approved it.")
    facts(row)
    st.subheader(_("Rules that reach its loans"), anchor=False)
    with access.reading(person) as conn:
        reaching = [r for r in ruling if products.reaches(r.who, row.family, row.code) is not False]
        matching = rulebook.matching_of_product(conn, [(r.code, r.who) for r in reaching], row.id, night.judged_on(conn))
    tables.look_at([reach(rule, row, matching) for rule in reaching], RULE_COLUMNS, "reach", _("Rules"))
    st.subheader(_("Forms of its checks"), anchor=False)
    return st.markdown(forms_used(row))


def facts(row) -> None:
    with st.container(horizontal=True):
        st.metric(_("Family"), words.name(Family(row.family)))
        st.metric(_("Live loans"), f"{row.loans:,}")
        st.metric(_("Balance"), look.money(row.balance_fen))
        st.metric(_("Source"), sources.get(row.source, row.source))
    if row.code not in configured:
        st.info(_("Nobody has configured this product. Its family is told from its name; it falls to the rules and forms below."),
                icon=":material/info:")  # fmt: skip
    st.page_link("pages/desk/loans.py", label=_("Its loans"), icon=":material/request_quote:", query_params={"product": row.code})


def reach(rule, row, matching: dict[str, int]) -> Reach:
    always = _("always") if products.reaches(rule.who, row.family, row.code) else _("on conditions")
    return Reach(words.name(rule.kind), words.in_language(rule.title), always, matching[rule.code], rule_words.rule(rule))


def forms_used(row) -> str:
    """A table in Markdown: for each kind and way the form, and for whom where customers differ."""
    head = f"| | {' | '.join(words.name(mode) for mode in Mode)} |\n|---|{'---|' * len(Mode)}\n"
    lines = (f"| {words.name(kind)} | {' | '.join(form_of(row, kind, mode) for mode in Mode)} |" for kind in CHECKED)
    return head + "\n".join(lines)


def form_of(row, kind: Kind, mode: Mode) -> str:
    chosen = {s: forms.choose(in_force, kind, mode, s, row.family, row.code) for s in Segment}
    titles: dict[str, list[str]] = {}
    for segment, found in chosen.items():
        titles.setdefault(form_words.title(found.form) if found else "—", []).append(words.name(segment))
    if len(titles) == 1:
        return look.plain(next(iter(titles)))
    return _("; ").join(look.plain(_("{0}: {1}").format(_(", ").join(whom), title)) for title, whom in titles.items())


def edit(code: str) -> None:
    body = mine.get(code)
    if body is None and code not in rows and code not in configured:
        return tables.empty("Not in the book yet", "It comes into the book on its day, once a second person has approved it.")
    if body is None:
        st.caption(
            _("A change is written as a draft that only you see, and comes into force after a second person has approved it.")
        )
        return acts.button("Begin a draft", lambda: product_editor.keep(person, beginning(code)), "begin_draft", type="primary")
    left, right = st.columns([1, 1], gap="large")
    with left:
        product_editor.draw(person, body, sources, in_force)
    with right, st.container(border=True, gap="small", key="meaning"):
        st.markdown(f"**{_('What it comes to')}**")
        ready = product_editor.meaning(person, body, ruling)
        return product_editor.propose(person, body, ready)


def beginning(code: str) -> dict:
    """A draft of the product as it is configured; else as the feed has it."""
    if code in configured:
        return {name: value for name, value in configured[code].body.items() if name != "parts"}
    row = rows[code]
    return {
        "code": code,
        "title": {"zh": row.name},
        "source": row.source,
        "family": row.family,
        "customer_kind": row.customer_kind,
        "plan": {},
    }


def versions(code: str) -> None:
    with access.reading(person) as conn:
        known = definitions.versions(conn, Definition.PRODUCT, code)
        at_last = definitions.at_last(conn, Definition.PRODUCT, code)
    if not known:
        tables.empty("Never configured", 'The product is as its feed says. A first version is begun under "Change it".')
    for v, before in zip(known, [*known[1:], None], strict=True) if known else ():
        with st.container(border=True, gap="small", key=f"version_{v.version}"):
            st.markdown(proposals.line(v))
            for change in product_sheet.changes(person, before and before.body, v.body):
                st.markdown(change)
            if may_change and v.body != (at_last and at_last.body):
                acts.button("Go back to this version", lambda v=v: back_to(v.body), f"back_to_{v.version}", icon=":material/undo:")


def back_to(body: dict) -> None:
    product_editor.keep(person, {name: value for name, value in body.items() if name != "parts"})
    drafts.go_to(body["code"], "edit")


opened = look.typed(st.query_params.get("code", ""))
one(opened) if opened else listing()
