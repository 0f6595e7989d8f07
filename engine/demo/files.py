"""The demo bank's nightly files, in the very dialects a union and a bank hand down."""

import gzip
import hashlib
from collections.abc import Iterable
from datetime import date
from pathlib import Path

import numpy as np

from engine.demo import world as w
from engine.demo.world import Day, World

BANK = "2290000"
DDL = {
    "jg": "JGH VARCHAR 机构号;JGMC VARCHAR 机构名称;SJJGH VARCHAR 上级机构号",
    "yg": "YGH VARCHAR 员工号;XM VARCHAR 姓名;JGH VARCHAR 机构号;GW VARCHAR 岗位;SJH VARCHAR 手机号",
    "cp": "CPDM VARCHAR 产品代码;CPMC VARCHAR 产品名称;KHLX VARCHAR 客户类型",
    "kh": "KHH VARCHAR 客户号;KHMC VARCHAR 客户名称;KHLX VARCHAR 客户类型;ZJHM VARCHAR 证件号码;LXDH VARCHAR 联系电话;"
    "DZ VARCHAR 地址;JGH VARCHAR 机构号;GHR VARCHAR 管户人",
    "dk": "JJH VARCHAR 借据号;HTH VARCHAR 合同号;KHH VARCHAR 客户号;JGH VARCHAR 机构号;KHJL VARCHAR 客户经理;CPDM VARCHAR 产品代码;"
    "FFRQ TIMESTAMP 发放日期;DQRQ TIMESTAMP 到期日期;FFJE DECIMAL(18,2) 发放金额;DKYE DECIMAL(18,2) 贷款余额;"
    "ZXLL DECIMAL(9,6) 执行利率;DBFS CHAR(1) 担保方式;HKFS CHAR(2) 还款方式;WJFL CHAR(2) 五级分类;DKZT CHAR(1) 贷款状态;"
    "DKYT VARCHAR 贷款用途;ZFFS CHAR(1) 支付方式;SNBZ CHAR(1) 涉农标志;ZQCS INTEGER 展期次数",
    "bz": "JJH VARCHAR 借据号;BZRKHH VARCHAR 保证人客户号;BZRMC VARCHAR 保证人名称;BZJE DECIMAL(18,2) 保证金额",
    "wy": "JJH VARCHAR 借据号;QBJE DECIMAL(18,2) 欠本金额;QBRQ TIMESTAMP 欠本日期;QXJE DECIMAL(18,2) 欠息金额;QXRQ TIMESTAMP 欠息日期",
}
TAIL = "SRC_SYS_CD VARCHAR(3) 源系统;CRUT_NO VARCHAR(7) 法人机构号;BUSI_DT CHAR(8) 业务日期"
OWN_HEADER = "借据编号,产品名称,客户姓名,证件号码,手机,贷款金额(万元),余额(万元),起始日,到期日,逾期天数,风险分类,网点,管户人工号\n"
CLASS_WORDS = {10: "正常", 20: "关注", 30: "次级", 40: "可疑", 50: "损失"}


def write(world: World, day: date, inbox: Path, leavers: frozenset[int] = frozenset()) -> Path:
    """One night's folder. `leavers` are staff (by index) no longer handed down."""
    folder = inbox / f"{day:%Y%m%d}"
    folder.mkdir(parents=True, exist_ok=True)
    book = w.on(world, day)
    _union(folder, "jg", day, world.branches)
    _union(folder, "yg", day, (s for i, s in enumerate(world.staff) if i not in leavers))
    _union(folder, "cp", day, ((p[0], p[1], str(p[2])) for p in w.PRODUCTS))
    _union(folder, "kh", day, _customers(world, day))
    _union(folder, "dk", day, _loans(world, book))
    _union(folder, "bz", day, _guarantors(world, book))
    _union(folder, "wy", day, _arrears(world, book))
    (folder / f"tese_{day:%Y%m%d}.csv").write_text("\ufeff" + OWN_HEADER + "".join(_own(world, book)), "utf-8")
    return folder


def _union(folder: Path, name: str, day: date, rows: Iterable[tuple]) -> None:
    tail = f"|$|CMS|$|{BANK}|$|{day:%Y%m%d}\n"
    columns = (DDL[name] + ";" + TAIL).split(";")
    lines = [f"{i}|{'|'.join(column.split(' '))}\n" for i, column in enumerate(columns, 1)]
    (folder / f"s_{name}_all_{day:%Y%m%d}.ddl").write_bytes("".join(lines).encode("gb18030"))
    file = folder / f"s_{name}_all_{day:%Y%m%d}_{BANK}.del.gz"
    digest, size, count = hashlib.md5(), 0, 0
    with gzip.open(file, "wb", compresslevel=1) as out:
        for batch in _batches(rows):
            data = "".join("|$|".join(row) + tail for row in batch).encode("gb18030")
            digest.update(data)
            size, count = size + len(data), count + len(batch)
            out.write(data)
    ok = f"rows={count}\nbytes={size}\nmd5={digest.hexdigest()}\n"
    file.with_name(file.name.removesuffix(".gz") + ".ok").write_text(ok)


