"""What a visitor can follow: a few people and customers with names, and what officers write."""

import random
from datetime import date, timedelta
from functools import cache
from pathlib import Path

import numpy as np

from db.vocab import CallBack, Conclusion, Finding, Kind, Level, Mode, Role, SecondLook
from engine.demo import files
from engine.demo import world as w
from engine.demo.world import World

# Demo sign-ins: user name, post, branch name (None: head office), what the visitor finds there.
SIGN_INS = (
    ("risk", "风险部", None, "王晓梅", Role.HEAD_RISK),
    ("loans", "贷款管理部", None, "赵志刚", Role.HEAD_LOANS),
    ("branch", "支行行长", "农安支行", "孙丽华", Role.BRANCH_HEAD),
    ("manager", "客户经理", "农安支行", "李强", Role.MANAGER),
    ("inspector", "贷后人员", "农安支行", "周敏", Role.INSPECTOR),
    ("collections", "资产保全部", None, "冯涛", Role.COLLECTIONS),
    ("audit", "审计部", None, "陈静", Role.AUDITOR),
    ("it", "信息科技部", None, "何伟", Role.IT),
    ("sysadmin", "系统管理员", None, "高鑫", Role.SYSTEM_ADMIN),
    ("secadmin", "安全管理员", None, "林霞", Role.SECURITY_ADMIN),
)
# How the bank came to Vigil's rules, in days before the last: large and bad loans and small farmers first, the many others later.
STAGES = (
    (415, "个人经营与小微客户纳入", ("REG-FIRM-SMALL", "REG-BUSINESS", "REG-BUSINESS-SECURED")),
    (290, "固定资产与项目贷款纳入", ("REG-PROJECT",)),
    (120, "首次、逾期、到期前检查全面上线", (
        "FIRST-FIRM", "FIRST-BUSINESS", "FIRST-BUSINESS-SECURED", "FIRST-SMALL-AMOUNT", "FIRST-RETAIL", "KEY-CLASS",
        "MATURITY-LARGE", "MATURITY-BULLET", "OVERDUE-CALL", "OVERDUE-VISIT", "OVERDUE-PHONE", "REG-CONSUMER-LARGE",
    )),
)  # fmt: skip
SIGNALS = (
    (415, "重大预警先行上线", ("A01", "A02", "A08", "E06", "G09", "H04")),
    (115, "迁徙与管理类预警上线", ("A05", "A06", "A12", "G06", "I08", "I12", "I13", "H02", "H03", "H05", "H06")),
    (60, "到期类预警上线", ("A10", "I09")),
    (12, "预警信号全面上线", ("I01", "I14")),
)  # fmt: skip
NEVER = -1  # days before the last
NOT_WANTED = ("I02", "A03")  # what I01 and A02 tell of anyway
PASSWORD = "Vigil-demo-2026"
RING = ("农安县丰裕粮贸有限公司", "农安县兴达农资有限公司", "农安县合力农机有限公司")  # a guarantee circle
GUARANTEED = 0  # of world.Loans.guarantee
LEAVER = "张建国"  # a relationship manager in Dehui who left last week with todos still open


@cache
def world_of(last: date, scale: float) -> World:
    """The world with the people of the story in it."""
    bank = w.build(last, scale)
    cast(bank)
    return bank


def hand_down(last: date, scale: float, day: date, inbox: Path) -> Path:
    """One night's folder of that world."""
    bank = world_of(last, scale)
    return files.write(bank, day, inbox, leavers(bank, day))


def cast(bank: World) -> None:
    """Give the people of the story their names, and the customers of the story their troubles."""
    branch_code = {name: code for code, name, _ in bank.branches}
    for _, post, branch, name, _ in SIGN_INS:
        _rename(bank, post, branch_code[branch] if branch else w.HEAD, name)
    _rename(bank, "客户经理", branch_code["德惠支行"], LEAVER)
    _customers(bank, branch_code["农安支行"])


def _rename(bank: World, post: str, code: str, name: str) -> None:
    """The first of a post at a branch takes the name; a namesake elsewhere takes another."""
    for i, (number, called, *rest) in enumerate(bank.staff):
        if called == name:
            bank.staff[i] = (number, f"{name[0]}玉{name[-1]}", *rest)
    i = next(i for i, s in enumerate(bank.staff) if s[2] == code and s[3] == post)
    number, _, *rest = bank.staff[i]
    bank.staff[i] = (number, name, *rest)


def stages() -> tuple[tuple[int, str, tuple[str, ...]], ...]:
    """(days before the last, why, codes of the rules) of everything that was not in force from the first day."""
    return (*STAGES, *SIGNALS, (NEVER, "", NOT_WANTED))


