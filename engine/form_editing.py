"""Working on a form that is not finished: a body as plain data, changed in place, and allowed to be wrong meanwhile."""

import copy
import re
from collections.abc import Iterable, Iterator

from db.vocab import Mode
from engine import faults, forms
from engine.forms import Form, Type

YES_NO = {"type": Type.YES_NO.value, "normal": True}
CHOICE = {
    "type": Type.CHOICE.value, "normal": "a1",
    "options": [
        {"code": "a1", "title": {"zh": "正常", "en": "Normal"}}, {"code": "a2", "title": {"zh": "异常", "en": "Abnormal"}, "abnormal": True}
    ],
}  # fmt: skip
TABLE = {
    "type": Type.TABLE.value,
    "columns": [
        {"code": "c1", "title": {"zh": "名称", "en": "Name"}, "type": Type.TEXT.value},
        {"code": "c2", "title": {"zh": "金额", "en": "Amount"}, "type": Type.MONEY.value},
    ],
}
# What a new question of each type begins with.
BEGINNINGS = {Type.YES_NO: YES_NO, Type.CHOICE: CHOICE, Type.TABLE: TABLE} | {
    kind: {"type": kind.value} for kind in (Type.NUMBER, Type.MONEY, Type.DATE, Type.TEXT)
}

BETWEEN_BLANKS = re.compile(r"(?P<zh>.+?)\s+[/／]\s+(?P<en>.+)")
BEFORE_ENGLISH = re.compile(r"(?P<zh>.+?)\s*[/／]\s*(?P<en>[^\u4e00-\u9fff]+)")


def free_code(base: str, products: Iterable[str], taken: Iterable[str]) -> str:
    """A code that no form has yet, after the form it is copied from and its product."""
    tail = "".join(c for c in next(iter(products), "").upper() if c.isascii() and c.isalnum())
    stem = "-".join(filter(None, (base.rstrip("0123456789").rstrip("-"), tail)))[:26]
    known = set(taken)
    return next(code for n in range(1, 10_000) if (code := stem if n == 1 and tail else f"{stem}-{n}") not in known)


def blank(code: str, title: str, products: Iterable[str] = ()) -> dict:
    """A new form with one question; a form without any cannot be used."""
    question = {"code": "q1", "title": {"zh": "经营是否正常", "en": "Business as usual"}} | YES_NO
    section = {"code": "s1", "title": {"zh": "检查情况", "en": "Findings"}, "fields": [question]}
    for_ = {"modes": [Mode.FIELD.value]} | ({"products": chosen} if (chosen := list(products)) else {})
    return {"code": code, "title": {"zh": title}, "for": for_, "sections": [section]}


def copied(form: Form, code: str, title: str, products: Iterable[str] = ()) -> dict:
    """The same questions under another code and title, for these products alone if any are named."""
    body = plain(form) | {"code": code, "title": {"zh": title}}
    if chosen := list(products):  # whoever the customer is
        body["for"] = {name: of for name, of in body["for"].items() if name not in ("families", "segments")} | {"products": chosen}
    return body


def plain(form: Form) -> dict:
    """A form as the data of its definition, without what need not be said."""
    return form.model_dump(mode="json", by_alias=True, exclude_defaults=True) | {"code": form.code}


def questions(body: dict) -> Iterator[dict]:
    for section in body["sections"]:
        yield from section["fields"]


def problem(body: dict) -> str | None:
    """What keeps a body from being a form, as a sentence; None when nothing does."""
    return faults.told(forms.parse, body)


def known_questions(rows: Iterable) -> dict[str, dict]:
    """Questions that forms in force ask already, by code: taken from there, answers and signals go on meaning the same."""
    found: dict[str, dict] = {}
    for row in rows:
        for item in questions(row.body):
            found.setdefault(item["code"], {name: value for name, value in item.items() if name != "when"})
    return found


def add_section(body: dict, title: str) -> None:
    code = _free("s", [section["code"] for section in body["sections"]])
    body["sections"].append({"code": code, "title": {"zh": title}, "fields": []})


