"""The bank's words, as they are stored. What they are called on a screen is the catalogue's matter."""

from enum import StrEnum


class Role(StrEnum):
    HEAD_RISK = "head_risk"  # 总行风险部
    HEAD_LOANS = "head_loans"  # 总行贷款管理部
    BRANCH_HEAD = "branch_head"  # 支行行长
    MANAGER = "manager"  # 客户经理
    INSPECTOR = "inspector"  # 贷后人员
    COLLECTIONS = "collections"  # 资产保全/催收
    AUDITOR = "auditor"  # 合规/审计
    IT = "it"  # 信息科技
    SYSTEM_ADMIN = "system_admin"  # 系统管理员
    SECURITY_ADMIN = "security_admin"  # 安全管理员
    MACHINE = "machine"  # the scheduler and the feeds


class Scope(StrEnum):
    """Which rows a role reaches; each is a PostgreSQL role with policies of its own."""

    HEAD = "vigil_head"
    BRANCH = "vigil_branch"
    OFFICER = "vigil_officer"
    COLLECTOR = "vigil_collector"
    READER = "vigil_reader"
    ADMIN = "vigil_admin"
    MACHINE = "vigil_machine"


SCOPE_OF = {
    Role.HEAD_RISK: Scope.HEAD,
    Role.HEAD_LOANS: Scope.HEAD,
    Role.BRANCH_HEAD: Scope.BRANCH,
    Role.MANAGER: Scope.OFFICER,
    Role.INSPECTOR: Scope.OFFICER,
    Role.COLLECTIONS: Scope.COLLECTOR,
    Role.AUDITOR: Scope.READER,
    Role.IT: Scope.ADMIN,
    Role.SYSTEM_ADMIN: Scope.ADMIN,
    Role.SECURITY_ADMIN: Scope.ADMIN,
    Role.MACHINE: Scope.MACHINE,
}


class Segment(StrEnum):
    FIRM = "firm"  # 企业
    BUSINESS = "business"  # 个体经营户
    FARMER = "farmer"  # 农户
    CONSUMER = "consumer"  # 个人消费


class CustomerKind(StrEnum):
    PERSON = "person"
    FIRM = "firm"


class Family(StrEnum):
    """Product families: what the rules and the dashboard tell apart."""

    WORKING = "working"  # 对公流贷
    FIXED = "fixed"  # 固贷/项目
    SMALL = "small"  # 小微企业贷
    BUSINESS = "business"  # 个人经营贷
    CONSUMER = "consumer"  # 个人消费贷
    MORTGAGE = "mortgage"  # 按揭
    FARM = "farm"  # 涉农/农户贷
    CARD = "card"  # 信用卡
    DISCOUNT = "discount"  # 贴现/承兑
    TRADE = "trade"  # 贸易/保理
    ENTRUSTED = "entrusted"  # 委托/低风险
    OTHER = "other"


class LoanClass(StrEnum):
    """Five-tier classification (五级分类), better to worse; the database orders it the same way."""

    NORMAL = "normal"
    SPECIAL_MENTION = "special_mention"
    SUBSTANDARD = "substandard"
    DOUBTFUL = "doubtful"
    LOSS = "loss"


class Guarantee(StrEnum):
    GUARANTEE = "guarantee"  # 保证
    MORTGAGE = "mortgage"  # 抵押
    PLEDGE = "pledge"  # 质押
    UNSECURED = "unsecured"  # 信用


class Repayment(StrEnum):
    EQUAL_INSTALMENTS = "equal_instalments"  # 等额本息
    EQUAL_PRINCIPAL = "equal_principal"  # 等额本金
    BULLET = "bullet"  # 先息后本


class LoanStatus(StrEnum):
    NORMAL = "normal"
    OVERDUE = "overdue"
    SETTLED = "settled"
    WRITTEN_OFF = "written_off"
    TRANSFERRED = "transferred"


class Payment(StrEnum):
    BORROWER = "borrower"  # 自主支付
    ENTRUSTED = "entrusted"  # 受托支付


class Kind(StrEnum):
    """Kinds of inspection."""

    FIRST = "first"  # 首次检查
    REGULAR = "regular"  # 定期检查
    KEY = "key"  # 重点检查
    MATURITY = "maturity"  # 到期前检查
    OVERDUE = "overdue"  # 逾期检查
    FULL = "full"  # 年审
    SPECIAL = "special"  # 专项检查
    SPOT = "spot"  # 抽查
    ALERT = "alert"  # 预警核查


# Obligations of a loan: each loan is checked once for each occurrence, several loans may share one todo.
LOAN_KINDS = (Kind.FIRST, Kind.KEY, Kind.MATURITY)
# Obligations of a customer: one todo a period over all loans, by the strictest rule that any loan matches.
CUSTOMER_KINDS = (Kind.REGULAR, Kind.OVERDUE, Kind.FULL)

