"""A small bank with named people, handed down in the union's own files: the world of the tests.

总行 Head office     王芳 risk · 赵刚 loan management · 冯涛 collections · 陈静 audit · 何伟 IT · 高鑫 system · 林霞 security
农安支行 Nong'an      孙丽 branch head · 李强 manager · 周敏 inspector · 钱进 manager of the outlet 合隆分理处
朝阳支行 Chaoyang     吴磊 manager · 郑洁 inspector · 马超 branch head
"""

import gzip
import hashlib
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path

TODAY = date(2026, 11, 20)

BRANCHES = [
    ("229000", "总行营业部", ""),
    ("229001", "朝阳支行", "229000"),
    ("229008", "农安支行", "229000"),
    ("2290081", "合隆分理处", "229008"),
]
STAFF = [  # number, name, branch, post, role
    ("001", "王芳", "229000", "风险部", "head_risk"),
    ("002", "赵刚", "229000", "贷款管理部", "head_loans"),
    ("003", "冯涛", "229000", "资产保全部", "collections"),
    ("004", "陈静", "229000", "审计部", "auditor"),
    ("005", "何伟", "229000", "信息科技部", "it"),
    ("006", "高鑫", "229000", "系统管理员", "system_admin"),
    ("007", "林霞", "229000", "安全管理员", "security_admin"),
    ("101", "马超", "229001", "支行行长", "branch_head"),
    ("102", "吴磊", "229001", "客户经理", "manager"),
    ("103", "郑洁", "229001", "贷后人员", "inspector"),
    ("801", "孙丽", "229008", "支行行长", "branch_head"),
    ("802", "李强", "229008", "客户经理", "manager"),
    ("803", "周敏", "229008", "贷后人员", "inspector"),
    ("804", "钱进", "2290081", "客户经理", "manager"),
]
PRODUCTS = [("101", "流动资金贷款", "20"), ("103", "小微企业抵押贷", "20"), ("201", "个人经营贷", "10"), ("203", "农户小额信用贷", "10"),
            ("210", "个人消费贷", "10"), ("212", "住房按揭贷", "10")]  # fmt: skip
CUSTOMERS = [  # number, name, kind, identity, phone, address, branch, manager
    ("K001", "农安王记粮油店", "20", "91990000MA0000001A", "13900000001", "吉林省长春市农安县合隆镇东升村12号", "229008", "802"),
    ("K002", "刘洋", "10", "990000198001010011", "13900000002", "吉林省长春市农安县农安镇新立村3号", "229008", "802"),
    ("K003", "张敏", "10", "990000198502020022", "13900000003", "吉林省长春市农安县合隆镇东升村5号", "2290081", "804"),
    ("K004", "长春鑫源建材有限公司", "20", "91990000MA0000002B", "13900000004", "吉林省长春市朝阳区红旗街8号", "229001", "102"),
    ("K005", "许勇", "10", "990000199003030033", "13900000005", "吉林省长春市朝阳区桂林路22号", "229001", "102"),
]
NONE = "29991231"


def stamp(day: date | str | None) -> str:
    if day is None:
        return ""
    return f"{day}-00.00.00.000000" if isinstance(day, date) else day


@dataclass
class Delivery:
    """One night's folder of the union, changed row by row and then written."""

    day: date = TODAY
    branches: list[tuple] = field(default_factory=lambda: list(BRANCHES))
    staff: list[tuple] = field(default_factory=lambda: [row[:4] + (f"1380000{row[0]:0>4}",) for row in STAFF])
    products: list[tuple] = field(default_factory=lambda: list(PRODUCTS))
    customers: list[tuple] = field(default_factory=lambda: list(CUSTOMERS))
    loans: list[tuple] = field(default_factory=list)
    arrears: list[tuple] = field(default_factory=list)
    guarantors: list[tuple] = field(default_factory=list)

    def loan(self, number: str, customer: str = "K001", **changes) -> "Delivery":
        """A loan of which a test states only what it is about."""
        who = next(c for c in self.customers if c[0] == customer)
        x = {
            "contract": f"HT{number}", "branch": who[6], "manager": who[7], "product": "101",
            "disbursed": self.day - timedelta(days=100), "matures": self.day + timedelta(days=265), "amount": "1000000.00",
            "balance": "800000.00", "rate": "5.2", "guarantee": "B", "repayment": "01", "class": "10", "status": "1",
            "purpose": "流动周转", "payment": "1", "agri": "0", "extensions": "0",
        } | changes  # fmt: skip
        self.loans.append((
            number, x["contract"], customer, x["branch"], x["manager"], x["product"], stamp(x["disbursed"]),
            stamp(x["matures"]), x["amount"], x["balance"], x["rate"], x["guarantee"], x["repayment"], x["class"],
            x["status"], x["purpose"], x["payment"], x["agri"], x["extensions"],
        ))  # fmt: skip
        return self

    def overdue(self, number: str, since: date, principal: str = "1000.00", interest: str = "100.00") -> "Delivery":
        self.arrears.append((number, principal, stamp(since), interest, stamp(since)))
        return self

    def on(self, day: date) -> "Delivery":
        """The same rows, handed down on another day."""
        return replace(self, day=day)

    def without(self, number: str) -> "Delivery":
        return replace(self, loans=[row for row in self.loans if row[0] != number])

    def write(self, inbox: Path) -> Path:
        folder = inbox / f"{self.day:%Y%m%d}"
        folder.mkdir(parents=True, exist_ok=True)
        for name, rows in self.tables().items():
            write_table(folder, name, self.day, rows)
        return folder

    def tables(self) -> dict[str, list[tuple]]:
        tables = {
            "jg": self.branches,
            "yg": self.staff,
            "cp": self.products,
            "kh": self.customers,
            "dk": self.loans,
            "wy": self.arrears,
        }
        return tables | ({"bz": self.guarantors} if self.guarantors else {})