def staff_index(bank: World, name: str) -> int:
    return next(i for i, s in enumerate(bank.staff) if s[1] == name)


def leavers(bank: World, day: date) -> frozenset[int]:
    return frozenset({staff_index(bank, LEAVER)}) if day > bank.last - timedelta(days=6) else frozenset()


def _customers(bank: World, nongan: str) -> None:
    """In Nong'an: a grain trader two days late, a restaurant whose class fell, a farmer who recovered."""
    c, x, end = bank.customers, bank.loans, bank.last.toordinal()
    branch = next(i for i, b in enumerate(bank.branches) if b[0] == nongan)
    manager, inspector = staff_index(bank, "李强"), staff_index(bank, "周敏")
    mine = np.flatnonzero(c.branch == branch)
    c.manager[mine[: len(mine) // 3]] = manager
    c.inspector[mine[: len(mine) // 2]] = inspector
    alive = (x.disbursed < end - 120) & (x.settled > end + 60) & ~x.own
    business = np.flatnonzero(
        alive & np.isin(x.customer, mine[: len(mine) // 3]) & (x.family == w.FAMILIES.index("business")) & (x.late_from == 0)
    )
    roles = (("农安王记粮油店", end - 3, w.FAR), ("合隆镇老友餐馆", end - 34, w.FAR), ("烧锅镇顺达农机服务部", end - 45, end - 6))
    for (name, since, until), loan in zip(roles, business[:: max(1, len(business) // 3)], strict=False):
        x.late_from[loan], x.late_until[loan] = since, until
        x.amount[loan] = max(x.amount[loan], 380_000)
        c.name[x.customer[loan]] = name
    _circle(bank, np.flatnonzero(alive & np.isin(x.customer, mine) & c.firm[x.customer] & (x.late_from == 0)), manager)


def _circle(bank: World, notes: np.ndarray, manager: int) -> None:
    """Three firms of one manager stand behind each other's loans in a ring."""
    x = bank.loans
    _, first = np.unique(x.customer[notes], return_index=True)
    ring = notes[first][: len(RING)].tolist()
    if len(ring) < len(RING):
        return
    for loan, following, name in zip(ring, [*ring[1:], ring[0]], RING, strict=True):
        x.guarantee[loan] = GUARANTEED
        bank.backed_by[loan] = int(x.customer[following])
        bank.customers.name[x.customer[loan]], bank.customers.manager[x.customer[loan]] = name, manager


FINDINGS = {
    Conclusion.NORMAL: ("经营正常,库存充足,还款意愿良好。", "店面正常营业,近期流水平稳。", "资金用途与合同一致,无异常。", "家庭收入稳定,按期还款。",
                        "作物长势良好,预计按期回款。", "设备运转正常,工人在岗。"),
    Conclusion.ATTENTION: ("近两月销售下滑约两成,需持续关注。", "应收账款回收放缓,已提醒按期备款。", "借款人外出务工,由家属配合检查。",
                           "库存较上次减少,建议增加检查频次。"),
    Conclusion.RISK: ("经营场所停业,无法联系借款人,建议启动催收。", "抵押物被出租未告知,还款能力明显下降。", "存在民间借贷,还款来源不落实。"),
    Conclusion.UNABLE: ("未联系到借款人。", "电话无人接听,择日再访。"),
}  # fmt: skip

AWAY = ("客户约在支行办理续贷手续，已面谈并核对账目。", "客户在外地进货，约在其市区仓库见面。", "经营地点已搬迁，地址待更正。",
        "道路施工无法通行，在村口与客户见面。")  # fmt: skip


LEADS = (
    ("{}老板", "想扩建大棚，需要二十万元左右。"), ("{}先生", "有一台收割机要换新，问农机贷利率。"), ("{}女士", "在镇上开药房，想办商户贷。"),
    ("{}经理", "粮食收购季需要周转一百万元。"), ("{}师傅", "汽配店要进货，想了解信用贷。"), ("{}大姐", "想把定期存款转过来，问大额存单。"),
    ("{}总", "新建冷库，需要固定资产贷款。"), ("{}同学家长", "孩子在外地上学，想办手机银行和信用卡。"),
)  # fmt: skip
LOST = ("他行利率更低，已在他行办理。", "征信不符合准入要求。", "客户暂不需要资金。")
BUSINESS = ("粮油批发，两个门市。", "养牛四十余头，自种青贮。", "农机维修与配件销售。", "种植玉米二百亩，流转土地一百二十亩。", "镇上超市，雇工三人。",
            "烧烤店，冬季为旺季。")  # fmt: skip
REMARKS = ("借款人常在外地，找其配偶即可。", "上午多在地里，下午去比较合适。", "门口有狗，先打电话。", "与邻村亲属共同经营。", "")
NEEDS = ("想提高授信额度。", "希望还款日改到售粮之后。", "想了解农业保险。", "需要开通收款码。", "")
NOTES = ("电话约好下周上门。", "客户反映回款比预期晚半个月，继续关注。", "已提醒到期日，客户说备好资金。", "村里修路，从北边进村。", "客户新增一台拖拉机，已看发票。",
         "儿子接手经营，下次见面核实。", "库房新进化肥，货物充足。")  # fmt: skip
REVIEWED = {
    Finding.ACCEPTED: (None, "已电话向客户核实，到场属实"),
    Finding.DOUBTFUL: ("停留时间过短，请说明检查情况", "定位偏差较大，下次请在现场重新定位"),
    Finding.REFUSED: ("定位不在客户处，客户也未见到本人，不予认可",),
}  # fmt: skip
APPEALS = ("当日手机定位漂移，有现场照片和客户签字", "客户在市区仓库接待，已补充说明")

OWN_CYCLE = "客户扩大养殖规模，资金占用上升，改为按月检查。"
SAMPLE = "2-demo-sample"  # the seed of the sample that head office drew
LOOKED_AT = (
    (SecondLook.AGREED, None, None, None),
    (SecondLook.AGREED, None, CallBack.CONFIRMED, "客户确认当日上门，核对了还款安排。"),
    (SecondLook.DOUBTED, "照片看不出经营场所，请补充说明。", None, None),
    (SecondLook.AGREED, None, CallBack.UNREACHED, None),
    (SecondLook.DOUBTED, "检查意见与上次完全相同。", CallBack.CONTRADICTED, "客户称只通过电话，未见到检查人员。"),
    (SecondLook.AGREED, "资料齐全。", None, None),
)

DETAILS = ("近三月流水约{0}万元，账户余额{1}万元。", "存货约{0}吨，较上次变动{1}吨。", "在岗{1}人，本月销售约{0}万元。", "种植{0}亩，已售粮{1}吨。",
           "存栏{0}头，本月出栏{1}头。", "应收货款{0}万元，最近一笔回款{1}万元。")  # fmt: skip

COPIED = "现场检查经营情况良好，借款人还款意愿强，资金用途合规，未发现异常。"
SPOT = "顺路走访，经营正常，与借款人核对了还款安排。"


def remark(draw: random.Random, conclusion: Conclusion) -> str | None:
    if conclusion is Conclusion.NORMAL and draw.random() < 0.6:
        return None
    return draw.choice(FINDINGS[conclusion])


def detailed(words: str | None, about: int) -> str | None:
    """With what was counted on the spot, always the same about the same check; of thirty one is as it was the last time."""
    chance = random.Random(about)
    if words is None or chance.random() < 0.03:
        return words and COPIED
    return words + chance.choice(DETAILS).format(chance.randrange(12, 400), chance.randrange(2, 60))


def answers(draw: random.Random, kind: Kind, mode: Mode, conclusion: Conclusion) -> dict:
    """What the form asked: yes or no on the usual points, and who was met."""
    fine = conclusion is Conclusion.NORMAL
    given = {"purpose_ok": fine or draw.random() < 0.8, "repayment_will": fine or draw.random() < 0.5}
    if mode is Mode.FIELD:
        given |= {"operating": fine or draw.random() < 0.6, "met": draw.choice(("本人", "本人", "配偶", "员工"))}
    if mode is Mode.PHONE:
        given |= {"answered_by": draw.choice(("本人", "本人", "本人", "配偶"))}
    if kind is Kind.MATURITY:
        given |= {"source_of_repayment": draw.choice(("销售回款", "家庭积蓄", "粮食销售款", "工资收入"))}
    return given


MEASURE = {
    Level.RED: ("Collections", "Preserve assets", "Call early"),
    Level.ORANGE: ("More frequent checks", "Add collateral or guarantor", "Propose a worse class"),
    Level.YELLOW: ("More frequent checks", "Change repayment plan"),
    Level.BLUE: ("More frequent checks",),
}


def answer(draw: random.Random, level: Level) -> tuple[list[str], str]:
    words = (
        "已电话联系借款人,承诺本周内还款。",
        "已上门核实,系忘记存款,当日补足。",
        "经核实经营下滑,已制定还款计划。",
        "已通知保证人并约谈借款人。",
    )
    return [draw.choice(MEASURE[level])], draw.choice(words)


def closing(draw: random.Random, false_alarm: bool) -> str:
    if false_alarm:
        return draw.choice(("核实为系统扣款时点差异,非实际逾期。", "电话号码已更新,可正常联系。"))
    return draw.choice(("欠款已结清,风险消除。", "措施已落实,转入日常管理。", "已落实还款来源。"))
