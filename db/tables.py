"""Every table, column and promise of the store.

Conventions: money is bigint fen (`*_fen`), business days are date (`*_on`), moments are timestamptz in UTC (`*_at`),
coordinates are WGS-84. Tables that grow with the book carry the customer's id in their primary key, so that the
store can be distributed by it. Names of constraints and indexes say what they promise or whom they serve.
"""

import sqlalchemy as sa
from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    Date,
    DateTime,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Numeric,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)  # fmt: skip
from sqlalchemy.dialects.postgresql import ARRAY, ENUM, JSONB, UUID

from db import vocab

metadata = sa.MetaData(
    naming_convention={
        "pk": "%(table_name)s_pkey",
        "fk": "%(table_name)s_%(column_0_name)s_fkey",
        "uq": "%(table_name)s_%(column_0_name)s_key",
        "ix": "%(table_name)s_%(column_0_name)s_idx",
        "ck": "%(table_name)s_%(constraint_name)s_check",
    }
)

OBJECT = JSONB(none_as_null=True)  # nothing is NULL, never the JSON word null, which IS NOT NULL would find
# The smallest named place in a Chinese address that several customers share.
PLACE = "substring(address from '([^省市区县]*[村屯镇乡街路])')"

loan_class = ENUM(*(c.value for c in vocab.LoanClass), name="loan_class", metadata=metadata)
signal_level = ENUM(*(level.value for level in vocab.Level), name="signal_level", metadata=metadata)


def word(name: str, words, nullable: bool = False, **options) -> Column:
    """A column that holds one of the bank's words, checked by the database."""
    return Column(name, Text, one_of(name, words), nullable=nullable, **options)


def by_the_thousand() -> Identity:
    """Numbers for rows that come by the million: a connection takes a thousand at a time, for one by one costs a tenth of a new row."""
    return Identity(cache=1000)


def one_of(name: str, words) -> CheckConstraint:
    listed = ", ".join(f"'{w.value}'" for w in words)
    return CheckConstraint(f"{name} in ({listed})", name=name)


def moment(name: str, nullable: bool = True, **options) -> Column:
    return Column(name, DateTime(timezone=True), nullable=nullable, **options)


def now_by_default(name: str) -> Column:
    return moment(name, nullable=False, server_default=text("now()"))


def staff_ref(name: str, **options) -> Column:
    return Column(name, Integer, ForeignKey("staff.id"), **options)


# --- The bank itself -------------------------------------------------------------------------------------------------