def first_delivery() -> Delivery:
    """What the small bank's first feed held."""
    first = Delivery().loan("L1", "K001").loan("L2", "K002", product="201", amount="300000.00", balance="250000.00")
    first.loan("L3", "K003", product="203", agri="1", amount="60000.00", balance="60000.00", repayment="03")
    return first.loan("L4", "K004", product="103", amount="3000000.00", balance="2800000.00").loan("L5", "K005", product="210")


OWN_HEADER = "借据编号,产品名称,客户姓名,证件号码,手机,贷款金额(万元),余额(万元),起始日,到期日,逾期天数,风险分类,网点,管户人工号"
ANNA = "T1,烟商贷,安娜,990000199505050055,13900000055,30,29.5,2026/08/10,2027/08/10,0,正常,229008,802"
OF_LIU_YANG = "T2,冰雪贷,刘洋,990000198001010011,13900000002,10,3.469223,2026/06/20,2027/06/20,12,关注,229008,802"


def write_own(folder: Path, day: date, *lines: str, header: str = OWN_HEADER, encoding: str = "utf-8-sig") -> Path:
    """The bank's own products: one CSV a day."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"tese_{day:%Y%m%d}.csv"
    file.write_bytes("".join(f"{line}\n" for line in (header, *lines)).encode(encoding))
    return folder


COLUMNS = {
    "jg": "JGH JGMC SJJGH", "yg": "YGH XM JGH GW SJH", "cp": "CPDM CPMC KHLX", "kh": "KHH KHMC KHLX ZJHM LXDH DZ JGH GHR",
    "dk": "JJH HTH KHH JGH KHJL CPDM FFRQ DQRQ FFJE DKYE ZXLL DBFS HKFS WJFL DKZT DKYT ZFFS SNBZ ZQCS",
    "wy": "JJH QBJE QBRQ QXJE QXRQ", "bz": "JJH BZRKHH BZRMC BZJE",
}  # fmt: skip


def write_table(folder: Path, name: str, day: date, rows: list[tuple], *, order: list[str] | None = None) -> None:
    """`order`: the columns as the .ddl of that day has them."""
    own = COLUMNS[name].split()
    columns = (order or own) + ["SRC_SYS_CD", "CRUT_NO", "BUSI_DT"]
    ddl = "".join(f"{i}|{c}|VARCHAR|{c}\n" for i, c in enumerate(columns, 1))
    (folder / f"s_{name}_all_{day:%Y%m%d}.ddl").write_bytes(ddl.encode("gb18030"))
    picked = [[row[own.index(c)] for c in order] if order else list(row) for row in rows]
    lines = ["|$|".join([*row, "CMS", "2290000", f"{day:%Y%m%d}"]) for row in picked]
    write_lines(folder, name, day, "".join(line + "\n" for line in lines).encode("gb18030"))


def write_lines(folder: Path, name: str, day: date, data: bytes) -> None:
    file = folder / f"s_{name}_all_{day:%Y%m%d}_2290000.del.gz"
    file.write_bytes(gzip.compress(data, 1))
    rows = len(data.splitlines())
    ok = f"rows={rows}\nbytes={len(data)}\nmd5={hashlib.md5(data).hexdigest()}\n"
    file.with_name(file.name.removesuffix(".gz") + ".ok").write_text(ok)