# Which completed checks make a lighter one unnecessary for a while (in a mode at least as heavy).
HEAVIER = {Kind.REGULAR: (Kind.FULL, Kind.KEY, Kind.ALERT, Kind.SPECIAL)}


class Mode(StrEnum):
    FIELD = "field"  # 实地
    PHONE = "phone"  # 电话
    DATA = "data"  # 非现场


MODE_WEIGHT = {Mode.FIELD: 3, Mode.PHONE: 2, Mode.DATA: 1}


class TodoState(StrEnum):
    OPEN = "open"
    STARTED = "started"
    DONE = "done"
    CANCELLED = "cancelled"


class BatchAct(StrEnum):
    """What is done to many todos at once."""

    ASSIGN = "assign"  # 分派
    DUE = "due"  # 调整到期日
    DEFER = "defer"  # 延期
    CANCEL = "cancel"  # 取消
    REISSUE = "reissue"  # 重发
    REMIND = "remind"  # 催办
    EXEMPT = "exempt"  # 免检
    ASK = "ask"  # 专项检查


class BatchState(StrEnum):
    """Waiting for a second person, done, refused by him, or taken back."""

    WAITING = "waiting"  # 待审批
    DONE = "done"  # 已完成
    REFUSED = "refused"  # 拒绝
    UNDONE = "undone"  # 已撤回


class CloseReason(StrEnum):
    """Why a todo ended without a check of its own."""

    SETTLED = "settled"  # 贷款结清
    WRITTEN_OFF = "written_off"  # 贷款核销
    TRANSFERRED = "transferred"  # 贷款转让
    CURED = "cured"  # 欠款已还清
    SATISFIED = "satisfied"  # 已由更高级别的检查覆盖
    EXEMPTED = "exempted"  # 免检
    SUPERSEDED = "superseded"  # 由更严的规则取代
    WITHDRAWN = "withdrawn"  # 规则不再适用
    BY_HAND = "by_hand"  # 人工取消


# Ends that the engine takes back when the check is wanted again: a feed corrected, a new loan in the same period.
# What a person ended stays ended.
REVOCABLE = tuple(reason for reason in CloseReason if reason is not CloseReason.BY_HAND)


class Anchor(StrEnum):
    """What a rule counts from."""

    DISBURSEMENT = "disbursement"  # 放款日
    SCHEDULE = "schedule"  # 自放款日起按计划
    COMPLETION = "completion"  # 上次完成日
    MATURITY = "maturity"  # 到期日
    CLASS_CHANGE = "class_change"  # 分类下调日
    OVERDUE = "overdue"  # 逾期起始日
    CALENDAR = "calendar"  # 日历


class Unit(StrEnum):
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    HALF_YEAR = "half_year"
    YEAR = "year"


class Shift(StrEnum):
    """What happens to a due date on a day off."""

    NONE = "none"
    NEXT = "next"
    PREVIOUS = "previous"


class Start(StrEnum):
    """Where a round begins."""

    POSITION = "position"  # 当前位置
    CHECK = "check"  # 上次检查处
    BRANCH = "branch"  # 所在支行
    HOME = "home"  # 家
    MIDDLE = "middle"  # 客户中心点


class Finish(StrEnum):
    """Where a round ends."""

    BRANCH = "branch"
    HOME = "home"
    ANYWHERE = "anywhere"  # 最后一户


class Reach(StrEnum):
    """Which visits are planned."""

    DUE = "due"  # 今日到期及超期
    WEEK = "week"  # 七日内到期
    ALL = "all"


class SharingState(StrEnum):
    """How far a branch's visits are shared out."""

    RUNNING = "running"
    READY = "ready"
    APPLIED = "applied"
    DROPPED = "dropped"
    FAILED = "failed"


class Assign(StrEnum):
    MANAGER = "manager"  # 管户客户经理
    INSPECTOR = "inspector"  # 指定的贷后人员
    POOL = "pool"  # 支行待领


class Level(StrEnum):
    """Warning levels, weakest first; the database orders them the same way."""

    BLUE = "blue"
    YELLOW = "yellow"
    ORANGE = "orange"
    RED = "red"


class CustomerLevel(StrEnum):
    """How much care a customer needs (客户级别), best to worst."""

    A = "A"
    B = "B"
    C = "C"
    D = "D"
    E = "E"


class HandoverState(StrEnum):
    """Waiting for its day, done, given back (undone, or temporary and over), withdrawn before its day, or impossible on it."""

    WAITING = "waiting"  # 待生效
    DONE = "done"  # 已移交
    RETURNED = "returned"  # 已交还
    WITHDRAWN = "withdrawn"  # 已撤回
    FAILED = "failed"  # 未能移交