branches = Table(
    "branches", metadata,
    Column("id", Integer, Identity(), primary_key=True),
    Column("code", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("parent_id", Integer, ForeignKey("branches.id")),
    Column("closed_on", Date),
    Column("feed_hash", BigInteger),
    Column("kept", ARRAY(Text), nullable=False, server_default=text("'{}'"), comment="columns that people decided: the feed leaves them alone"),
    Column("merged_into", Integer, ForeignKey("branches.id"), comment="where what the feed still names by this code belongs"),
    Column("lat", Double, comment="WGS-84; where its people set out from, once somebody has said so"),
    Column("lon", Double, comment="WGS-84"),
    CheckConstraint("parent_id <> id", name="not_its_own_parent"),
    CheckConstraint("(lat is null) = (lon is null)", name="both_or_neither"),
    comment="机构: the tree of head office, sub-branches and outlets",
)  # fmt: skip

branch_tree = Table(
    "branch_tree", metadata,
    Column("ancestor_id", Integer, ForeignKey("branches.id", ondelete="cascade"), primary_key=True),
    Column("branch_id", Integer, ForeignKey("branches.id", ondelete="cascade"), primary_key=True),
    comment="Every branch with itself and all above it; kept by the loader so that scopes need no recursion",
)  # fmt: skip

branch_moves = Table(
    "branch_moves", metadata,
    Column("request_id", BigInteger, nullable=False),
    Column("customer_id", BigInteger, nullable=False, server_default=text("0"), comment="0: about no customer"),
    Column(
        "what", Text, CheckConstraint("what in ('customer', 'loan', 'todo', 'signal', 'lead', 'staff', 'branch', 'report')", name="what"),
        nullable=False,
    ),
    Column("row_id", BigInteger, nullable=False),
    PrimaryKeyConstraint("request_id", "customer_id", "what", "row_id"),
    comment="Every row that a merger of branches moved: what undoing it needs",
)  # fmt: skip

staff = Table(
    "staff", metadata,
    Column("id", Integer, Identity(), primary_key=True),
    Column("staff_no", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("branch_id", Integer, ForeignKey("branches.id"), index=True),
    Column("post", Text, comment="岗位 as the source says it"),
    Column("phone", Text),
    Column("joined_on", Date, nullable=False),
    Column("left_on", Date, comment="first day on which this person is no longer with the bank"),
    staff_ref("left_by", comment="who ended this person by hand; the feed does not bring him back"),
    Column("feed_hash", BigInteger),
    # A number may be given to a new employee later: the old row keeps the old name.
    Index("staff_one_holder_of_a_number", "staff_no", unique=True, postgresql_where=text("left_on is null")),
    comment="员工",
)  # fmt: skip

staff_roles = Table(
    "staff_roles", metadata,
    Column("id", Integer, Identity(), primary_key=True),
    staff_ref("staff_id", nullable=False, index=True),
    word("role", [r for r in vocab.Role if r is not vocab.Role.MACHINE]),
    Column("branch_id", Integer, ForeignKey("branches.id"), nullable=False, comment="where the role is held"),
    Column("valid_from", Date, nullable=False),
    Column("valid_to", Date, comment="first day on which the role is no longer held"),
    staff_ref("granted_by"),
    CheckConstraint("valid_to > valid_from", name="ends_after_it_begins"),
    comment="One role at a time for each person; the exclusion constraint is in the first migration",
)  # fmt: skip

accounts = Table(
    "accounts", metadata,
    Column("staff_id", Integer, ForeignKey("staff.id"), primary_key=True),
    Column("username", Text, nullable=False, unique=True),
    Column("password_hash", Text, nullable=False, comment="argon2id"),
    moment("password_set_at", nullable=False),
    Column("must_change", Boolean, nullable=False, server_default=text("false")),
    moment("disabled_at"),
    staff_ref("disabled_by"),
    CheckConstraint("username = lower(username)", name="lower_case"),
)  # fmt: skip

sessions = Table(
    "sessions", metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("token_hash", LargeBinary, nullable=False, unique=True, comment="sha256 of the cookie; the cookie is not kept"),
    staff_ref("staff_id", nullable=False),
    moment("created_at", nullable=False),
    moment("seen_at", nullable=False, comment="last act of a human, not of a timer"),
    moment("ended_at"),
    Column("ended_because", Text),
    Column("source", Text),
    Column("agent", Text),
    staff_ref("viewing_id", comment="as whom its owner looks, and only looks"),
    moment("wall_until", comment="hangs on a wall until then: shows the dashboard and nothing else"),
    CheckConstraint("viewing_id is null or wall_until is null", name="one_way_to_look"),
    Index("sessions_live_of_staff", "staff_id", postgresql_where=text("ended_at is null")),
)  # fmt: skip

tickets = Table(
    "tickets", metadata,
    Column("ticket_hash", LargeBinary, primary_key=True),
    Column("token", Text, nullable=False, comment="the cookie to set; empty clears it"),
    moment("expires_at", nullable=False),
    comment="One-time tickets by which the sign-in page has a cookie set through an HTTP route",
)  # fmt: skip

sign_ins = Table(
    "sign_ins", metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    now_by_default("at"),
    Column("username", Text, nullable=False),
    Column("source", Text, nullable=False),
    staff_ref("staff_id"),
    word("outcome", vocab.SignInOutcome),
    Index("sign_ins_of_username", "username", "at"),
    Index("sign_ins_of_source", "source", "at"),
    comment="Every attempt, counted for the lockout and kept for the trail",
)  # fmt: skip

preferences = Table(
    "preferences", metadata,
    Column("staff_id", Integer, ForeignKey("staff.id"), primary_key=True),
    Column("wishes", OBJECT, nullable=False, server_default=text("'{}'")),
    comment="Language, theme, density, first page, favourites, columns: one person's style",
)  # fmt: skip

searches = Table(
    "searches", metadata,
    staff_ref("staff_id", nullable=False),
    Column("words", Text, nullable=False, comment="as they were typed; never a phone or identity number"),
    moment("at", nullable=False),
    PrimaryKeyConstraint("staff_id", "words"),
    comment="最近搜索: what somebody searched for last",
)  # fmt: skip

calendar_links = Table(
    "calendar_links", metadata,
    Column("staff_id", Integer, ForeignKey("staff.id"), primary_key=True),
    Column("token_hash", LargeBinary, nullable=False, unique=True, comment="sha256 of the secret in the link; the secret is not kept"),
    moment("made_at", nullable=False),
    moment("used_at", comment="last time a calendar came for it"),
    comment="日历订阅: the secret link under which somebody's calendar fetches his due days",
)  # fmt: skip

# --- What people are told of ------------------------------------------------------------------------------------------

notices = Table(
    "notices", metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    staff_ref("staff_id", nullable=False, comment="who is told"),
    word("why", vocab.News),
    Column("about", Text, nullable=False, comment="the page it leads to"),
    Column("parts", OBJECT, nullable=False, comment="numbers and kinds, no words and no customer: said in the reader's language"),
    Column("same", Text, nullable=False, comment="what counts as the same news"),
    Column("urgent", Boolean, nullable=False, server_default=text("false"), comment="is sent on days off too"),
    now_by_default("created_at"),
    moment("until_at", comment="from then on it is not worth sending"),
    moment("read_at"),
    # However often a night runs, somebody is told once.
    UniqueConstraint("staff_id", "same", name="notices_told_once"),
    Index("notices_of_staff", "staff_id", "id"),
    Index("notices_unread", "staff_id", postgresql_where=text("read_at is null")),  # the bell counts on every page
    CheckConstraint("about ~ '^[a-z-]+([?][a-z_]+=[A-Za-z0-9_-]+(&[a-z_]+=[A-Za-z0-9_-]+)*)?$'", name="leads_to_a_page"),
    comment="消息: what somebody is told of; written with what it tells of",
)  # fmt: skip

dispatches = Table(
    "dispatches", metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("notice_id", BigInteger, ForeignKey("notices.id", ondelete="cascade"), nullable=False),
    staff_ref("staff_id", nullable=False),
    Column("channel", Text, nullable=False),
    word("state", vocab.DispatchState, server_default=text("'waiting'")),
    moment("not_before", nullable=False),
    Column("tries", Integer, nullable=False, server_default=text("0")),
    moment("claimed_at"),
    moment("ended_at"),
    Column("problem", Text, comment="why not, as a code: what a channel says may hold its secret"),
    UniqueConstraint("notice_id", "channel", name="dispatches_once_a_channel"),
    Index("dispatches_waiting", "channel", "not_before", postgresql_where=text("state = 'waiting'")),
    Index("dispatches_in_hand", "claimed_at", postgresql_where=text("state = 'sending'")),
    Index("dispatches_of_staff", "staff_id"),
    comment="推送: a notice on its way out through one channel",
)  # fmt: skip

# --- The book --------------------------------------------------------------------------------------------------------

products = Table(
    "products", metadata,
    Column("id", Integer, Identity(), primary_key=True),
    Column("code", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("source", Text, nullable=False),
    word("family", vocab.Family),
    word("customer_kind", vocab.CustomerKind, nullable=True),
    Column("feed_hash", BigInteger),
)  # fmt: skip

CHARACTERS = "string_to_array(lower(name), null)"

customers = Table(
    "customers", metadata,
    Column("id", BigInteger, by_the_thousand(), primary_key=True),
    Column("customer_no", Text, nullable=False, unique=True),
    Column("source", Text, nullable=False),
    Column("name", Text, nullable=False),
    word("kind", vocab.CustomerKind),
    Column("identity_no", Text, comment="C2: readable through vigil_reveal() only"),
    Column("phone", Text, comment="C2: readable through vigil_reveal() only"),
    Column("identity_masked", Text, Computed("vigil_mask(identity_no, 3, 4)", persisted=True)),
    Column("phone_masked", Text, Computed("vigil_mask(phone, 3, 4)", persisted=True)),
    Column("identity_hash", LargeBinary, Computed("vigil_lookup(identity_no)", persisted=True)),
    Column("phone_hash", LargeBinary, Computed("vigil_lookup(phone)", persisted=True)),
    Column("address", Text),
    Column("branch_id", Integer, ForeignKey("branches.id"), nullable=False),
    staff_ref("manager_id"),
    Column("manager_text", Text, comment="what the source says: a number, a name, or nobody's name"),
    Column("handover_id", Integer, ForeignKey("handovers.id"), comment="by which the manager holds; null: as the source says"),
    staff_ref("inspector_id", comment="named by the manager: who goes there"),
    Column("village", Text, Computed(PLACE, persisted=True), comment="乡镇/村/街 of the address: for routes and clusters"),
    Column("created_on", Date, nullable=False, comment="business date of the first feed that had this customer"),
    Column("feed_hash", BigInteger),
    Index("customers_of_branch", "branch_id"),
    Index("customers_of_manager", "manager_id"),
    Index("customers_of_inspector", "inspector_id", postgresql_where=text("inspector_id is not null")),
    Index("customers_by_identity", "identity_hash"),
    Index("customers_by_phone", "phone_hash"),
    Index("customers_by_character", text(CHARACTERS), postgresql_using="gin"),  # a name that is not spelt yet
    Index("customers_by_address", text("hashtext(address)")),  # who lives in the same house; a hash index is built three times as long
    comment="客户",
)  # fmt: skip

spellings = Table(
    "spellings", metadata,
    Column("customer_id", BigInteger, ForeignKey("customers.id"), primary_key=True),
    Column("name", Text, nullable=False, comment="as it was when it was spelt"),
    Column("village", Text),
    Column("pinyin", Text, nullable=False),
    Column("initials", Text, nullable=False, comment="of the name, and of the village behind a blank"),
    Column("pieces", ARRAY(Text), nullable=False, comment="runs of one and two characters, of two initials, of three letters"),
    Index("spellings_by_piece", "pieces", postgresql_using="gin"),
    comment="By which customers are found as fast as their names are typed; written after each feed",
)  # fmt: skip

# Largest first is how lists begin. An index on the amount itself would have to know of every change of a balance; one on
# its power of two seldom does, and what it leaves to sort is one power's rows.
SIZE = "case when {0} > 0 then floor(ln({0}::double precision) / ln(2::double precision)) else -1 end::smallint"

customer_faces = Table(
    "customer_faces", metadata,
    Column("customer_id", BigInteger, ForeignKey("customers.id"), primary_key=True),
    word("segment", vocab.Segment),
    word("main_family", vocab.Family, comment="family of the largest live balance"),
    Column("level", Text, CheckConstraint("level in ('A','B','C','D','E')", name="level")),
    Column("live_loans", Integer, nullable=False),
    Column("exposure_fen", BigInteger, nullable=False, comment="sum of live balances"),
    Column("size", SmallInteger, Computed(SIZE.format("exposure_fen"), persisted=True), nullable=False, comment="its power of two"),
    Column("overdue_since", Date, comment="oldest unpaid day over all live loans"),
    Column("worst_class", loan_class),
    now_by_default("touched_at"),
    Index("customer_faces_in_arrears", "customer_id", postgresql_where=text("overdue_since is not null")),
    # The night looks only at customers that changed since the last one.
    Index("customer_faces_touched", "touched_at"),
    Index("customer_faces_by_size", "size", postgresql_where=text("live_loans > 0")),
    comment="What follows from a customer's loans; kept by the loader, and touched by whatever the night must look at",
    postgresql_with={"fillfactor": "85"},
)  # fmt: skip

customer_levels = Table(
    "customer_levels", metadata,
    Column("customer_id", BigInteger, ForeignKey("customers.id"), nullable=False),
    Column("from_on", Date, nullable=False),
    Column("to_on", Date, comment="first business date with another level; null while it is held"),
    word("level", vocab.CustomerLevel),
    Column("score", Integer, nullable=False),
    Column("points", OBJECT, nullable=False, comment="by item of the scorecard, as they are now or were last"),
    Column("caps", ARRAY(Text), nullable=False, comment="of the scorecard: what holds the level down"),
    Column("card_version", Integer, nullable=False),
    PrimaryKeyConstraint("customer_id", "from_on"),
    Index("customer_levels_now", "customer_id", unique=True, postgresql_where=text("to_on is null")),
    comment="客户级别 as reckoned at night: one row for each stretch of days with one level",
)  # fmt: skip

level_adjustments = Table(
    "level_adjustments", metadata,
    Column("id", BigInteger, Identity(), nullable=False),
    Column("customer_id", BigInteger, ForeignKey("customers.id"), nullable=False),
    word("level", vocab.CustomerLevel),
    Column("from_on", Date, nullable=False),
    Column("until_on", Date, nullable=False, comment="last day; then the reckoned level is back"),
    Column("reason", Text, nullable=False),
    staff_ref("made_by", nullable=False),
    staff_ref("approved_by", nullable=False),
    moment("approved_at", nullable=False),
    Column("ended_on", Date, comment="ended before its time, or replaced"),
    staff_ref("ended_by"),
    PrimaryKeyConstraint("id", "customer_id"),
    CheckConstraint("approved_by <> made_by", name="four_eyes"),
    CheckConstraint("until_on >= from_on", name="ends_after_it_begins"),
    Index("level_adjustments_one_at_a_time", "customer_id", unique=True, postgresql_where=text("ended_on is null")),
    comment="客户级别 by hand, for a while: approved by a second person",
)  # fmt: skip

addresses = Table(
    "addresses", metadata,
    Column("id", BigInteger, Identity(), nullable=False),
    Column("customer_id", BigInteger, ForeignKey("customers.id"), nullable=False),
    word("kind", vocab.Place),
    Column("place", Text, nullable=False, comment="the address in words"),
    Column("lat", Double, comment="WGS-84"),
    Column("lon", Double, comment="WGS-84"),
    Column("datum", Text, CheckConstraint("datum in ('wgs84','gcj02','bd09')", name="datum"), comment="as it was given"),
    Column("radius_m", Integer, nullable=False, server_default=text("300")),
    staff_ref("marked_by"),
    moment("marked_at"),
    Column("doubt", Text, comment="why the point is doubted; null when it is not"),
    moment("replaced_at", comment="set when a newer row took its place; the old one stays"),
    word("way", vocab.Marking, nullable=True, comment="how it was marked"),
    Column("accuracy_m", Double, comment="of the phone's position, when that was taken"),
    Column("why", Text, comment="why the place was corrected"),
    Column("moved_m", Double, nullable=False, server_default=text("0"), comment="moved since two people last agreed on it"),
    staff_ref("marker_id", comment="who is asked to mark it"),
    staff_ref("approved_by", comment="the second person, when one was needed"),
    staff_ref("checked_by", comment="found it right although it was doubted; the machine doubts it no more"),
    PrimaryKeyConstraint("id", "customer_id"),
    Index("addresses_of_customer", "customer_id", postgresql_where=text("replaced_at is null")),
    # Two who mark at the same time: one of them is told.
    Index(
        "addresses_one_home_one_business", "customer_id", "kind",
        unique=True, postgresql_where=text("replaced_at is null and kind in ('business','home')"),
    ),
    Index("addresses_asked_of", "marker_id", postgresql_where=text("replaced_at is null and lat is null")),
    CheckConstraint("approved_by <> marked_by", name="four_eyes"),
    CheckConstraint("(lat is null) = (lon is null)", name="both_or_neither"),
    CheckConstraint("lat between 3 and 54 and lon between 73 and 136", name="in_china"),
    comment="地址标记",
)  # fmt: skip

loans = Table(
    "loans", metadata,
    Column("id", BigInteger, by_the_thousand(), nullable=False),
    Column("customer_id", BigInteger, ForeignKey("customers.id"), nullable=False),
    Column("source", Text, nullable=False),
    Column("loan_no", Text, nullable=False, comment="借据号"),
    Column("contract_no", Text),
    Column("product_id", Integer, ForeignKey("products.id"), nullable=False),
    Column("branch_id", Integer, ForeignKey("branches.id"), nullable=False),
    staff_ref("manager_id"),
    Column("manager_text", Text, comment="what the source says: a number, a name, or nobody's name"),
    Column("handover_id", Integer, ForeignKey("handovers.id"), comment="by which the manager holds; null: as the source says"),
    Column("amount_fen", BigInteger, nullable=False),
    Column("balance_fen", BigInteger, nullable=False),
    Column("size", SmallInteger, Computed(SIZE.format("balance_fen"), persisted=True), nullable=False, comment="power of two of the balance"),
    Column("rate", Numeric(9, 6), comment="per cent a year"),
    Column("disbursed_on", Date, nullable=False),
    Column("matures_on", Date, nullable=False),
    Column("class", loan_class, nullable=False),
    Column("worsened_on", Date, comment="business date on which the class last got worse"),
    word("guarantee", vocab.Guarantee, nullable=True),
    word("repayment", vocab.Repayment, nullable=True),
    word("payment", vocab.Payment, nullable=True),
    Column("purpose", Text),
    Column("agri", Boolean, nullable=False, server_default=text("false")),
    Column("extensions", SmallInteger, nullable=False, server_default=text("0")),
    word("status", vocab.LoanStatus, server_default=text("'normal'")),
    Column("live", Boolean, Computed("status in ('normal','overdue')", persisted=True)),
    Column("principal_fen", BigInteger, nullable=False, server_default=text("0"), comment="principal in arrears"),
    Column("principal_since", Date),
    Column("interest_fen", BigInteger, nullable=False, server_default=text("0"), comment="interest in arrears"),
    Column("interest_since", Date),
    Column("overdue_since", Date, comment="the older of the two: the due day that was missed; the day after is day 1"),
    Column("first_seen_on", Date, nullable=False),
    Column("absent_since", Date, comment="first full snapshot without it; null while present"),
    Column("changed_on", Date, nullable=False, comment="business date since which the row looks as it does"),
    # A column of its own: an index on changed_on would have to know of every change of a balance.
    Column("ended_on", Date, Computed("case when status in ('normal','overdue') then null else changed_on end", persisted=True)),
    Column("feed_hash", BigInteger),
    PrimaryKeyConstraint("id", "customer_id"),
    # The number first: a link to a loan, and the search, know no source.
    UniqueConstraint("loan_no", "source", name="loans_one_row_a_note"),
    Index("loans_of_customer", "customer_id"),
    Index("loans_by_contract", "contract_no"),
    Index("loans_of_branch", "branch_id"),
    Index("loans_of_manager", "manager_id"),
    Index("loans_in_arrears", "overdue_since", postgresql_where=text("live and overdue_since is not null")),
    # What opens tonight is found by the day it counts from.
    Index("loans_disbursed", "disbursed_on", postgresql_where=text("live")),
    Index("loans_maturing", "matures_on", postgresql_where=text("live")),
    Index("loans_worsened", "worsened_on", postgresql_where=text("live and worsened_on is not null")),
    Index("loans_ended", "ended_on", postgresql_where=text("ended_on is not null")),
    Index("loans_by_size", "size", postgresql_where=text("live")),
    Index("loans_worse", "id", postgresql_where=text("class <> 'normal'")),
    Index("loans_absent", "id", postgresql_where=text("live and absent_since is not null")),
    CheckConstraint("matures_on >= disbursed_on", name="matures_after_disbursed"),
    CheckConstraint("balance_fen >= 0 and amount_fen >= 0", name="not_negative"),
    comment="借据: today's face of each note",
    postgresql_with={"fillfactor": "60"},  # a changed row finds room on its page, and no index needs to know
)  # fmt: skip

loan_history = Table(
    "loan_history", metadata,
    Column("loan_id", BigInteger, nullable=False),
    Column("customer_id", BigInteger, nullable=False),
    Column("from_on", Date, nullable=False),
    Column("to_on", Date, nullable=False, comment="first business date on which the row looked otherwise"),
    Column("branch_id", Integer, nullable=False),
    Column("manager_id", Integer),
    Column("balance_fen", BigInteger, nullable=False),
    Column("class", loan_class, nullable=False),
    Column("status", Text, nullable=False),
    Column("principal_fen", BigInteger, nullable=False),
    Column("interest_fen", BigInteger, nullable=False),
    Column("overdue_since", Date),
    Column("matures_on", Date, nullable=False),
    Column("extensions", SmallInteger, nullable=False),
    Column("run_id", BigInteger, nullable=False, comment="the feed run that ended this state"),
    PrimaryKeyConstraint("loan_id", "customer_id", "from_on"),
    Index("loan_history_of_customer", "customer_id"),
    Index("loan_history_worse", "loan_id", postgresql_where=text("class <> 'normal'")),  # which loans ever changed their class
    Index("loan_history_late", "to_on", postgresql_where=text("overdue_since is not null")),  # few, and asked for every night
    comment="Past states of a note, one row for each stretch of days; the present one is in loans",
)  # fmt: skip

arrears = Table(
    "arrears", metadata,
    Column("source", Text, nullable=False),
    Column("loan_no", Text, nullable=False),
    Column("principal_fen", BigInteger, nullable=False),
    Column("principal_since", Date),
    Column("interest_fen", BigInteger, nullable=False),
    Column("interest_since", Date),
    Column("feed_hash", BigInteger),
    PrimaryKeyConstraint("source", "loan_no"),
    comment="违约 as handed down; may name a note that is not (yet) in the book",
)  # fmt: skip

guarantors = Table(
    "guarantors", metadata,
    Column("id", BigInteger, by_the_thousand(), nullable=False),
    Column("source", Text, nullable=False),
    Column("loan_no", Text, nullable=False),
    Column("loan_id", BigInteger, nullable=False),
    Column("customer_id", BigInteger, ForeignKey("customers.id"), nullable=False, comment="the borrower"),
    Column("guarantor_id", BigInteger, ForeignKey("customers.id"), comment="when the guarantor is our customer too"),
    Column("guarantor_no", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("amount_fen", BigInteger),
    Column("feed_hash", BigInteger),
    PrimaryKeyConstraint("id", "customer_id"),
    UniqueConstraint("source", "loan_no", "guarantor_no", name="guarantors_once_a_note"),
    Index("guarantors_of_customer", "customer_id"),
    Index("guarantors_of_loan", "loan_id"),
    Index("guarantors_by_guarantor", "guarantor_id"),
    Index("guarantors_by_number", "guarantor_no"),  # who else has the same one, customer or not
    comment="保证人",
)  # fmt: skip

# --- Rules, parameters, calendar: data that two people sign ----------------------------------------------------------

definitions = Table(
    "definitions", metadata,
    Column("id", Integer, Identity(), primary_key=True),
    word("family", vocab.Definition),
    Column("code", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("body", OBJECT, nullable=False),
    Column("valid_from", Date, nullable=False),
    word("state", vocab.Approval),
    Column("why", Text, nullable=False, comment="the maker's reason"),
    staff_ref("made_by", comment="null: shipped with the product"),
    now_by_default("made_at"),
    staff_ref("decided_by"),
    moment("decided_at"),
    Column("decided_why", Text),
    UniqueConstraint("family", "code", "version", name="definitions_one_version"),
    CheckConstraint("decided_by <> made_by", name="four_eyes"),
    Index("definitions_in_force", "family", "code", "valid_from", postgresql_where=text("state = 'approved'")),
    comment="In force on a day: of each code the approved version with the latest valid_from not after it",
)  # fmt: skip

sketches = Table(
    "sketches", metadata,
    staff_ref("staff_id", nullable=False),
    word("family", vocab.Definition),
    Column("code", Text, nullable=False),
    Column("body", OBJECT, nullable=False),
    now_by_default("saved_at"),
    PrimaryKeyConstraint("staff_id", "family", "code"),
    comment="草稿: a definition that somebody is still writing; gone when it is submitted",
)  # fmt: skip

calendar_days = Table(
    "calendar_days", metadata,
    Column("day", Date, primary_key=True),
    Column("working", Boolean, nullable=False),
    Column("provisional", Boolean, nullable=False, server_default=text("false"), comment="beyond the published year"),
    Column("note", Text),
    staff_ref("set_by", comment="null: published calendar; else the bank's own override"),
)  # fmt: skip

# --- The work --------------------------------------------------------------------------------------------------------

todos = Table(
    "todos", metadata,
    Column("id", BigInteger, Identity(), nullable=False),
    Column("customer_id", BigInteger, ForeignKey("customers.id"), nullable=False),
    word("kind", vocab.Kind),
    Column("subject", BigInteger, nullable=False, server_default=text("0"), comment="0: the customer; else the leading loan"),
    Column("period", Text, nullable=False, comment="which occurrence: 2026Q4, or anchor date and step"),
    word("mode", vocab.Mode),
    word("family", vocab.Family),
    Column("loan_ids", ARRAY(BigInteger), nullable=False),
    Column("rule_code", Text, comment="null: made by hand"),
    Column("rule_version", Integer),
    Column("anchor_on", Date),
    Column("branch_id", Integer, ForeignKey("branches.id"), nullable=False),
    staff_ref("assignee_id", comment="null: the branch's pool"),
    Column("pinned", Boolean, nullable=False, server_default=text("false"), comment="assigned by hand: the night keeps off"),
    word("state", vocab.TodoState, server_default=text("'open'")),
    Column("nominal_on", Date, nullable=False, comment="due day before the working-day shift"),
    Column("due_on", Date, nullable=False),
    Column("late_from", Date, nullable=False, comment="first day that counts as late: due, grace and one"),
    Column("ruled_on", Date, comment="due day by the rule, when somebody has moved it; null: due_on is the rule's"),
    Column("reissued_on", Date, comment="asked again by hand on this day: no rule takes it back"),
    Column("form_code", Text, comment="the form that was chosen with it; null: the one made for such a check"),
    Column("created_on", Date, nullable=False, comment="business date of the night that made it"),
    moment("started_at"),
    Column("closed_on", Date),
    staff_ref("closed_by"),
    word("close_reason", vocab.CloseReason, nullable=True),
    Column("close_note", Text),
    Column("record_id", BigInteger, comment="the check that discharged it"),
    PrimaryKeyConstraint("id", "customer_id"),
    # The engine may run twice, crash and catch up; the bank asks for each check once.
    UniqueConstraint("customer_id", "kind", "subject", "period", name="todos_asked_once"),
    Index("todos_of_assignee", "assignee_id", "due_on", postgresql_where=text("closed_on is null")),
    Index("todos_of_branch", "branch_id", "due_on", postgresql_where=text("closed_on is null")),
    Index("todos_by_due", "due_on", "id", postgresql_where=text("closed_on is null")),  # of the whole bank, the first due first
    Index("todos_closed", "closed_on", "branch_id", postgresql_where=text("closed_on is not null")),
    CheckConstraint("(closed_on is null) = (state in ('open', 'started'))", name="closed_has_a_day"),
    CheckConstraint("(state = 'cancelled') = (close_reason is not null)", name="cancelled_has_a_reason"),
    CheckConstraint("(state = 'done') <= (record_id is not null)", name="done_has_a_record"),
    CheckConstraint("late_from > due_on", name="late_after_due"),
    comment="待办",
    postgresql_with={"fillfactor": "90"},
)  # fmt: skip

claims = Table(
    "claims", metadata,
    Column("customer_id", BigInteger, nullable=False),
    Column("loan_id", BigInteger, nullable=False),
    word("kind", vocab.Kind),
    Column("period", Text, nullable=False),
    Column("todo_id", BigInteger, nullable=False),
    # Several loans may share one todo; each loan's obligation is still met by exactly one.
    PrimaryKeyConstraint("customer_id", "loan_id", "kind", "period"),
    ForeignKeyConstraint(["todo_id", "customer_id"], ["todos.id", "todos.customer_id"]),
    Index("claims_of_todo", "todo_id"),
    comment="Which todo covers which obligation of a loan",
)  # fmt: skip

batches = Table(
    "batches", metadata,
    Column("id", Integer, Identity(), primary_key=True),
    word("act", vocab.BatchAct),
    Column("branch_id", Integer, ForeignKey("branches.id"), nullable=False, comment="whose affair it is"),
    Column("name", Text, comment="of a campaign"),
    Column("wish", OBJECT, nullable=False, comment="to whom, until when: what was asked for, numbers and days"),
    Column("reason", Text),
    word("state", vocab.BatchState),
    Column("n", Integer, nullable=False, server_default=text("0"), comment="todos that it changed, made or asks about"),
    Column("refused", OBJECT, nullable=False, server_default=text("'{}'"), comment="how many could not, by why"),
    Column("rows_kept", Integer, comment="taken back: how many had changed since and stayed as they were"),
    Column("key", UUID(as_uuid=True), nullable=False, comment="made when the preview was drawn: pressed twice is done once"),
    staff_ref("made_by", nullable=False),
    moment("made_at", nullable=False),
    staff_ref("ended_by", comment="who took it back, or decided it"),
    moment("ended_at"),
    UniqueConstraint("key", name="batches_once"),
    CheckConstraint("(act = 'ask') = (name is not null)", name="a_campaign_has_a_name"),
    Index("batches_of_branch", "branch_id", "id"),
    comment="批量操作: what somebody did to many todos at once",
)  # fmt: skip

batch_rows = Table(
    "batch_rows", metadata,
    Column("batch_id", Integer, ForeignKey("batches.id"), nullable=False),
    Column("customer_id", BigInteger, nullable=False),
    Column("todo_id", BigInteger, nullable=False),
    Column("before", OBJECT, nullable=False, comment="the columns that the act changes, as they stood"),
    Column("after", OBJECT, comment="as the act puts them; null: not decided yet"),
    Column("returned", Boolean, nullable=False, server_default=text("false")),
    PrimaryKeyConstraint("batch_id", "customer_id", "todo_id"),
    ForeignKeyConstraint(["todo_id", "customer_id"], ["todos.id", "todos.customer_id"]),
    Index("batch_rows_of_todo", "todo_id"),  # whether something about it waits for a decision
    comment="Every todo of a batch, as it stood: what taking back needs",
)  # fmt: skip

records = Table(
    "records", metadata,
    Column("id", BigInteger, Identity(), nullable=False),
    Column("customer_id", BigInteger, ForeignKey("customers.id"), nullable=False),
    word("kind", vocab.Kind),
    word("mode", vocab.Mode),
    Column("loan_ids", ARRAY(BigInteger), nullable=False),
    Column("branch_id", Integer, ForeignKey("branches.id"), nullable=False),
    staff_ref("staff_id", nullable=False),
    Column("done_on", Date, nullable=False),
    moment("started_at"),
    moment("finished_at", nullable=False),
    now_by_default("received_at"),
    word("outcome", vocab.Outcome),
    word("conclusion", vocab.Conclusion),
    Column("form_code", Text, comment="the form that was filled in, and its version; null: none of ours"),
    Column("form_version", Integer),
    Column("answers", OBJECT, nullable=False, server_default=text("'{}'"), comment="by field of the form, words on what is abnormal beside"),
    Column("note", Text),
    Column("calls", OBJECT, comment="each attempt of a phone check: when, what became of it, how long"),
    Column("proposed_class", loan_class, comment="what the officer proposes; decided elsewhere"),
    Column("proposed_months", SmallInteger, comment="months to the next check, as the officer proposes"),
    Column("lat", Double),
    Column("lon", Double),
    Column("accuracy_m", Double),
    Column("distance_m", Double, comment="from the marked address"),
    Column("place", OBJECT, comment="that address as it was marked then: lat, lon, radius_m, words"),
    Column("on_site", Boolean, comment="within the fence, the fix's own accuracy allowed for; null: no position or no mark"),
    moment("fixed_at", comment="the phone's own moment of the position"),
    Column("grade", Text, CheckConstraint("grade in ('A','B','C','D')", name="grade"), comment="of presence; null: nothing to grade"),
    Column("presence", OBJECT, comment="the reasons of the grade"),
    Column("away_because", Text, comment="the officer's reason for not being on site"),
    Column("offline", Boolean, nullable=False, server_default=text("false"), comment="sent from the phone's queue, later than it was made"),
    Column("receipt", OBJECT, comment="what was answered to whoever submitted it; the same again when it is sent twice"),
    Column("submit_key", UUID(as_uuid=True), nullable=False, comment="made when the form was opened"),
    Column("digest", LargeBinary, nullable=False, comment="sha256 of what was submitted under the key"),
    Column("coarse", Boolean, nullable=False, server_default=text("false"), comment="lat and lon were rounded to about a kilometre"),
    PrimaryKeyConstraint("id", "customer_id"),
    # Sent twice is one record.
    UniqueConstraint("submit_key", name="records_submitted_once"),
    Index("records_of_customer", "customer_id", "kind", "done_on"),
    Index("records_of_staff", "staff_id", "done_on"),
    Index("records_of_branch", "branch_id", "done_on"),
    Index("records_by_day", "done_on", "id"),
    # What the coarsening of old positions has still to do.
    Index("records_exact", "done_on", postgresql_where=text("lat is not null and not coarse")),
    # Two phones that report the same digits.
    Index("records_at_place", "lat", "lon", postgresql_where=text("lat is not null")),
    comment="贷后记录: visits, calls and desk checks as submitted",
)  # fmt: skip

drafts = Table(
    "drafts", metadata,
    staff_ref("staff_id", nullable=False),
    Column("customer_id", BigInteger, ForeignKey("customers.id"), nullable=False),
    Column("form_key", Text, nullable=False, comment="what is being filled in: field:first:todo-12, phone:spot"),
    Column("submit_key", UUID(as_uuid=True), nullable=False, comment="made when the form was opened"),
    Column("form_code", Text, nullable=False),
    Column("form_version", Integer, nullable=False, comment="a form that was begun is finished as it was"),
    word("kind", vocab.Kind),
    word("mode", vocab.Mode),
    Column("branch_id", Integer, ForeignKey("branches.id"), nullable=False),
    Column("loan_ids", ARRAY(BigInteger), nullable=False, comment="the live loans when it was opened"),
    Column("todo_ids", ARRAY(BigInteger), nullable=False),
    Column("place", OBJECT, comment="the marked address when it was opened: lat, lon, radius_m"),
    Column("counter", BigInteger, nullable=False, server_default=text("0"), comment="an older state never covers a newer"),
    Column("content", OBJECT, nullable=False, server_default=text("'{}'")),
    now_by_default("opened_at"),
    now_by_default("saved_at"),
    staff_ref("begun_by", comment="a colleague whose words these were, before a handover; his own draft stays with him"),
    Column("handover_id", Integer, ForeignKey("handovers.id"), comment="by which they came"),
    # One draft a person and form, on however many devices.
    PrimaryKeyConstraint("staff_id", "customer_id", "form_key"),
    UniqueConstraint("submit_key", name="drafts_one_key"),
    Index("drafts_of_customer", "customer_id", "staff_id"),
    Index("drafts_by_handover", "handover_id", postgresql_where=text("handover_id is not null")),
    comment="Forms half filled in; gone when they are submitted",
)  # fmt: skip

uploads = Table(
    "uploads", metadata,
    Column("id", UUID(as_uuid=True), nullable=False, comment="made on the phone when the photo was taken"),
    Column("customer_id", BigInteger, ForeignKey("customers.id"), nullable=False),
    Column("submit_key", UUID(as_uuid=True), nullable=False, comment="of the form it belongs to"),
    staff_ref("staff_id", nullable=False),
    Column("total", Integer, nullable=False),
    Column("content", LargeBinary, nullable=False, comment="as much as has arrived; empty once the photo is in the store"),
    Column("sha256", LargeBinary, comment="name in the content-addressed store, once it is whole"),
    Column("width", Integer),
    Column("height", Integer),
    Column("bytes", Integer, comment="of the photo as it is kept"),
    moment("taken_at"),
    Column("lat", Double),
    Column("lon", Double),
    moment("told_at", comment="when the file itself says it was taken"),
    Column("told_lat", Double, comment="where the file itself says it was taken"),
    Column("told_lon", Double),
    Column("device", Text, comment="maker and model, as the file says"),
    Column("screen", Double, comment="how much it looks like a photo of a screen"),
    now_by_default("begun_at"),
    PrimaryKeyConstraint("id", "customer_id"),
    Index("uploads_of_form", "submit_key"),
    CheckConstraint("total between 1 and 16777216 and octet_length(content) <= total", name="within_limits"),
    comment="Photos on their way from a phone, and those of forms that are not submitted yet",
)  # fmt: skip

footprints = Table(
    "footprints", metadata,
    Column("id", BigInteger, Identity(), nullable=False),
    Column("customer_id", BigInteger, ForeignKey("customers.id"), nullable=False, comment="at whose visit"),
    staff_ref("staff_id", nullable=False),
    Column("branch_id", Integer, ForeignKey("branches.id"), nullable=False, comment="the customer's when the form was opened"),
    Column("submit_key", UUID(as_uuid=True), nullable=False, comment="of the form that took the position"),
    word("source", vocab.FixSource),
    moment("at", nullable=False, comment="the phone's own moment of the position"),
    Column("lat", Double, nullable=False),
    Column("lon", Double, nullable=False),
    Column("accuracy_m", Double),
    Column("coarse", Boolean, nullable=False, server_default=text("false"), comment="lat and lon were rounded to about a kilometre"),
    PrimaryKeyConstraint("id", "customer_id"),
    # A phone sends again what it does not know to have arrived; a check-in that is taken anew replaces the one before.
    UniqueConstraint("customer_id", "submit_key", "at", name="footprints_once"),
    Index("footprints_one_check_in", "customer_id", "submit_key", unique=True, postgresql_where=text("source = 'check_in'")),
    Index("footprints_of_staff", "staff_id", "at"),
    Index("footprints_exact", "at", postgresql_where=text("not coarse")),  # what the coarsening has still to do
    CheckConstraint("lat between 3 and 54 and lon between 73 and 136", name="in_china"),
    comment="足迹: where an officer's phone was while a visit was open",
)  # fmt: skip

customer_facts = Table(
    "customer_facts", metadata,
    Column("customer_id", BigInteger, ForeignKey("customers.id"), primary_key=True),
    Column("phone", Text, comment="C2: readable through vigil_reveal() only"),
    Column("phone_masked", Text, Computed("vigil_mask(phone, 3, 4)", persisted=True)),
    Column("phone_hash", LargeBinary, Computed("vigil_lookup(phone)", persisted=True)),
    Column("business", Text),
    Column("remarks", Text),
    Column("needs", Text),
    staff_ref("phone_by"),
    moment("phone_at"),
    staff_ref("updated_by", nullable=False),
    moment("updated_at", nullable=False),
    Index("customer_facts_by_phone", "phone_hash", postgresql_where=text("phone is not null")),
    CheckConstraint("(phone is null) = (phone_by is null) and (phone is null) = (phone_at is null)", name="phone_has_an_author"),
    comment="贷后信息: what the bank itself knows of a customer, beside what the feed hands down",
)  # fmt: skip

notes = Table(
    "notes", metadata,
    Column("id", BigInteger, Identity(), nullable=False),
    Column("customer_id", BigInteger, ForeignKey("customers.id"), nullable=False),
    staff_ref("staff_id", nullable=False),
    now_by_default("noted_at"),
    Column("note", Text, nullable=False),
    PrimaryKeyConstraint("id", "customer_id"),
    Index("notes_of_customer", "customer_id", "noted_at"),
    comment="跟进备注: what somebody wrote down about a customer; added, never changed",
)  # fmt: skip

leads = Table(
    "leads", metadata,
    Column("id", BigInteger, Identity(), nullable=False),
    Column("customer_id", BigInteger, nullable=False, server_default=text("0"), comment="at whose check it was noted; 0: at nobody's"),
    Column("record_id", BigInteger, comment="null: added by hand"),
    Column("name", Text, nullable=False),
    Column("phone", Text),
    Column("wish", Text, nullable=False, comment="what the lead may need"),
    Column("branch_id", Integer, ForeignKey("branches.id"), nullable=False),
    staff_ref("staff_id", nullable=False),
    now_by_default("noted_at"),
    word("state", vocab.LeadState, server_default=text("'new'")),
    staff_ref("owner_id", comment="who follows it; null: who noted it"),
    Column("lost_because", Text),
    staff_ref("changed_by"),
    moment("changed_at"),
    PrimaryKeyConstraint("id", "customer_id"),
    ForeignKeyConstraint(["record_id", "customer_id"], ["records.id", "records.customer_id"]),
    Index("leads_of_branch", "branch_id", "noted_at"),
    Index("leads_of_staff", "staff_id", "noted_at"),
    Index("leads_of_owner", "owner_id", "noted_at", postgresql_where=text("owner_id is not null")),
    CheckConstraint("(state = 'lost') = (lost_because is not null)", name="lost_has_a_reason"),
    comment="商机: new business, noted during a visit or by hand",
)  # fmt: skip

photos = Table(
    "photos", metadata,
    Column("id", BigInteger, Identity(), nullable=False),
    Column("customer_id", BigInteger, ForeignKey("customers.id"), nullable=False),
    Column("record_id", BigInteger, nullable=False),
    Column("sha256", LargeBinary, nullable=False, comment="name in the content-addressed store"),
    Column("bytes", Integer, nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    moment("taken_at"),
    now_by_default("received_at"),
    Column("lat", Double),
    Column("lon", Double),
    staff_ref("staff_id", nullable=False),
    Column("upload_id", UUID(as_uuid=True), nullable=False, server_default=text("gen_random_uuid()"), comment="made on the phone"),
    moment("told_at", comment="when the file itself says it was taken"),
    Column("told_lat", Double, comment="where the file itself says it was taken"),
    Column("told_lon", Double),
    Column("device", Text, comment="maker and model, as the file says"),
    Column("screen", Double, comment="how much it looks like a photo of a screen"),
    PrimaryKeyConstraint("id", "customer_id"),
    ForeignKeyConstraint(["record_id", "customer_id"], ["records.id", "records.customer_id"]),
    UniqueConstraint("upload_id", "customer_id", name="photos_kept_once"),
    Index("photos_of_record", "record_id"),
    Index("photos_by_content", "sha256"),
)  # fmt: skip

prints = Table(
    "prints", metadata,
    Column("upload_id", UUID(as_uuid=True), nullable=False, comment="the photo, on its way or kept"),
    Column("customer_id", BigInteger, ForeignKey("customers.id"), nullable=False),
    Column("no", BigInteger, Identity(), nullable=False, comment="given out under a lock: in the order of their commits"),
    Column("submit_key", UUID(as_uuid=True), nullable=False, comment="of the form it belongs to: one visit, one key"),
    staff_ref("staff_id", nullable=False),
    Column("sha256", LargeBinary, nullable=False),
    Column("hashes", LargeBinary, nullable=False, comment="240 bytes by which the likeliest are found"),
    Column("thumb", LargeBinary, nullable=False, comment="64 by 64 in grey, by which two photos are compared for good"),
    now_by_default("made_at"),
    PrimaryKeyConstraint("upload_id", "customer_id"),
    # A process that keeps all hashes reads only what is newer than the last it has.
    Index("prints_in_order", "no", unique=True),
    Index("prints_by_content", "sha256"),
    Index("prints_of_form", "submit_key"),
    comment="What is left of a photo after editing it: by this it is found again",
)  # fmt: skip

copies = Table(
    "copies", metadata,
    Column("upload_id", UUID(as_uuid=True), nullable=False),
    Column("customer_id", BigInteger, ForeignKey("customers.id"), nullable=False),
    Column("earlier_id", UUID(as_uuid=True), nullable=False, comment="the photo taken in before it that shows the same"),
    Column("earlier_customer_id", BigInteger, ForeignKey("customers.id"), nullable=False),
    Column("share", Double, nullable=False, comment="of the picture that is the same"),
    Column("mirrored", Boolean, nullable=False, server_default=text("false")),
    Column("exact", Boolean, nullable=False, server_default=text("false"), comment="the same file"),
    now_by_default("found_at"),
    PrimaryKeyConstraint("upload_id", "customer_id", "earlier_id"),
    Index("copies_of_earlier", "earlier_id"),
    CheckConstraint("upload_id <> earlier_id", name="of_another"),
    comment="Photos found again among earlier ones of all customers; of the same visit too, which means nothing",
)  # fmt: skip

reviews = Table(
    "reviews", metadata,
    Column("id", BigInteger, Identity(), nullable=False),
    Column("customer_id", BigInteger, ForeignKey("customers.id"), nullable=False),
    Column("record_id", BigInteger, nullable=False),
    Column("branch_id", Integer, ForeignKey("branches.id"), nullable=False),
    staff_ref("staff_id", nullable=False, comment="whose presence is in question"),
    Column("causes", ARRAY(Text), nullable=False, comment="grade, photos: why a person is to look"),
    word("state", vocab.ReviewState, server_default=text("'waiting'")),
    now_by_default("opened_at"),
    word("finding", vocab.Finding, nullable=True, comment="of the first reviewer"),
    Column("words", Text),
    staff_ref("decided_by"),
    moment("decided_at"),
    Column("appeal", Text, comment="the officer's answer, once"),
    moment("appealed_at"),
    word("last_finding", vocab.Finding, nullable=True, comment="after the appeal, by another person"),
    Column("last_words", Text),
    staff_ref("settled_by"),
    moment("settled_at"),
    PrimaryKeyConstraint("id", "customer_id"),
    ForeignKeyConstraint(["record_id", "customer_id"], ["records.id", "records.customer_id"]),
    UniqueConstraint("record_id", "customer_id", name="reviews_once_a_record"),
    Index("reviews_pending", "branch_id", postgresql_where=text("state in ('waiting', 'appealed')")),
    Index("reviews_of_staff", "staff_id", "decided_at"),
    CheckConstraint("decided_by <> staff_id and settled_by <> staff_id", name="never_oneself"),
    CheckConstraint("settled_by <> decided_by", name="another_person"),
    CheckConstraint("(state = 'waiting') = (finding is null)", name="decided_has_a_finding"),
    CheckConstraint("(state in ('appealed', 'settled')) = (appeal is not null)", name="appealed_has_words"),
    CheckConstraint("(state = 'settled') = (last_finding is not null)", name="settled_has_a_finding"),
    comment="复核: presence in doubt, looked at by a person, and once more when the officer appeals",
)  # fmt: skip

qualities = Table(
    "qualities", metadata,
    Column("record_id", BigInteger, nullable=False),
    Column("customer_id", BigInteger, ForeignKey("customers.id"), nullable=False),
    Column("branch_id", Integer, ForeignKey("branches.id"), nullable=False),
    staff_ref("staff_id", nullable=False, comment="who made the check"),
    Column("done_on", Date, nullable=False),
    Column("flags", ARRAY(Text), nullable=False, server_default=text("'{}'"), comment="what is pointed out; none: nothing"),
    Column("measures", OBJECT, nullable=False, server_default=text("'{}'"), comment="by flag: what was found, and the limit in force then"),
    Column("bands", ARRAY(Integer), comment="of its words: similar ones of the same officer or customer have one in common; null: too few words"),
    now_by_default("judged_at"),
    PrimaryKeyConstraint("record_id", "customer_id"),
    ForeignKeyConstraint(["record_id", "customer_id"], ["records.id", "records.customer_id"]),
    # A new text asks which earlier ones may be the same; asked as often as written, so nothing waits to be put in its place.
    Index("qualities_by_band", "bands", postgresql_using="gin", postgresql_with={"fastupdate": "off"}),
    # The list of what is pointed out, of a hundred checks a few.
    Index("qualities_flagged", "done_on", postgresql_where=text("flags <> '{}'")),
    CheckConstraint("flags <@ array['" + "', '".join(vocab.Flaw) + "']", name="known"),
    comment="质量提示: what is pointed out about each check, reckoned once it has come",
)  # fmt: skip

draws = Table(
    "draws", metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("branch_id", Integer, ForeignKey("branches.id"), comment="with those below it; null: the whole bank"),
    Column("wish", OBJECT, nullable=False, comment="among which checks, how many, flagged ones first"),
    Column("seed", Text, nullable=False, comment="by which anybody draws the same again"),
    Column("population", Integer, nullable=False, comment="checks there were to draw from"),
    Column("n", Integer, nullable=False, comment="drawn"),
    staff_ref("made_by", nullable=False),
    moment("made_at", nullable=False),
    UniqueConstraint("seed", name="draws_once"),
    comment="抽查批次: a sample of checks that are looked at a second time",
)  # fmt: skip

second_looks = Table(
    "second_looks", metadata,
    Column("draw_id", BigInteger, ForeignKey("draws.id"), nullable=False),
    Column("record_id", BigInteger, nullable=False),
    Column("customer_id", BigInteger, ForeignKey("customers.id"), nullable=False),
    Column("branch_id", Integer, ForeignKey("branches.id"), nullable=False),
    staff_ref("staff_id", nullable=False, comment="who made the check"),
    Column("turn", Integer, nullable=False, comment="in which order they were drawn"),
    word("state", vocab.SecondLook, server_default=text("'waiting'")),
    Column("words", Text),
    word("call", vocab.CallBack, nullable=True, comment="the customer was called"),
    Column("call_words", Text, comment="what he said"),
    staff_ref("done_by"),
    moment("done_at"),
    PrimaryKeyConstraint("record_id", "customer_id", "draw_id"),
    ForeignKeyConstraint(["record_id", "customer_id"], ["records.id", "records.customer_id"]),
    Index("second_looks_of_draw", "draw_id", "turn"),
    CheckConstraint("done_by <> staff_id", name="never_oneself"),
    CheckConstraint("(state = 'waiting') = (done_by is null)", name="looked_at_by_somebody"),
    CheckConstraint("(state = 'doubted') <= (words is not null)", name="doubted_has_words"),
    comment="抽查: a drawn check, looked at by somebody who neither made nor judged it",
)  # fmt: skip

opinions = Table(
    "opinions", metadata,
    Column("record_id", BigInteger, nullable=False),
    Column("customer_id", BigInteger, ForeignKey("customers.id"), nullable=False),
    Column("branch_id", Integer, ForeignKey("branches.id"), nullable=False),
    staff_ref("staff_id", nullable=False, comment="who made the check"),
    word("state", vocab.Opinion),
    Column("words", Text),
    staff_ref("made_by", nullable=False),
    moment("made_at", nullable=False),
    PrimaryKeyConstraint("record_id", "customer_id"),
    ForeignKeyConstraint(["record_id", "customer_id"], ["records.id", "records.customer_id"]),
    Index("opinions_returned", "staff_id", postgresql_where=text("state = 'returned'")),
    CheckConstraint("made_by <> staff_id", name="never_oneself"),
    CheckConstraint("(state = 'returned') <= (words is not null)", name="returned_has_words"),
    comment="审核意见: head office's word on a check; what was returned may be passed later",
)  # fmt: skip

exemptions = Table(
    "exemptions", metadata,
    Column("id", BigInteger, Identity(), nullable=False),
    Column("customer_id", BigInteger, ForeignKey("customers.id"), nullable=False),
    Column("loan_id", BigInteger, comment="null: the whole customer"),
    Column("kinds", ARRAY(Text), nullable=False),
    Column("from_on", Date, nullable=False),
    Column("until_on", Date, nullable=False, comment="last day of the exemption; the day before it begins: ended on its first day"),
    Column("reason", Text, nullable=False),
    staff_ref("asked_by", nullable=False),
    now_by_default("asked_at"),
    staff_ref("approved_by"),
    moment("approved_at"),
    Column("batch_id", Integer, ForeignKey("batches.id"), comment="with which it was asked for; null: from before there were batches"),
    PrimaryKeyConstraint("id", "customer_id"),
    CheckConstraint("until_on >= from_on - 1", name="ends_after_it_begins"),
    CheckConstraint("approved_by <> asked_by", name="four_eyes"),
    Index("exemptions_of_customer", "customer_id"),
    Index("exemptions_of_batch", "batch_id", postgresql_where=text("batch_id is not null")),
    comment="免检",
)  # fmt: skip

own_cycles = Table(
    "own_cycles", metadata,
    Column("id", BigInteger, Identity(), nullable=False),
    Column("customer_id", BigInteger, ForeignKey("customers.id"), nullable=False),
    Column("loan_id", BigInteger, nullable=False),
    word("kind", vocab.Kind),
    Column("every_n", Integer, comment="null: as often as the rule says"),
    word("every_unit", vocab.Unit, nullable=True),
    word("mode", vocab.Mode, nullable=True, comment="null: as the rule says"),
    Column("from_on", Date, nullable=False),
    Column("until_on", Date, comment="last day; null: until somebody ends it"),
    Column("reason", Text, nullable=False),
    staff_ref("asked_by", nullable=False),
    staff_ref("approved_by", nullable=False),
    moment("approved_at", nullable=False),
    Column("ended_on", Date, comment="first day on which it no longer holds, ended before its time or replaced"),
    staff_ref("ended_by"),
    PrimaryKeyConstraint("id", "customer_id"),
    CheckConstraint("approved_by <> asked_by", name="four_eyes"),
    CheckConstraint("until_on >= from_on", name="ends_after_it_begins"),
    CheckConstraint("(every_n is null) = (every_unit is null) and (every_n is not null or mode is not null)", name="says_something"),
    Index("own_cycles_one_at_a_time", "loan_id", "kind", unique=True, postgresql_where=text("ended_on is null")),
    Index("own_cycles_of_customer", "customer_id"),
    comment="单笔检查频率调整: one loan's own cycle or mode for one kind of check, approved by a second person",
)  # fmt: skip

absences = Table(
    "absences", metadata,
    Column("id", Integer, Identity(), primary_key=True),
    staff_ref("staff_id", nullable=False),
    staff_ref("delegate_id", nullable=False),
    Column("from_on", Date, nullable=False),
    Column("until_on", Date, nullable=False, comment="last day of the absence"),
    Column("reason", Text),
    staff_ref("made_by"),
    CheckConstraint("until_on >= from_on", name="ends_after_it_begins"),
    CheckConstraint("delegate_id <> staff_id", name="somebody_else"),
    comment="Who stands in for whom; the exclusion constraint is in the first migration",
)  # fmt: skip

handovers = Table(
    "handovers", metadata,
    Column("id", Integer, Identity(), primary_key=True),
    staff_ref("from_id", nullable=False),
    Column("to_ids", ARRAY(Integer), nullable=False),
    Column("branch_id", Integer, ForeignKey("branches.id"), nullable=False, comment="whose affair it is"),
    Column("from_on", Date, nullable=False, comment="takes effect on this day"),
    Column("until_on", Date, comment="last day of a temporary one; afterwards what is still there goes back"),
    Column("reason", Text, nullable=False),
    word("state", vocab.HandoverState),
    staff_ref("leads_to", comment="who follows his leads that were found at nobody's; null: they stay"),
    staff_ref("made_by", comment="null: the command line"),
    now_by_default("made_at"),
    moment("done_at"),
    staff_ref("ended_by", comment="who gave it back or withdrew it; null: the night"),
    moment("ended_at"),
    Column("customers_moved", Integer, nullable=False, server_default=text("0")),
    Column("loans_moved", Integer, nullable=False, server_default=text("0")),
    Column("todos_moved", Integer, nullable=False, server_default=text("0")),
    Column("overdue_moved", Integer, nullable=False, server_default=text("0"), comment="of the todos, those that were late already"),
    Column("signals_moved", Integer, nullable=False, server_default=text("0")),
    Column("leads_moved", Integer, nullable=False, server_default=text("0")),
    Column("drafts_given", Integer, nullable=False, server_default=text("0"), comment="begun checks that the receivers may go on with"),
    Column("rows_kept", Integer, comment="given back: how many rows had changed since and stayed as they were"),
    Column("failure", Text, comment="why it could not be done on its day"),
    CheckConstraint("until_on >= from_on", name="ends_after_it_begins"),
    Index("handovers_of_branch", "branch_id", "made_at"),
    Index("handovers_waiting", "from_on", postgresql_where=text("state in ('waiting', 'done')")),
    comment="移交: who gave a portfolio to whom, from when, until when",
)  # fmt: skip

handover_parts = Table(
    "handover_parts", metadata,
    Column("handover_id", Integer, ForeignKey("handovers.id"), nullable=False),
    Column("customer_id", BigInteger, ForeignKey("customers.id"), nullable=False),
    staff_ref("to_id", nullable=False),
    # A customer goes to one person, with everything.
    PrimaryKeyConstraint("handover_id", "customer_id"),
    comment="Which customer goes to whom",
)  # fmt: skip

handover_rows = Table(
    "handover_rows", metadata,
    Column("handover_id", Integer, ForeignKey("handovers.id"), nullable=False),
    Column("customer_id", BigInteger, nullable=False, comment="0: a lead that was found at nobody's"),
    word("what", vocab.Held),
    Column("row_id", BigInteger, nullable=False),
    Column("from_id", Integer, comment="who held it; null: the branch's pool, or of a lead whoever noted it"),
    Column("to_id", Integer, nullable=False),
    Column("prior_id", Integer, comment="the handover by which it was held before"),
    moment("begun_at", comment="since when somebody had it in hand"),
    Column("overdue", Boolean, nullable=False, server_default=text("false")),
    Column("returned", Boolean, nullable=False, server_default=text("false")),
    PrimaryKeyConstraint("handover_id", "customer_id", "what", "row_id"),
    comment="Every row that a handover moved, as it stood: what undoing needs",
)  # fmt: skip

signals = Table(
    "signals", metadata,
    Column("id", BigInteger, Identity(), nullable=False),
    Column("customer_id", BigInteger, nullable=False, server_default=text("0"), comment="0: about a branch or a person"),
    Column("rule_code", Text, nullable=False),
    Column("rule_version", Integer, nullable=False),
    word("subject_kind", vocab.Subject),
    Column("subject_id", BigInteger, nullable=False),
    Column("branch_id", Integer, ForeignKey("branches.id"), nullable=False),
    staff_ref("owner_id", comment="who is to act; null: the branch"),
    Column("level", signal_level, nullable=False),
    Column("amount_fen", BigInteger, nullable=False, server_default=text("0"), comment="balance at risk"),
    Column("evidence", OBJECT, nullable=False, comment="the very values that fired"),
    word("state", vocab.SignalState, server_default=text("'raised'")),
    Column("first_on", Date, nullable=False),
    Column("last_on", Date, nullable=False, comment="last business date on which the condition held"),
    Column("gone_on", Date, comment="business date on which the condition was found gone"),
    Column("level_on", Date, comment="business date of the night that found it at this level"),
    now_by_default("raised_at"),
    staff_ref("taken_by"),
    moment("taken_at"),
    Column("measures", ARRAY(Text)),
    Column("answer", Text),
    staff_ref("answered_by"),
    moment("answered_at"),
    Column("closed_on", Date),
    staff_ref("closed_by"),
    Column("close_note", Text),
    PrimaryKeyConstraint("id", "customer_id"),
    # Replaying a night raises nothing twice.
    UniqueConstraint("customer_id", "rule_code", "subject_kind", "subject_id", "first_on", name="signals_raised_once"),
    Index(
        "signals_one_alive", "customer_id", "rule_code", "subject_kind", "subject_id",
        unique=True, postgresql_where=text("closed_on is null"),
    ),
    Index("signals_of_branch", "branch_id", "level", postgresql_where=text("closed_on is null")),
    Index("signals_of_owner", "owner_id", postgresql_where=text("closed_on is null")),
    Index("signals_worst_first", text("level desc"), "first_on", "id", postgresql_where=text("closed_on is null")),
    CheckConstraint("(closed_on is null) = (state in ('raised','taken','answered'))", name="closed_has_a_day"),
    comment="预警信号",
)  # fmt: skip

requests = Table(
    "requests", metadata,
    Column("id", BigInteger, Identity(), nullable=False),
    Column("customer_id", BigInteger, nullable=False, server_default=text("0"), comment="0: about no customer"),
    word("kind", vocab.Request),
    Column("subject_id", BigInteger, nullable=False, server_default=text("0"), comment="the row it is about; 0: a new one"),
    Column("branch_id", Integer, ForeignKey("branches.id"), nullable=False, comment="whose head may decide it"),
    Column("before", OBJECT, comment="what it was based on"),
    Column("after", OBJECT, nullable=False, comment="what is asked for"),
    Column("reason", Text, nullable=False),
    staff_ref("asked_by", nullable=False),
    moment("asked_at", nullable=False),
    word("state", vocab.Approval, server_default=text("'submitted'")),
    staff_ref("decided_by"),
    moment("decided_at"),
    Column("note", Text, comment="the decider's words"),
    PrimaryKeyConstraint("id", "customer_id"),
    CheckConstraint("decided_by <> asked_by", name="four_eyes"),
    # One thing is asked once at a time.
    Index(
        "requests_one_waiting", "customer_id", "kind", "subject_id",
        unique=True, postgresql_where=text("state = 'submitted'"),
    ),
    Index("requests_waiting_of_branch", "branch_id", postgresql_where=text("state = 'submitted'")),
    Index("requests_of_asker", "asked_by", "asked_at"),
    comment="What one person asks and another decides (复核); applied when it is approved",
)  # fmt: skip

reports = Table(
    "reports", metadata,
    Column("id", Integer, Identity(), primary_key=True),
    staff_ref("owner_id", nullable=False),
    Column("name", Text, nullable=False),
    Column("wish", OBJECT, nullable=False, comment="what is asked: subject, measures, rows, column, filters, period"),
    Column("to_roles", ARRAY(Text), nullable=False, server_default=text("'{}'"), comment="whom it is shared with; none: nobody"),
    Column("to_branches", ARRAY(Integer), nullable=False, server_default=text("'{}'"), comment="of these and all below; none: everywhere"),
    word("rhythm", vocab.Rhythm, nullable=True, comment="how often it is made by itself; null: never"),
    Column("next_on", Date, comment="the day of which it is made next"),
    now_by_default("made_at"),
    UniqueConstraint("owner_id", "name", name="reports_one_name"),
    Index("reports_due", "next_on", postgresql_where=text("rhythm is not null")),
    CheckConstraint("(rhythm is null) = (next_on is null)", name="rhythm_has_a_day"),
    comment="报表: a query kept under a name, perhaps shared, perhaps made by itself",
)  # fmt: skip

exports = Table(
    "exports", metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    staff_ref("staff_id", nullable=False, comment="whose file it is, and with whose rights it is made"),
    Column("what", Text, nullable=False, comment="a list, a report, or the rows behind a figure"),
    Column("asked", OBJECT, nullable=False, comment="how it is narrowed: enough to make it"),
    Column("same", Text, nullable=False, comment="of what and how it is narrowed: by this it is found again"),
    Column("title", Text, nullable=False),
    Column("language", Text, nullable=False),
    word("state", vocab.ExportState),
    Column("total", BigInteger, nullable=False, comment="rows, as counted when it was asked for"),
    Column("done", BigInteger, nullable=False, server_default=text("0"), comment="rows written so far"),
    Column("file", Text, comment="name in the folder of exports"),
    Column("bytes", BigInteger),
    Column("tries", SmallInteger, nullable=False, server_default=text("0")),
    Column("problem", Text, comment="why it was not made, as a code"),
    Column("report_id", Integer, ForeignKey("reports.id", ondelete="set null"), comment="made by itself for this report"),
    Column("day", Date, comment="of which it is, when it was made by itself"),
    now_by_default("asked_at"),
    moment("touched_at", comment="last sign of life of whoever makes it"),
    moment("finished_at"),
    moment("until_at", comment="then the file is deleted"),
    # However many schedulers are awake, a report is made once a day of it.
    UniqueConstraint("report_id", "day", name="exports_once_a_day"),
    # Two clicks are one file.
    Index("exports_one_pending", "staff_id", "same", unique=True, postgresql_where=text("state in ('waiting', 'held', 'running')")),
    Index("exports_of_staff", "staff_id", "id"),
    Index("exports_to_do", "id", postgresql_where=text("state in ('waiting', 'held', 'running')")),
    Index("exports_to_delete", "until_at", postgresql_where=text("state = 'ready'")),
    comment="导出文件: on its way, or there for its maker until it is deleted",
)  # fmt: skip

todo_days = Table(
    "todo_days", metadata,
    Column("day", Date, nullable=False),
    Column("branch_id", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("family", Text, nullable=False),
    Column("open", Integer, nullable=False),
    Column("due_7", Integer, nullable=False, comment="due within the seven days after"),
    Column("late_7", Integer, nullable=False, comment="late 1 to 7 days at the end of the day"),
    Column("late_30", Integer, nullable=False, comment="late 8 to 30 days"),
    Column("late_more", Integer, nullable=False, comment="late more than 30 days"),
    PrimaryKeyConstraint("day", "branch_id", "kind", "family"),
    comment="How the open work stood at the end of each business date",
)  # fmt: skip

kept_counts = Table(
    "kept_counts", metadata,
    Column("what", Text, nullable=False, comment="which figures"),
    Column("asked", Text, nullable=False, comment="hash of the day, and of what they are narrowed to"),
    Column("figures", JSONB, nullable=False),
    Column("seconds", Double, nullable=False, comment="that counting took"),
    Column("pulse", BigInteger, nullable=False, comment="of the trail, when they were counted"),
    moment("counted_at", nullable=False),
    PrimaryKeyConstraint("what", "asked"),
    comment="统计: counts of the whole book that take long, for those who see all of it",
)  # fmt: skip

rounds = Table(
    "rounds", metadata,
    staff_ref("staff_id", nullable=False),
    Column("day", Date, nullable=False),
    Column("branch_id", Integer, ForeignKey("branches.id"), nullable=False, comment="where the officer worked when it was made"),
    word("start", vocab.Start),
    Column("lat", Double, nullable=False, comment="WGS-84 of the start"),
    Column("lon", Double, nullable=False),
    word("finish", vocab.Finish),
    word("reach", vocab.Reach),
    Column("leaves", SmallInteger, nullable=False, comment="minute of the day, in China"),
    Column("until", SmallInteger, nullable=False, comment="minute of the day by which it should be over"),
    Column("ends", SmallInteger, nullable=False, comment="minute of the day at which it is over"),
    Column("travel_minutes", Double, nullable=False),
    Column("travel_km", Double, nullable=False),
    Column("visits", OBJECT, nullable=False, comment="in order: customer, at (minute of the day), service (minutes), km from the one before; lat, lon, town as they were"),
    Column("left_out", OBJECT, nullable=False, comment="customer and why: no_mark, no_time, by_hand"),
    Column("appointments", OBJECT, nullable=False, server_default=text("'{}'"), comment="minute of the day by customer"),
    Column("added", ARRAY(BigInteger), nullable=False, server_default=text("'{}'"), comment="customers taken in by hand"),
    Column("advised", ARRAY(BigInteger), nullable=False, comment="customers in the order last advised, before any hand change"),
    Column("by_hand", Boolean, nullable=False, server_default=text("false"), comment="the order is the officer's own"),
    Column("version", Integer, nullable=False, server_default=text("1"), comment="whoever changes it names the one he saw"),
    staff_ref("made_by", nullable=False),
    now_by_default("made_at"),
    # One round a person and day, on however many devices.
    PrimaryKeyConstraint("staff_id", "day"),
    Index("rounds_of_branch", "branch_id", "day"),
    CheckConstraint("leaves between 0 and 1440 and until between leaves and 1440", name="within_a_day"),
    comment="路线: which customers an officer visits on a day, and in which order",
)  # fmt: skip

sharings = Table(
    "sharings", metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("branch_id", Integer, ForeignKey("branches.id"), nullable=False),
    Column("day", Date, nullable=False, comment="for which the rounds are planned"),
    Column("due_until", Date, nullable=False, comment="visits due up to here are shared out"),
    word("state", vocab.SharingState),
    Column("progress", Text),
    staff_ref("made_by", nullable=False),
    now_by_default("made_at"),
    now_by_default("touched_at"),
    Column("shares", OBJECT, nullable=False, server_default=text("'[]'"), comment="by officer: customers, todos and the round of the day"),
    Column("error", Text),
    # Two people of one branch do not share out the same visits at once.
    Index("sharings_one_alive", "branch_id", unique=True, postgresql_where=text("state in ('running', 'ready')")),
    Index("sharings_of_branch", "branch_id", "made_at"),
    comment="A branch's open visits shared out among its officers: worked out, looked at, then applied or dropped",
)  # fmt: skip

# --- Feeds and jobs --------------------------------------------------------------------------------------------------

feed_runs = Table(
    "feed_runs", metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("source", Text, nullable=False),
    Column("business_date", Date, nullable=False),
    Column("folder", Text, nullable=False),
    word("state", vocab.FeedState),
    Column("progress", Text),
    now_by_default("started_at"),
    moment("finished_at"),
    Column("stops", ARRAY(Text), comment="every reason why nothing was published"),
    staff_ref("override_asked_by"),
    Column("override_reason", Text),
    staff_ref("override_by"),
    Column("totals", OBJECT),
    Column("mapping_version", Integer),
    staff_ref("override_refused_by"),
    Column("override_refused_why", Text),
    CheckConstraint("override_by <> override_asked_by and override_refused_by <> override_asked_by", name="four_eyes"),
    CheckConstraint("override_by is null or override_refused_by is null", name="allowed_or_refused"),
    Index("feed_runs_by_date", "source", "business_date"),
    # A date is published once; a correction is a run of its own that supersedes nothing silently.
    Index("feed_runs_loading_once", "source", unique=True, postgresql_where=text("state = 'loading'")),
)  # fmt: skip

feed_files = Table(
    "feed_files", metadata,
    Column("run_id", BigInteger, ForeignKey("feed_runs.id", ondelete="cascade"), primary_key=True),
    Column("name", Text, primary_key=True, comment="the source's table: dk, kh, tese"),
    Column("file", Text, nullable=False),
    Column("md5", Text),
    Column("bytes", BigInteger),
    Column("rows", BigInteger, nullable=False),
    Column("loaded", BigInteger, nullable=False),
    Column("unchanged", BigInteger, nullable=False),
    Column("quarantined", BigInteger, nullable=False),
    Column("balance_fen", BigInteger, comment="sum of balances as the file has them"),
    Column("published_fen", BigInteger, comment="sum of balances as the book has them"),
    CheckConstraint("rows = loaded + unchanged + quarantined", name="every_row_ends_once"),
)  # fmt: skip

rejects = Table(
    "rejects", metadata,
    Column("run_id", BigInteger, ForeignKey("feed_runs.id", ondelete="cascade"), primary_key=True),
    Column("name", Text, primary_key=True),
    Column("line", BigInteger, primary_key=True),
    Column("file", Text, nullable=False),
    Column("raw", Text, nullable=False, comment="C2: not for the technical roles"),
    Column("raw_masked", Text, Computed("regexp_replace(raw, '[0-9Xx]{11,}', '***', 'g')", persisted=True)),
    Column("reasons", ARRAY(Text), nullable=False),
)  # fmt: skip

job_runs = Table(
    "job_runs", metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("job", Text, nullable=False),
    Column("business_date", Date, nullable=False),
    word("state", vocab.JobState),
    Column("attempt", Integer, nullable=False, server_default=text("1")),
    now_by_default("started_at"),
    moment("finished_at"),
    Column("worker", Text, nullable=False),
    Column("detail", OBJECT, nullable=False, server_default=text("'{}'")),
    Column("error", Text),
    # Any number of schedulers may be awake; each job runs once a business date.
    UniqueConstraint("job", "business_date", name="job_runs_once_a_day"),
)  # fmt: skip

problems = Table(
    "problems", metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("job", Text, nullable=False),
    Column("business_date", Date, nullable=False),
    Column("what", Text, nullable=False, comment="rule, loan, anchor: what was set aside"),
    Column("ref", Text, nullable=False),
    Column("reason", Text, nullable=False),
    now_by_default("at"),
    UniqueConstraint("job", "business_date", "what", "ref", name="problems_said_once"),
    comment="What a night set aside so that the rest could go on",
)  # fmt: skip

installation = Table(
    "installation", metadata,
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
    comment="What this store is: which rights were applied, which demo was planted",
)  # fmt: skip

undressed = Table(
    "undressed", metadata,
    Column("of_table", Text, nullable=False),
    Column("step", Integer, nullable=False),
    Column("ddl", Text, nullable=False),
    comment="Indexes and references set aside while a table is filled (db/bulk.py); empty outside such a transaction",
)  # fmt: skip

# --- The trail -------------------------------------------------------------------------------------------------------

audit = Table(
    "audit", metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    moment("at", nullable=False, server_default=text("clock_timestamp()")),
    Column("staff_id", Integer, comment="null: the machine or nobody yet"),
    Column("role", Text),
    Column("session_id", BigInteger),
    Column("verb", Text),
    Column("op", Text, nullable=False, comment="insert, update, delete; bulk: n rows by the machine; else an event"),
    Column("noun", Text, nullable=False, comment="the table, or what the event is about"),
    Column("customer_id", BigInteger),
    Column("row_id", Text),
    Column("before", OBJECT),
    Column("after", OBJECT),
    Column("n", Integer, nullable=False, server_default=text("1")),
    Column("xid", BigInteger, nullable=False, server_default=text("pg_current_xact_id()::text::bigint")),
    Index("audit_of_customer", "customer_id", "id", postgresql_where=text("customer_id is not null")),
    Index("audit_of_staff", "staff_id", "id"),
    Index("audit_by_time", "at"),
    comment="留痕: written by triggers, read by many, changed by nobody",
)  # fmt: skip