def _batches(rows: Iterable[tuple], size: int = 50_000) -> Iterable[list[tuple]]:
    batch = []
    for row in rows:
        batch.append(row)
        if len(batch) == size:
            yield batch
            batch = []
    yield batch


def _customers(world: World, day: date) -> Iterable[tuple]:
    c, t = world.customers, day.toordinal()
    for i in np.flatnonzero(c.since <= t).tolist():
        yield (
            c.number[i], c.name[i], "20" if c.firm[i] else "10", c.identity[i], c.phone[i], c.address[i],
            world.branches[c.branch[i]][0], world.staff[c.manager[i]][0],
        )  # fmt: skip


def _loans(world: World, book: Day) -> Iterable[tuple]:
    x, c = world.loans, world.customers
    branch = [b[0] for b in world.branches]
    staff = [s[0] for s in world.staff]
    stamp = {d: f"{date.fromordinal(d)}-00.00.00.000000" for d in set(x.disbursed.tolist()) | set(book.matures.tolist())}
    rows = zip(
        book.index.tolist(), book.balance.tolist(), book.classes.tolist(), book.since.tolist(), book.matures.tolist(), strict=True
    )
    for i, balance, cls, since, matures in rows:
        if x.own[i]:
            continue
        who = x.customer[i]
        product, family = w.PRODUCTS[x.product[i]], w.FAMILIES[x.family[i]]
        yield (
            x.number[i], x.contract[i], c.number[who], branch[c.branch[who]], staff[c.manager[who]], product[0],
            stamp[x.disbursed[i]], stamp[matures], f"{x.amount[i]:.2f}", f"{balance:.2f}", f"{x.rate[i]}",
            "ABCD"[x.guarantee[i]], f"0{x.repayment[i]}", str(cls), _status(since, book.on), w.PURPOSE[family],
            "2" if x.amount[i] > 300_000 else "1", "1" if family == "farm" else "0",
            "1" if 0 < x.extended[i] <= book.on.toordinal() else "0",
        )  # fmt: skip


def _status(since: int, day: date) -> str:
    if since and day.toordinal() - since > w.WRITTEN_OFF_AFTER:
        return "4"
    return "2" if since else "1"


def _guarantors(world: World, book: Day) -> Iterable[tuple]:
    """Guaranteed notes are guaranteed by a neighbour, who mostly borrows here too."""
    x, c = world.loans, world.customers
    n = len(c.number)
    for i in book.index[(x.guarantee[book.index] == 0) & ~x.own[book.index]].tolist():
        backer = world.backed_by.get(i, (x.customer[i] + 1 + (i * 7919) % 23) % n)
        if backer != x.customer[i]:
            yield x.number[i], c.number[backer], c.name[backer], f"{x.amount[i]:.2f}"


def _arrears(world: World, book: Day) -> Iterable[tuple]:
    x = world.loans
    for k in np.flatnonzero(book.since).tolist():
        i = book.index[k]
        if not x.own[i]:
            stamp = f"{date.fromordinal(int(book.since[k]))}-00.00.00.000000"
            principal = book.principal[k]
            yield (
                x.number[i], f"{principal:.2f}", stamp if principal else "", f"{book.interest[k]:.2f}", stamp,
            )  # fmt: skip


def _own(world: World, book: Day) -> Iterable[str]:
    x, c, t = world.loans, world.customers, book.on.toordinal()
    for k, i in enumerate(book.index.tolist()):
        if not x.own[i]:
            continue
        who = x.customer[i]
        days = t - int(book.since[k]) if book.since[k] else 0
        yield (
            f"{x.number[i]},{w.OWN_PRODUCTS[x.product[i]][0]},{c.name[who]},{c.identity[who]},{c.phone[who]},"
            f"{x.amount[i] / 10000:g},{book.balance[k] / 10000:.6f},{date.fromordinal(int(x.disbursed[i])):%Y/%m/%d},"
            f"{date.fromordinal(int(book.matures[k])):%Y/%m/%d},{days},{CLASS_WORDS[int(book.classes[k])]},"
            f"{world.branches[c.branch[who]][0]},{world.staff[c.manager[who]][0]}\n"
        )