class Held(StrEnum):
    """What somebody holds of a customer and can hand over. In the order in which rows are locked everywhere."""

    TODO = "todo"
    LOAN = "loan"
    MANAGER = "manager"
    INSPECTOR = "inspector"
    SIGNAL = "signal"
    LEAD = "lead"


class SignalState(StrEnum):
    RAISED = "raised"  # 待确认
    TAKEN = "taken"  # 处理中
    ANSWERED = "answered"  # 待核实
    CLOSED = "closed"  # 已关闭
    FALSE_ALARM = "false_alarm"  # 误报
    LIFTED = "lifted"  # 条件消失,自动解除


LIVE_SIGNALS = (SignalState.RAISED, SignalState.TAKEN, SignalState.ANSWERED)


class Fate(StrEnum):
    """What a night does with the signal on a subject, by a draft of its rule."""

    RAISED = "raised"  # 新增预警
    WORSE = "worse"  # 预警升级
    STAYS = "stays"  # 预警保持
    QUIET = "quiet"  # 静默期内不重复
    LIFTED = "lifted"  # 预警解除
    LEFT = "left"  # 已有人处理,不自动解除
    NOTHING = "nothing"  # 不新增


class Subject(StrEnum):
    """What a signal is about."""

    LOAN = "loan"
    CUSTOMER = "customer"
    BRANCH = "branch"
    STAFF = "staff"


class Outcome(StrEnum):
    """How an attempted check went; only COMPLETED discharges a todo."""

    COMPLETED = "completed"
    PARTIAL = "partial"  # answered by a relative, part of the premises seen
    UNREACHED = "unreached"  # no answer, gate locked
    WRONG_CONTACT = "wrong_contact"  # dead number, stranger, address not found
    REFUSED = "refused"


class CallResult(StrEnum):
    """What became of one call (电话结果); how far it counts is CALL_OUTCOME's to say."""

    SELF = "self"  # 本人接通
    SPOUSE = "spouse"  # 配偶接通
    OTHER = "other"  # 他人接通
    NO_ANSWER = "no_answer"  # 无人接听
    OFF = "off"  # 关机/停机
    DEAD = "dead"  # 空号
    STRANGER = "stranger"  # 非本人号码
    REFUSED = "refused"  # 拒绝


# Only the borrower's own answer completes a phone check.
CALL_OUTCOME = {
    CallResult.SELF: Outcome.COMPLETED,
    CallResult.SPOUSE: Outcome.PARTIAL,
    CallResult.OTHER: Outcome.PARTIAL,
    CallResult.NO_ANSWER: Outcome.UNREACHED,
    CallResult.OFF: Outcome.UNREACHED,
    CallResult.DEAD: Outcome.WRONG_CONTACT,
    CallResult.STRANGER: Outcome.WRONG_CONTACT,
    CallResult.REFUSED: Outcome.REFUSED,
}
# Somebody was spoken to: what the daily limit of collection calls counts.
EFFECTIVE = (Outcome.COMPLETED, Outcome.PARTIAL, Outcome.REFUSED)


class Conclusion(StrEnum):
    NORMAL = "normal"
    ATTENTION = "attention"
    RISK = "risk"
    UNABLE = "unable"


class FixSource(StrEnum):
    """On which occasion a phone told where it is."""

    CHECK_IN = "check_in"  # 到场
    DURING = "during"  # 检查途中
    SUBMIT = "submit"  # 提交


class LeadState(StrEnum):
    """What has become of new business (商机)."""

    NEW = "new"  # 待联系
    CONTACTED = "contacted"  # 跟进中
    WON = "won"  # 已成交
    LOST = "lost"  # 已流失


# What a lead may become; whoever was lost may come again.
LEAD_STEPS = {
    LeadState.NEW: (LeadState.CONTACTED, LeadState.WON, LeadState.LOST),
    LeadState.CONTACTED: (LeadState.WON, LeadState.LOST),
    LeadState.LOST: (LeadState.CONTACTED,),
    LeadState.WON: (),
}


class ReviewState(StrEnum):
    """How far a review of presence has come."""

    WAITING = "waiting"  # 待复核
    DECIDED = "decided"  # 已复核
    APPEALED = "appealed"  # 申诉中
    SETTLED = "settled"  # 已终审


PENDING_REVIEWS = (ReviewState.WAITING, ReviewState.APPEALED)


class Finding(StrEnum):
    """What a reviewer found of presence."""

    ACCEPTED = "accepted"  # 认可
    DOUBTFUL = "doubtful"  # 存疑
    REFUSED = "refused"  # 不认可


