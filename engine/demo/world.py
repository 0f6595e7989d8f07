"""The demo bank's book as it would stand on any day: who borrowed what, who pays late, who recovers.

Everything follows from a seed and the last day, so the same call always tells the same story. Vectors of numpy, one
element a loan or customer: the book of any date is a few array operations, at a hundred times the size too.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np

from engine import outline
from engine.demo.places import DISTRICTS, FIRM_WORDS, GIVEN, SURNAMES, TRADES, VILLAGES

CUSTOMERS, LOANS, MONTHS = 21_282, 40_187, 26
OWN_SHARE = 0.08  # of the loans are the bank's own products

PRODUCTS = [  # code, name, customer kind, family, weight
    ("101", "流动资金贷款", 20, "working", 4), ("102", "固定资产贷款", 20, "fixed", 1), ("103", "小微企业抵押贷", 20, "small", 4),
    ("104", "小微企业信用贷", 20, "small", 2), ("105", "厂房按揭贷", 20, "mortgage", 1), ("106", "设备贷", 20, "fixed", 1),
    ("107", "订单贷", 20, "trade", 1), ("108", "仓单质押贷", 20, "trade", 1), ("109", "政采贷", 20, "trade", 1),
    ("110", "税易贷", 20, "small", 2), ("111", "科创贷", 20, "small", 1), ("112", "担保公司保证贷", 20, "small", 2),
    ("113", "银团贷款", 20, "trade", 1), ("114", "项目贷款", 20, "fixed", 1), ("115", "法人账户透支", 20, "working", 1),
    ("116", "展业贷", 20, "small", 1), ("117", "商圈贷", 20, "small", 1), ("118", "供应链贷", 20, "trade", 1),
    ("119", "冷链贷", 20, "small", 1), ("120", "粮食收购贷", 20, "farm", 2), ("201", "个人经营贷", 10, "business", 5),
    ("202", "个人经营抵押贷", 10, "business", 4), ("203", "农户小额信用贷", 10, "farm", 16), ("204", "农户联保贷", 10, "farm", 5),
    ("205", "惠农贷", 10, "farm", 5), ("206", "养殖贷", 10, "farm", 3), ("207", "种植贷", 10, "farm", 4),
    ("208", "农机贷", 10, "farm", 2), ("209", "创业担保贷", 10, "business", 2), ("210", "个人消费贷", 10, "consumer", 12),
    ("211", "公职贷", 10, "consumer", 7), ("212", "住房按揭贷", 10, "mortgage", 14), ("213", "商用房按揭贷", 10, "mortgage", 2),
    ("214", "汽车贷", 10, "consumer", 4), ("215", "装修贷", 10, "consumer", 3), ("216", "助学贷", 10, "consumer", 1),
    ("217", "存单质押贷", 10, "entrusted", 2), ("218", "商户贷", 10, "business", 2), ("219", "巾帼贷", 10, "business", 1),
    ("220", "退役军人贷", 10, "business", 1), ("221", "乡村振兴贷", 10, "farm", 3), ("222", "鹿业贷", 10, "farm", 1),
    ("223", "人参贷", 10, "farm", 1), ("224", "烧烤贷", 10, "business", 1), ("225", "新市民贷", 10, "consumer", 2),
    ("226", "网络循环贷", 10, "consumer", 4), ("227", "信用卡分期", 10, "card", 3), ("228", "光伏贷", 10, "fixed", 1),
    ("229", "棚膜贷", 10, "farm", 1), ("230", "黑土粮仓贷", 10, "farm", 2),
]  # fmt: skip
OWN_PRODUCTS = [("烟商贷", "business"), ("商超快贷", "business"), ("冰雪贷", "business"), ("校园商户贷", "business"),
                ("整村授信贷", "farm"), ("白领贷", "consumer"), ("医护贷", "consumer"), ("社保贷", "consumer"),
                ("公积金贷", "consumer")]  # fmt: skip

# Family -> (smallest, largest amount in yuan, shortest, longest term in months, repayment weights 01/02/03)
SHAPES = {
    "working": (500_000, 9_000_000, 6, 12, (0, 0, 1)),
    "small": (200_000, 3_000_000, 6, 36, (0.2, 0.1, 0.7)),
    "fixed": (800_000, 12_000_000, 36, 96, (0.3, 0.6, 0.1)),
    "trade": (300_000, 5_000_000, 3, 12, (0, 0, 1)),
    "business": (50_000, 900_000, 12, 36, (0.4, 0.1, 0.5)),
    "farm": (10_000, 200_000, 10, 14, (0.05, 0.05, 0.9)),
    "consumer": (20_000, 300_000, 12, 60, (0.9, 0.1, 0)),
    "mortgage": (180_000, 900_000, 120, 360, (0.8, 0.2, 0)),
    "card": (5_000, 80_000, 12, 36, (1, 0, 0)),
    "entrusted": (50_000, 500_000, 6, 24, (0, 0, 1)),
}
PURPOSE = {"working": "流动周转", "small": "购买原材料", "fixed": "购置设备", "trade": "采购货物", "business": "进货周转",
           "farm": "购农资", "consumer": "消费", "mortgage": "购房", "card": "消费分期", "entrusted": "周转"}  # fmt: skip
FAMILIES = tuple(SHAPES)


@dataclass
class World:
    """The demo bank at one scale, up to its last business date."""

    last: date
    scale: float
    seed: int
    branches: list[tuple[str, str, str]]  # code, name, parent
    staff: list[tuple[str, str, str, str, str]]  # number, name, branch code, post, phone
    customers: "Customers"
    loans: "Loans"
    backed_by: dict[int, int] = field(
        default_factory=dict
    )  # index of a loan: of the customer who guarantees it, if not a neighbour


@dataclass
class Customers:
    number: list[str]
    name: list[str]
    firm: np.ndarray
    identity: list[str]
    phone: list[str]
    address: list[str]
    lat: np.ndarray
    lon: np.ndarray
    branch: np.ndarray  # index into World.branches
    manager: np.ndarray  # index into World.staff
    inspector: np.ndarray
    since: np.ndarray  # ordinal of the first loan


@dataclass
class Loans:
    """Every note that will ever be, a column each: what it is from the start and what becomes of it."""

    number: list[str]
    contract: list[str]
    customer: np.ndarray
    product: np.ndarray  # index into PRODUCTS, or into OWN_PRODUCTS where own
    own: np.ndarray
    family: np.ndarray
    amount: np.ndarray  # yuan
    disbursed: np.ndarray  # ordinals
    matures: np.ndarray
    settled: np.ndarray  # ordinal of the day the note is paid off
    rate: np.ndarray
    repayment: np.ndarray  # 1, 2, 3
    guarantee: np.ndarray  # 0..3: A, B, C, D
    late_from: np.ndarray  # ordinal of the first unpaid day of the loan's trouble; 0: never
    late_until: np.ndarray  # ordinal on which it was made good; far future: not yet
    extended: np.ndarray  # ordinal on which the maturity was moved; 0: never


FAR = date(2100, 1, 1).toordinal()
WRITTEN_OFF_AFTER = 510  # days in arrears; the feed shows the note as written off for a month, then no more


def build(last: date, scale: float = 1.0, seed: int = 20260811) -> World:
    draw = np.random.default_rng(seed)
    branches = _branches(scale)
    staff = _staff(draw, branches, scale)
    customers = _customers(draw, branches, staff, round(CUSTOMERS * scale), last)
    loans = _loans(draw, customers, round(LOANS * scale), last)
    return World(last, scale, seed, branches, staff, customers, loans)


# --- The bank --------------------------------------------------------------------------------------------------------

HEAD = "229000"


def _branches(scale: float) -> list[tuple[str, str, str]]:
    """Head office, one sub-branch a district, outlets in its towns; more outlets at larger scales."""
    rows = [(HEAD, "总行营业部", "")]
    copies = max(1, round(scale**0.5))
    for d, district in enumerate(DISTRICTS, 1):
        code = f"2290{d:02d}"
        rows.append((code, district.branch, HEAD))
        for copy in range(copies):
            for t, town in enumerate(district.towns[1:], 1):
                suffix = "" if copy == 0 else f"第{copy + 1}"
                rows.append((f"{code}{copy * 10 + t:03d}", f"{town.removesuffix('镇')}{suffix}分理处", code))
    return rows


HEAD_POSTS = (
    "风险部",
    "风险部",
    "贷款管理部",
    "贷款管理部",
    "资产保全部",
    "资产保全部",
    "审计部",
    "信息科技部",
    "系统管理员",
    "安全管理员",
)


def _staff(draw: np.random.Generator, branches: list, scale: float) -> list[tuple[str, str, str, str, str]]:
    rows = [(f"{HEAD}{i:03d}", _name(draw), HEAD, post, _phone(draw)) for i, post in enumerate(HEAD_POSTS, 1)]
    load = max(1, round(scale**0.5))
    for code, _, parent in branches[1:]:
        district = parent == HEAD
        posts = ["支行行长"] if district else ["网点主任"]
        posts += ["客户经理"] * ((6 if district else 3) * load) + ["贷后人员"] * ((3 if district else 1) * load)
        rows += [(f"{code}{i:03d}", _name(draw), code, post, _phone(draw)) for i, post in enumerate(posts, 1)]
    return rows


def _name(draw: np.random.Generator) -> str:
    given = "".join(GIVEN[i] for i in draw.integers(0, len(GIVEN), draw.integers(1, 3)))
    return SURNAMES[draw.integers(0, len(SURNAMES))] + given


def _phone(draw: np.random.Generator) -> str:
    return f"139{draw.integers(0, 10**8):08d}"


# --- Customers -------------------------------------------------------------------------------------------------------


def _customers(draw: np.random.Generator, branches: list, staff: list, n: int, last: date) -> Customers:
    district = draw.choice(len(DISTRICTS), n, p=_normal([d.share for d in DISTRICTS]))
    outlets = [[i for i, b in enumerate(branches) if b[0].startswith(f"2290{d:02d}")] for d in range(1, len(DISTRICTS) + 1)]
    branch = np.array([outlets[d][k % len(outlets[d])] for d, k in zip(district, draw.integers(0, 10**6, n), strict=True)])
    firm = draw.random(n) < 0.035
    town = draw.integers(0, 10**6, n)
    managers, inspectors = _by_branch(branches, staff, "客户经理"), _by_branch(branches, staff, "贷后人员")
    pick = draw.integers(0, 10**6, n)
    house = draw.integers(1, 200, n)
    lat, lon, address = [], [], []
    for i in range(n):
        d = DISTRICTS[district[i]]
        t = town[i] % len(d.towns)
        place = d.towns[t]
        if not d.urban and place.endswith("镇"):
            place += VILLAGES[(town[i] // 7) % len(VILLAGES)] + "村"
        address.append(f"吉林省长春市{d.name}{place}{house[i]}号")
        a, b = _town_offset(district[i], t, (town[i] // 7) % len(VILLAGES))
        lat.append(d.lat + d.spread * a)
        lon.append(d.lon + d.spread * b)
    jitter = draw.normal(0, 0.004, (2, n))
    lat, lon = _within(district, np.array(lat) + jitter[0], np.array(lon) + jitter[1] * 1.3)
    births = draw.integers(date(1955, 1, 1).toordinal(), date(2003, 1, 1).toordinal(), n)
    serial = draw.integers(0, 1000, n)
    return Customers(
        number=[f"K{i:09d}" for i in range(1, n + 1)],
        name=[_firm_name(draw) if f else _name(draw) for f in firm.tolist()],
        firm=firm,
        identity=[_credit_code(i) if f else _identity(b, s) for i, (f, b, s) in enumerate(zip(firm, births, serial, strict=True))],
        phone=[f"139{x:08d}" for x in draw.integers(0, 10**8, n).tolist()],
        address=address,
        lat=lat,
        lon=lon,
        branch=branch,
        manager=np.array([managers[b][p % len(managers[b])] for b, p in zip(branch, pick, strict=True)]),
        inspector=np.array([inspectors[b][p % len(inspectors[b])] for b, p in zip(branch, pick, strict=True)]),
        since=np.full(n, last.toordinal()),
    )  # fmt: skip


def _within(district: np.ndarray, lat: np.ndarray, lon: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Whoever came to lie beyond the city's border is drawn towards the middle of his district."""
    centre_lat, centre_lon = (np.array([getattr(d, axis) for d in DISTRICTS])[district] for axis in ("lat", "lon"))
    beyond = np.flatnonzero(~outline.within(lat, lon))
    for _ in range(6):
        lat[beyond] += 0.3 * (centre_lat - lat)[beyond]
        lon[beyond] += 0.3 * (centre_lon - lon)[beyond]
        beyond = beyond[~outline.within(lat[beyond], lon[beyond])]
    return lat, lon


