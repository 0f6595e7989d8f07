"""Head office looks as a colleague and changes nothing; a wall shows the dashboard and nothing else, and outlives no right."""

from datetime import timedelta

import psycopg2
import pytest
import sqlalchemy as sa

from db import access, audit, customers, sessions, staff
from db.access import MACHINE, Person
from db.vocab import Role
from engine import acts, clock, permits, refusals, sign_in, viewing
from tests.conftest import person
from tests.serving import PASSWORD, open_accounts
from tests.test_permits import VERBS

NOW = clock.now()


def signed_in(number: str) -> tuple[bytes, Person]:
    """The token of somebody's session, and who it is."""
    open_accounts({f"u{number}": number})
    with access.gate() as conn:
        token = sign_in.token_hash(sign_in.sign_in(conn, f"u{number}", PASSWORD, "10.0.0.1", "", NOW))
    return token, seen_as(token)


def seen_as(token: bytes, later: timedelta = timedelta()) -> Person | None:
    with access.gate() as conn:
        visitor = sign_in.who_is(conn, token, NOW + later)
    return visitor and visitor.person


def look(by: Person, whom: Person) -> None:
    with acts.act(by, "view.as") as conn:
        viewing.begin(conn, by, whom.id)


class TestLookingAsAColleague:
    def test_she_sees_what_he_sees_until_she_goes_back(self, wang, li, sun):
        token, me = signed_in("001")
        for colleague in (li, sun):
            look(me, colleague)
            seen = seen_as(token)
            assert (seen.id, seen.role, seen.viewer.id, seen.session_id) == (colleague.id, colleague.role, wang.id, me.session_id)
            with access.reading(seen) as mine, access.reading(colleague) as his:
                listed = [customers.listing(conn, customers.Filter(NOW.date(), live=False)).rows for conn in (mine, his)]
            assert listed[0] == listed[1] and 0 < len(listed[0]) < 5
            with acts.act(me, "view.as") as conn:
                viewing.end(conn, me)
            assert seen_as(token) == me

    def test_nothing_can_be_done_meanwhile_by_any_verb(self, li):
        token, me = signed_in("001")
        look(me, li)
        seen = seen_as(token)
        for permit, do in VERBS.values():
            with pytest.raises((refusals.OnlyLooking, refusals.NotPermitted)), acts.act(seen, permit) as conn:
                do(conn, seen)
        assert {verb for verb in permits.PERMITS if permits.may(seen, verb)} <= permits.LOOKED_AT
        with access.reading(MACHINE) as conn:
            line = audit.listing(conn, op="refused", limit=1).rows[0]
        assert line.staff_id == me.id  # who tried it, not as whom

    def test_the_database_itself_takes_nothing_from_who_only_looks(self, li):
        token, me = signed_in("001")
        look(me, li)
        with pytest.raises(sa.exc.InternalError) as no, access.transaction(seen_as(token), "test") as conn:
            conn.exec_driver_sql("update customers set address = 'x'")
        assert isinstance(no.value.orig, psycopg2.errors.ReadOnlySqlTransaction)

    def test_neither_his_password_nor_his_sessions_are_hers(self, li):
        token, me = signed_in("001")
        his, _he = signed_in("802")
        look(me, li)
        seen = seen_as(token)
        with access.gate() as conn:
            for attempt in (
                lambda: sign_in.change_password(conn, seen, PASSWORD, "Another-one-77", "10.0.0.1", NOW),
                lambda: sign_in.sign_out_elsewhere(conn, seen, NOW),
                lambda: sign_in.open_sessions(conn, seen, NOW),
            ):
                with pytest.raises(refusals.OnlyLooking):
                    attempt()
        assert seen_as(his) is not None

    def test_the_trail_knows_who_looked_as_whom(self, li):
        _token, me = signed_in("001")
        look(me, li)
        with access.reading(MACHINE) as conn:
            line = audit.listing(conn, op="view.as").rows[0]
        assert (line.staff_id, line.session_id, line.after) == (me.id, me.session_id, {"staff_id": li.id})

    @pytest.mark.parametrize("number", ["003", "004", "005", "007", "801", "802"])
    def test_nobody_else_looks_as_anybody(self, small_bank, number):
        by = person(number)
        with pytest.raises(refusals.NotPermitted), acts.act(by, "view.as") as conn:
            viewing.begin(conn, by, person("803").id)

    @pytest.mark.parametrize("number", ["002", "003", "004", "005", "006", "007"])
    def test_nobody_is_looked_as_but_branch_heads_and_officers(self, small_bank, number):
        _token, me = signed_in("001")
        with pytest.raises(refusals.NotToBeLookedAs):
            look(me, person(number))

    def test_looking_ends_with_the_session_with_her_role_and_with_his(self, li):
        token, me = signed_in("001")
        look(me, li)
        with access.transaction(MACHINE, "test") as conn:
            staff.end_role(conn, li.id, NOW.date())
        assert seen_as(token) == me
        with access.transaction(MACHINE, "test") as conn:
            staff.end_role(conn, me.id, NOW.date())
            staff.grant(conn, me.id, Role.AUDITOR, NOW.date())
        assert (seen_as(token).id, seen_as(token).role, seen_as(token).viewer) == (me.id, Role.AUDITOR, None)
        with access.gate() as conn:
            sign_in.sign_out(conn, token, NOW)
        assert seen_as(token) is None