class Opinion(StrEnum):
    """Head office's word on a check."""

    PASSED = "passed"  # 通过
    RETURNED = "returned"  # 退回


class SecondLook(StrEnum):
    """What a second look at a drawn check came to (抽查结果)."""

    WAITING = "waiting"  # 待抽查
    AGREED = "agreed"  # 属实
    DOUBTED = "doubted"  # 存疑


class CallBack(StrEnum):
    """What the customer said when he was called about a check (回访结果)."""

    CONFIRMED = "confirmed"  # 客户证实
    CONTRADICTED = "contradicted"  # 与客户说法不符
    UNREACHED = "unreached"  # 未联系上


class Flaw(StrEnum):
    """What is pointed out about the quality of a check (质量提示); nothing is blocked by it."""

    COPIED = "copied"  # 文字雷同
    SAME = "same"  # 答案照搬
    SHORT = "short"  # 描述过短
    QUICK = "quick"  # 用时过短
    LATE = "late"  # 迟报
    CROWDED = "crowded"  # 扎堆走访


class Definition(StrEnum):
    """Families of versioned, dated, twice-signed data."""

    TODO_RULE = "todo_rule"
    SIGNAL_RULE = "signal_rule"
    MAPPING = "mapping"
    PARAMETER = "parameter"
    FORM = "form"
    SCORECARD = "scorecard"
    PRODUCT = "product"


class Approval(StrEnum):
    SUBMITTED = "submitted"
    APPROVED = "approved"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class FeedState(StrEnum):
    LOADING = "loading"
    LOADED = "loaded"
    STOPPED = "stopped"  # refused before anything was published; may be overridden by a second person
    FAILED = "failed"


class JobState(StrEnum):
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class News(StrEnum):
    """What somebody is told of by himself."""

    NIGHT = "night"  # 夜间待办更新
    ASSIGNED = "assigned"  # 待办分派
    SIGNALS = "signals"  # 预警信号
    DECISION = "decision"  # 待您审批
    ANSWER = "answer"  # 审批结果
    STAND_IN = "stand_in"  # 代班安排
    SPOT = "spot"  # 记录抽查
    DIGEST = "digest"  # 每日摘要
    FILE = "file"  # 报表文件
    TRIAL = "trial"  # 测试消息


class DispatchState(StrEnum):
    """How far a notice has come on one channel."""

    WAITING = "waiting"
    SENDING = "sending"  # handed to the channel, which has not answered yet
    SENT = "sent"
    FAILED = "failed"  # tried as often as it is worth
    UNKNOWN = "unknown"  # the channel's answer was lost: sent or not, nobody here can know
    DROPPED = "dropped"  # not worth sending any more


class ExportState(StrEnum):
    """How far a file has come."""

    WAITING = "waiting"  # 排队中
    HELD = "held"  # 待审批
    RUNNING = "running"  # 导出中
    READY = "ready"  # 可下载
    FAILED = "failed"  # 未完成
    REFUSED = "refused"  # 未批准
    GONE = "gone"  # 已删除


PENDING_EXPORTS = (ExportState.WAITING, ExportState.HELD, ExportState.RUNNING)


class Rhythm(StrEnum):
    """How often a report is made by itself."""

    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


class SignInOutcome(StrEnum):
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    LOCKED = "locked"
    DISABLED = "disabled"


class Place(StrEnum):
    """Places of a customer's, in the order in which a visit would go there."""

    BUSINESS = "business"  # 经营场所
    HOME = "home"  # 住所
    LAND = "land"  # 土地
    COLLATERAL = "collateral"  # 抵押物


# A customer lives in one place and works in one; land and collateral may lie in several.
SINGLE_PLACES = (Place.BUSINESS, Place.HOME)


class Marking(StrEnum):
    """How a place was marked."""

    HERE = "here"  # 现场定位
    TAP = "tap"  # 地图点选
    TYPED = "typed"  # 坐标录入
    IMPORTED = "imported"  # 批量导入


class Request(StrEnum):
    """What needs a second person, besides what has a table of its own for it."""

    ADDRESS_MOVE = "address_move"  # 地址变更
    EXPORT = "export"  # 大批量导出
    LEVEL = "level"  # 客户级别调整
    WORKING_DAYS = "working_days"  # 工作日调整
    DEFERRAL = "deferral"  # 待办延期
    EXEMPTION = "exemption"  # 免检
    CYCLE = "cycle"  # 单笔检查频率调整
    ROLE = "role"  # 角色变更
    BRANCH = "branch"  # 机构调整


class BranchAct(StrEnum):
    """What two people do with a branch."""

    MOVE = "move"  # 调整上级
    CLOSE = "close"  # 撤销
    MERGE = "merge"  # 合并
    PART = "part"  # 撤回合并