def _normal(weights) -> np.ndarray:
    array = np.asarray(weights, float)
    return array / array.sum()


def _by_branch(branches: list, staff: list, post: str) -> list[list[int]]:
    """Staff of a post for each branch; an outlet without any is served by its parent."""
    own = {code: [i for i, s in enumerate(staff) if s[2] == code and s[3] == post] for code, _, _ in branches}
    everybody = [i for i, s in enumerate(staff) if s[3] == post]
    return [own[code] or own.get(parent) or everybody for code, _, parent in branches]


def _town_offset(district: int, town: int, village: int) -> tuple[float, float]:
    """A fixed place for every town and village around its district's centre, between -1 and 1."""
    mixed = np.random.default_rng(district * 10_007 + town * 101 + village + 1)
    return tuple(mixed.uniform(-0.8, 0.8, 2) if town else mixed.uniform(-0.15, 0.15, 2))


def _firm_name(draw: np.random.Generator) -> str:
    words = "".join(FIRM_WORDS[i] for i in draw.integers(0, len(FIRM_WORDS), 2))
    trade = TRADES[draw.integers(0, len(TRADES))]
    return f"长春{words}{trade}{('有限公司', '商贸有限公司', '合作社')[draw.integers(0, 3)]}"


def _identity(birth: int, serial: int) -> str:
    """GB 11643 with the region 990000, which is assigned to nobody."""
    body = f"990000{date.fromordinal(int(birth)):%Y%m%d}{serial:03d}"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return body + "10X98765432"[sum(int(c) * w for c, w in zip(body, weights, strict=True)) % 11]


