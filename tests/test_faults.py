"""What is wrong with a rule, a scorecard or a report is told in the reader's words: where, and what it should be."""

import re

import pytest
import yaml

from engine import opening, refusals, reports, scorecard, signal_rules, words

STARTERS = opening.STARTERS
SIGNAL = yaml.safe_load((STARTERS / "signal_rules.yaml").read_text(encoding="utf-8"))[0]
CARD = yaml.safe_load((STARTERS / "scorecards.yaml").read_text(encoding="utf-8"))[0]
BAD = {
    "a signal without levels": (signal_rules.parse, SIGNAL | {"levels": []}, "各等级", "不能为空"),
    "a signal at a level that is none": (signal_rules.parse, SIGNAL | {"levels": [{"level": "pink", "who": {}}]}, "各等级 · 1 · 等级", "可取"),
    "a signal at the same level twice": (signal_rules.parse, SIGNAL | {"levels": SIGNAL["levels"][:1] * 2}, "规则", "只能出现一次"),
    "a signal that proves itself by nothing": (signal_rules.parse, SIGNAL | {"evidence": ["colour"]}, "规则", "没有 colour"),
    "a signal quiet for a fraction of a day": (signal_rules.parse, SIGNAL | {"cooldown_days": 1.5}, "关闭后静默天数", "须为整数"),
    "a signal that is a text": (signal_rules.parse, "R01", "规则", "须由带名称的各项组成"),
    "a card of too many points": (scorecard.parse, CARD | {"items": CARD["items"] + [{**CARD["items"][0], "code": "again"}]}, "评分卡", "须等于 100"),
    "a card whose item has no steps": (
        scorecard.parse, CARD | {"items": [CARD["items"][0] | {"steps": []}, *CARD["items"][1:]]}, "当前逾期 · 档位", "不能为空"
    ),
    "a card that is nothing": (scorecard.parse, None, "评分卡", "须由带名称的各项组成"),
    "a report of half a subject": (reports.wish, {"subject": 1, "measures": ["count"]}, "", "须为文字"),
}  # fmt: skip


@pytest.mark.parametrize("what", BAD)
def test_what_is_wrong_is_said_where_it_is_and_in_chinese(what):
    parse, body, where, problem = BAD[what]
    with pytest.raises((refusals.BadRule, refusals.BadReport)) as no:
        parse(body)
    assert no.value.details.get("where", "") == where and problem in no.value.details["problem"]


@pytest.mark.parametrize("what", BAD)
def test_and_in_english_without_a_word_of_chinese_nor_of_the_checker(what):
    parse, body, _where, _problem = BAD[what]
    token = words.language.set("en")
    try:
        with pytest.raises((refusals.BadRule, refusals.BadReport)) as no:
            parse(body)
        said = no.value.sentence(words._)
    finally:
        words.language.reset(token)
    assert not re.search("[一-鿿]|[Ii]nput should|pydantic|Value error", said)