class TestOnAWall:
    def hung(self) -> tuple[bytes, Person]:
        token, me = signed_in("001")
        with acts.act(me, "wall.hang") as conn:
            viewing.hang(conn, me, now=NOW)
        return token, me

    def test_it_needs_no_human_and_shows_the_dashboard_alone(self, small_bank):
        token, me = self.hung()
        later = seen_as(token, timedelta(days=29))
        assert later.wall and later.himself == me
        assert {verb for verb in permits.PERMITS if permits.may(later, verb)} == {"dashboard.see"}
        assert seen_as(token, timedelta(days=31)) is None

    def test_it_is_kept_when_old_sessions_are_tidied_up_and_ended_from_elsewhere(self, small_bank):
        token, _me = self.hung()
        with access.transaction(MACHINE, "test") as conn:
            sessions.tidy(conn, NOW + timedelta(days=3))
        assert seen_as(token, timedelta(days=3)).wall
        with access.gate() as conn:
            other = sign_in.token_hash(sign_in.sign_in(conn, "u001", PASSWORD, "10.0.0.2", "", NOW))
        me = seen_as(other)
        with access.gate() as conn:
            assert [row.wall_until is not None for row in sign_in.open_sessions(conn, me, NOW)].count(True) == 1
            assert sign_in.sign_out_elsewhere(conn, me, NOW) == 1
        assert seen_as(token) is None

    def test_it_goes_dark_with_the_right_to_hang_it_and_with_the_password(self, small_bank):
        token, me = self.hung()
        assert seen_as(token, timedelta(days=20)).wall
        with access.transaction(MACHINE, "test") as conn:
            conn.execute(sa.text("update accounts set must_change = true where staff_id = :me"), {"me": me.id})
        assert seen_as(token) is None
        with access.transaction(MACHINE, "test") as conn:
            conn.execute(sa.text("update accounts set must_change = false where staff_id = :me"), {"me": me.id})
            staff.end_role(conn, me.id, NOW.date())
            staff.grant(conn, me.id, Role.BRANCH_HEAD, NOW.date())
        assert seen_as(token) is None

    @pytest.mark.parametrize("number", ["003", "004", "801", "802"])
    def test_only_head_office_hangs_one(self, small_bank, number):
        by = person(number)
        with pytest.raises(refusals.NotPermitted), acts.act(by, "wall.hang") as conn:
            viewing.hang(conn, by, now=NOW)