def _credit_code(i: int) -> str:
    """A unified social credit code of the same nowhere (GB 32100)."""
    alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    body = f"91990000{i:08d}X"
    total = sum(alphabet.index(c) * pow(3, k, 31) for k, c in enumerate(body))
    return body + alphabet[(31 - total % 31) % 31]


# --- Loans -----------------------------------------------------------------------------------------------------------


def _loans(draw: np.random.Generator, customers: Customers, live: int, last: date) -> Loans:
    """As many notes as leave `live` of them unpaid on the last day, over the years before it. What is drawn, in this order, makes
    the bank: another order makes another bank."""
    end, n = last.toordinal(), round(live * 2.3)
    customer = _borrowers(draw, len(customers.number), n)
    own = (draw.random(n) < OWN_SHARE) & ~customers.firm[customer]
    product = _products(draw, customers.firm[customer], own)
    family = np.where(own, _families(OWN_PRODUCTS, 1)[product % len(OWN_PRODUCTS)], _families(PRODUCTS, 3)[product % len(PRODUCTS)])
    shape = np.array([SHAPES[f][:4] for f in FAMILIES])[family]
    term = (shape[:, 2] + draw.random(n) ** 1.5 * (shape[:, 3] - shape[:, 2])).astype(int)
    amount = np.exp(np.log(shape[:, 0]) + draw.beta(1.4, 3.2, n) * (np.log(shape[:, 1]) - np.log(shape[:, 0])))
    disbursed = _disbursed(draw, family, term, end, n)
    matures = disbursed + (term * 30.44).astype(int)
    settled, late_from, late_until, extended = _ends(draw, family, term, disbursed, matures, end)
    loans = Loans(
        number=[], contract=[], customer=customer, product=product, own=own, family=family,
        amount=(amount / 1000).round() * 1000, disbursed=disbursed, matures=matures, settled=settled,
        repayment=_repayment(draw, family, n), rate=draw.uniform(3.45, 9.2, n).round(4), guarantee=_guarantee(draw, family, n),
        late_from=late_from, late_until=late_until, extended=extended,
    )  # fmt: skip
    _leave(loans, np.flatnonzero(_keep(settled, disbursed, end, live)))
    _number(loans)
    _arrive(customers, loans)
    return loans