def add_question(body: dict, section: int, title: str, kind: Type) -> str:
    """A new one at the end of a section; its code."""
    code = _free("q", [item["code"] for item in questions(body)])
    body["sections"][section]["fields"].append({"code": code, "title": {"zh": title}} | copy.deepcopy(BEGINNINGS[kind]))
    return code


def become(item: dict, kind: Type) -> None:
    """The same question or column with another kind of answer: what went with the old one goes."""
    kept = {name: item[name] for name in ("code", "title", "required", "when", "hint") if name in item}
    item.clear()
    item.update(kept | copy.deepcopy(BEGINNINGS[kind]))


def add_column(table: dict, title: str, kind: Type) -> str:
    """A new one at the right of a table; its code."""
    code = _free("c", [column["code"] for column in table["columns"]])
    table["columns"].append({"code": code, "title": {"zh": title}} | copy.deepcopy(BEGINNINGS[kind]))
    return code


def drop_column(table: dict, code: str) -> None:
    table["columns"] = [column for column in table["columns"] if column["code"] != code]


def move_column(table: dict, code: str, step: int) -> None:
    columns = table["columns"]
    at = next(n for n, column in enumerate(columns) if column["code"] == code)
    columns.insert(max(0, min(len(columns) - 1, at + step)), columns.pop(at))


def take_question(body: dict, section: int, known: dict) -> str:
    body["sections"][section]["fields"].append(copy.deepcopy(known))
    return known["code"]


def drop_question(body: dict, code: str) -> None:
    for section in body["sections"]:
        section["fields"] = [one for one in section["fields"] if one["code"] != code]


def drop_section(body: dict, number: int) -> None:
    body["sections"].pop(number)


def move_section(body: dict, number: int, step: int) -> None:
    to = max(0, min(len(body["sections"]) - 1, number + step))
    body["sections"].insert(to, body["sections"].pop(number))


def move_question(body: dict, code: str, step: int) -> None:
    """Up or down by one; over the edge of its section into the next."""
    sections = body["sections"]
    at, n = next((s, n) for s, section in enumerate(sections) for n, one in enumerate(section["fields"]) if one["code"] == code)
    item = sections[at]["fields"].pop(n)
    if 0 <= n + step <= len(sections[at]["fields"]):
        sections[at]["fields"].insert(n + step, item)
    else:
        to = max(0, min(len(sections) - 1, at + step))
        sections[to]["fields"].insert(0 if to == at and step < 0 or to > at else len(sections[to]["fields"]), item)


def options_of(lines: str, before: list[dict], abnormal: Iterable[str]) -> list[dict]:
    """Options from lines of "Chinese / English"; one whose Chinese is known keeps its code, whatever place it has now."""
    known = {option["title"].get("zh"): option["code"] for option in before}
    made: list[dict] = []
    for zh, en in map(_parted, filter(None, map(str.strip, lines.splitlines()))):
        code = known.get(zh) or _free("a", [*known.values(), *(option["code"] for option in made)])
        made.append({"code": code, "title": _titles(zh, en)} | ({"abnormal": True} if zh in abnormal else {}))
    return made


def _parted(line: str) -> tuple[str, str]:
    """The two languages of a line. Words have slashes of their own: it parts at one between blanks, else before the first that no
    Chinese follows."""
    match = BETWEEN_BLANKS.fullmatch(line) or BEFORE_ENGLISH.fullmatch(line)
    return (match["zh"], match["en"]) if match else (line, "")


def lines_of(options: list[dict]) -> str:
    """Options as lines that people edit."""
    return "\n".join(" / ".join(filter(None, (o["title"].get("zh"), o["title"].get("en")))) for o in options)


def _titles(zh: str, en: str) -> dict:
    return {name: text for name, text in (("zh", zh), ("en", en)) if text}


def _free(letter: str, taken: Iterable[str]) -> str:
    known = set(taken)
    return next(code for n in range(1, 1000) if (code := f"{letter}{n}") not in known)