def _borrowers(draw: np.random.Generator, customers: int, n: int) -> np.ndarray:
    """Everybody once, then anybody; of all half are drawn anew."""
    customer = np.concatenate([np.arange(customers), draw.integers(0, customers, n)])[:n]
    return np.where(draw.random(n) < 0.5, customer, draw.integers(0, customers, n))


def _ends(
    draw: np.random.Generator, family: np.ndarray, term: np.ndarray, disbursed: np.ndarray, matures: np.ndarray, end: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """When each is paid off, late from and until, and extended: in time, before it, after arrears, written off, or prolonged."""
    n = len(term)
    settled = np.where(draw.random(n) < 0.25, disbursed + (term * 30.44 * draw.uniform(0.4, 1, n)).astype(int), matures)
    late_from, late_until = _trouble(draw, family, disbursed, matures, end)
    settled = np.where((late_from > 0) & (late_until > settled), np.maximum(late_until, settled), settled)
    settled = np.where(late_until >= FAR, late_from + WRITTEN_OFF_AFTER + 30, settled)
    extended = np.where((draw.random(n) < 0.0025) & (matures > disbursed + 200), matures - 20, 0)
    extended = np.where(extended > end, 0, extended)
    return np.where(extended > 0, settled + 180, settled), late_from, late_until, extended


def _repayment(draw: np.random.Generator, family: np.ndarray, n: int) -> np.ndarray:
    weights = np.array([SHAPES[f][4] for f in FAMILIES]).cumsum(axis=1)[family]
    return 1 + (draw.random(n)[:, None] > weights).sum(axis=1)


def _leave(loans: Loans, kept: np.ndarray) -> None:
    """Only these notes, by the day they were paid out."""
    kept = kept[np.argsort(loans.disbursed[kept], kind="stable")]
    for name, value in vars(loans).items():
        if isinstance(value, np.ndarray):
            setattr(loans, name, value[kept])


def _number(loans: Loans) -> None:
    loans.number = [
        f"TS{i:010d}" if o else f"J{date.fromordinal(d).year}{i:010d}"
        for i, (o, d) in enumerate(zip(loans.own.tolist(), loans.disbursed.tolist(), strict=True), 1)
    ]
    loans.contract = [f"HT{c:09d}" for c in loans.customer.tolist()]


def _arrive(customers: Customers, loans: Loans) -> None:
    """Nobody came later than his first loan; who has none came for something else, one after another."""
    np.minimum.at(customers.since, loans.customer, loans.disbursed)
    idle = np.flatnonzero(~np.isin(np.arange(len(customers.since)), loans.customer))
    customers.since[idle] -= idle * 7919 % round(MONTHS * 30.44)


def _families(products: list, column: int) -> np.ndarray:
    return np.array([FAMILIES.index(p[column]) for p in products])


def _products(draw: np.random.Generator, firm: np.ndarray, own: np.ndarray) -> np.ndarray:
    codes = np.arange(len(PRODUCTS))
    kinds, weights = np.array([p[2] for p in PRODUCTS]), np.array([p[4] for p in PRODUCTS], float)
    n = len(firm)
    of_firms = draw.choice(codes[kinds == 20], n, p=_normal(weights[kinds == 20]))
    of_people = draw.choice(codes[kinds == 10], n, p=_normal(weights[kinds == 10]))
    of_own = draw.integers(0, len(OWN_PRODUCTS), n)
    return np.where(own, of_own, np.where(firm, of_firms, of_people))


def _disbursed(draw: np.random.Generator, family: np.ndarray, term: np.ndarray, end: int, n: int) -> np.ndarray:
    """Spread over the years before the last day; farm loans go out from March to May, for seed and fertiliser."""
    reach = np.minimum(term * 30.44, 365 * 6) + 365 * 2
    day = end - (draw.random(n) * reach).astype(int)
    farm = family == FAMILIES.index("farm")
    years = np.array([date.fromordinal(int(d)).year for d in day])
    spring = np.array([date(int(y), 3, 1).toordinal() for y in years]) + draw.integers(0, 80, n)
    day = np.where(farm & (draw.random(n) < 0.8), np.where(spring > end, spring - 365, spring), day)
    weekday = (day - 1) % 7  # ordinal 1 was a Monday
    return np.where(weekday > 4, day - (weekday - 4), day)


def _trouble(draw, family: np.ndarray, disbursed: np.ndarray, matures: np.ndarray, end: int) -> tuple[np.ndarray, np.ndarray]:
    """One in fifty is late once, mostly for days; about one in seven hundred does not recover."""
    n = len(disbursed)
    kind = draw.random(n)
    begin = disbursed + 31 + (draw.random(n) * np.maximum(30, np.minimum(matures, end) - disbursed - 31)).astype(int)
    length = np.where(kind < 0.015, draw.integers(1, 9, n), np.where(kind < 0.0192, draw.integers(10, 75, n), FAR))
    late = (kind < 0.0207) & (begin <= end) & (begin < matures)
    return np.where(late, begin, 0), np.where(late, np.minimum(begin + length, FAR), 0)


def _guarantee(draw: np.random.Generator, family: np.ndarray, n: int) -> np.ndarray:
    table = {"working": (4, 5, 1, 0), "small": (3, 4, 1, 2), "fixed": (1, 8, 1, 0), "trade": (2, 1, 6, 1), "business": (3, 4, 0, 3),
             "farm": (3, 0, 0, 7), "consumer": (1, 1, 0, 8), "mortgage": (0, 1, 0, 0), "card": (0, 0, 0, 1),
             "entrusted": (0, 0, 1, 0)}  # fmt: skip
    cumulated = np.array([_normal(table[f]).cumsum() for f in FAMILIES])[family]
    return np.minimum(3, (draw.random(n)[:, None] > cumulated).sum(axis=1))


def _keep(settled: np.ndarray, disbursed: np.ndarray, end: int, live: int) -> np.ndarray:
    """All notes paid off within the story, and exactly so many of the living."""
    begin = end - round(MONTHS * 30.44)
    alive = (disbursed <= end) & (settled > end)
    numbered = np.cumsum(alive)
    return np.where(alive, numbered <= live, (settled > begin) & (settled <= end))


# --- The book of a day -----------------------------------------------------------------------------------------------


@dataclass
class Day:
    """The notes that a feed of this date hands down, as indexes into Loans, with what changes from day to day."""

    on: date
    index: np.ndarray
    balance: np.ndarray  # yuan
    principal: np.ndarray
    interest: np.ndarray
    since: np.ndarray  # ordinal of the oldest unpaid day; 0: none
    classes: np.ndarray  # 10 .. 50
    matures: np.ndarray


def on(world: World, day: date) -> Day:
    """The live loans as that day's feed has them: balance, arrears, class."""
    t, x = day.toordinal(), world.loans
    index = np.flatnonzero((x.disbursed <= t) & (x.settled > t))
    extended = (x.extended[index] > 0) & (x.extended[index] <= t)
    matures = np.where(extended, x.matures[index] + 180, x.matures[index])
    late = (x.late_from[index] > 0) & (x.late_from[index] < t) & (t < x.late_until[index])
    since = np.where(late, x.late_from[index], 0)
    paid_until = np.where(late, x.late_from[index], t)
    balance = _balance(x, index, paid_until)
    days = np.where(late, t - since, 0)
    months_missed = np.where(late, 1 + days // 30, 0)
    due = np.where(x.repayment[index] == 3, 0, x.amount[index] / np.maximum(1, (x.matures[index] - x.disbursed[index]) / 30.44))
    principal = np.where(late, np.minimum(balance, np.where(t > matures, balance, due * months_missed)), 0)
    interest = np.where(late, balance * x.rate[index] / 1200 * months_missed, 0)
    steps = (days > 0).astype(int) * 0 + (days > 30) + (days > 90) + (days > 270) + (days > 360)
    return Day(day, index, balance.round(2), principal.round(2), interest.round(2), since, (steps + 1) * 10, matures)


def _balance(x: Loans, index: np.ndarray, until: np.ndarray) -> np.ndarray:
    """What is left after the whole months paid; bullets stand until the end."""
    months = np.maximum(1, (x.matures[index] - x.disbursed[index]) / 30.44)
    passed = np.clip(((until - x.disbursed[index]) / 30.44).astype(int), 0, months)
    monthly = x.rate[index] / 1200
    growth = (1 + monthly) ** months
    annuity = x.amount[index] * (growth - (1 + monthly) ** passed) / (growth - 1)
    linear = x.amount[index] * (1 - passed / months)
    return np.where(x.repayment[index] == 3, x.amount[index], np.where(x.repayment[index] == 1, annuity, linear))


def first_day(world: World) -> date:
    return world.last - timedelta(days=round(MONTHS * 30.44))
