"""Check-ins of officers who were there and of some who were not: grades, reasons, and what is no fault of theirs."""

import json
import random
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from coord_convert.transform import wgs2bd, wgs2gcj

from db import settings
from engine import presence, words
from engine.__main__ import main
from engine.presence import CheckIn, Fix, Photo, Place, Thresholds, read, tracks
from engine.presence.geometry import best_mix, metres

MILL = Place(44.0952, 125.1187, 300)  # 农安王记粮油店
TEN = datetime.fromisoformat("2026-11-20T10:00:00+08:00")
MINUTE = timedelta(minutes=1)


def at(north: float, east: float, when: datetime = TEN, accuracy: float | None = 12.4) -> Fix:
    """So many metres north and east of the mill."""
    return Fix(*tracks.moved(MILL.lat, MILL.lon, north, east), accuracy, when)


def zhou(fix: Fix | None = None, **more) -> CheckIn:
    """周敏 at the mill at ten, forty metres from the mark."""
    fix = fix or at(31.7, 24.9)
    return CheckIn(**{"address": MILL, "fix": fix, "received_at": fix.at + timedelta(seconds=9)} | more)


def says(seen: CheckIn, check: str) -> str:
    return next(reason.verdict for reason in presence.grade(seen).reasons if reason.check == check)


class TestOnSite:
    def test_zhou_min_in_the_yard_is_on_site(self):
        graded = presence.grade(zhou())
        assert (graded.grade, graded.for_review) == ("A", False)

    def test_every_check_gives_its_reason_in_chinese(self):
        words.language.set("zh")
        for reason in presence.grade(zhou()).reasons:
            assert any("一" <= letter <= "鿿" for letter in reason.words), reason

    def test_zhou_min_five_kilometres_away_is_contradicted_and_nothing_is_blocked(self):
        graded = presence.grade(zhou(at(4000, 3000)))
        assert (graded.grade, graded.for_review) == ("D", True)
        assert graded.reasons[0].check == "distance"

    def test_who_was_not_there_may_say_why_and_the_reviewer_reads_it_first(self):
        graded = presence.grade(zhou(at(4000, 3000), explanation="客户到支行面谈"))
        assert graded.grade == "D"
        assert "客户到支行面谈" in graded.reasons[0].words

    def test_a_poor_fix_is_uncertain_and_not_false(self):
        graded = presence.grade(zhou(at(700, 0, accuracy=900)))
        assert graded.grade == "C"
        assert says(zhou(at(700, 0, accuracy=900)), "distance") == "doubt"

    def test_a_village_has_a_wider_fence_than_a_town(self):
        assert presence.grade(zhou(at(600, 0))).grade == "D"
        assert presence.grade(zhou(at(600, 0), address=replace(MILL, radius_m=1000))).grade == "A"

    def test_a_bank_may_set_its_own_thresholds(self):
        assert presence.grade(zhou(at(0, 40, accuracy=80))).grade == "B"
        assert presence.grade(zhou(at(0, 40, accuracy=80)), Thresholds(accuracy_good_m=90)).grade == "A"


class TestDatums:
    @pytest.mark.parametrize("convert", [wgs2gcj, wgs2bd])
    @pytest.mark.parametrize("of_mark", [True, False])
    def test_a_mark_or_a_fix_of_another_map_is_named_and_not_held_against_her(self, convert, of_mark):
        seen = zhou()
        thing = seen.address if of_mark else seen.fix
        lon, lat = convert(thing.lon, thing.lat)
        wrong = replace(thing, lat=lat, lon=lon)
        seen = replace(seen, address=wrong) if of_mark else replace(seen, fix=wrong)
        assert metres(seen.fix, seen.address) > 500
        graded = presence.grade(seen)
        assert (graded.grade, says(seen, "datum")) == ("B", "note")

    def test_in_changchun_the_maps_lie_589_metres_apart(self):
        lon, lat = wgs2gcj(125.324, 43.886)
        assert metres(Place(43.886, 125.324), Place(lat, lon)) == pytest.approx(589, abs=2)

    def test_of_a_thousand_officers_somewhere_within_two_kilometres_few_are_excused_by_a_mix(self):
        chance, excused = random.Random(5), 0
        for _ in range(1000):
            fix = Fix(*tracks.elsewhere(chance, MILL, 330, 2000), 10.5, TEN)
            excused += presence.grade(zhou(fix)).grade == "B"
        assert excused <= 60

    def test_the_mix_that_explains_is_told_by_name(self):
        lon, lat = wgs2bd(MILL.lon, MILL.lat)
        mix = best_mix(Place(lat, lon), MILL)
        assert (mix.of_fix, mix.of_mark) == ("BD-09", "WGS-84")
        assert mix.left_m < 1


class TestTimeAndSpeed:
    def test_forty_kilometres_in_five_minutes_cannot_be(self):
        assert says(zhou(previous=at(40_000, 0, TEN - 5 * MINUTE)), "speed") == "fail"

    def test_forty_kilometres_in_half_an_hour_can(self):
        assert says(zhou(previous=at(40_000, 0, TEN - 30 * MINUTE)), "speed") == "pass"

    def test_two_poor_fixes_far_apart_are_no_journey(self):
        assert says(zhou(at(0, 0, accuracy=900), previous=at(1200, 0, TEN - MINUTE, 800)), "speed") == "pass"

    def test_a_fix_of_an_hour_ago_is_doubtful_unless_it_waited_in_the_offline_queue(self):
        late = {"received_at": TEN + 60 * MINUTE}
        assert presence.grade(zhou(**late)).grade == "C"
        assert presence.grade(zhou(**late, offline=True)).grade == "B"

    def test_yesterdays_fix_says_nothing_of_today(self):
        assert presence.grade(zhou(received_at=TEN + timedelta(days=2), offline=True)).grade == "D"

    @pytest.mark.parametrize(("minutes", "verdict"), [(0.5, "pass"), (3, "note"), (20, "doubt"), (2000, "fail")])
    def test_a_clock_ahead_of_ours_is_told(self, minutes, verdict):
        assert says(zhou(received_at=TEN - minutes * MINUTE), "age") == verdict

    def test_half_a_minute_at_the_gate_is_no_visit(self):
        assert says(zhou(left_at=TEN + timedelta(seconds=30)), "dwell") == "doubt"
        assert says(zhou(left_at=TEN + 12 * MINUTE), "dwell") == "pass"


class TestPhotosOfTheVisit:
    def test_a_photo_of_last_month_and_one_from_elsewhere_are_doubted(self):
        assert says(zhou(photos=(Photo(TEN - timedelta(days=30)),)), "photo_time") == "doubt"
        assert says(zhou(photos=(Photo(TEN, *tracks.moved(MILL.lat, MILL.lon, 5000, 0)),)), "photo_place") == "doubt"

    def test_a_photo_that_says_nothing_is_no_fault(self):
        assert presence.grade(zhou(photos=(Photo(),))).grade == "A"

    def test_a_reused_photo_goes_to_the_reviewer(self):
        assert presence.grade(zhou(photos=(Photo(reused=True),))).grade == "C"


class TestMadeUp:
    def test_the_same_digits_as_last_week_are_doubted(self):
        fix = at(31.7, 24.9)
        assert says(zhou(fix, recent=(replace(fix, at=TEN - timedelta(days=7)),)), "repeated_digits") == "doubt"

    def test_a_phone_at_rest_may_give_the_position_it_holds(self):
        fix = at(31.7, 24.9)
        assert presence.grade(zhou(fix, recent=(replace(fix, at=TEN - 2 * MINUTE),))).grade == "A"

    def test_the_network_may_give_the_same_digits_twice(self):
        fix = at(31.7, 24.9, accuracy=65)
        assert says(zhou(fix, recent=(replace(fix, at=TEN - timedelta(days=7)),)), "repeated_digits") == "note"

    def test_the_fix_itself_among_the_recent_is_no_repeat(self):
        fix = at(31.7, 24.9)
        assert presence.grade(zhou(fix, recent=(fix,), previous=fix)).grade == "A"


class TestTracks:
    @pytest.mark.parametrize("kind", tracks.KINDS, ids=lambda kind: kind.name)
    def test_each_kind_gets_the_grades_it_should(self, kind):
        """Forty made-up check-ins of each kind, at least nine in ten graded as docs/presence.md says."""
        made = [kind.make(random.Random(f"{kind.name}/{seed}")) for seed in range(40)]
        graded = [presence.grade(seen) for seen in made]
        assert sum(g.grade in kind.fitting for g in graded) >= 0.9 * len(made)
        if kind.says:
            told = [{r.check for r in g.reasons if r.verdict not in ("pass",)} for g in graded]
            assert sum(kind.says in checks for checks in told) >= 0.95 * len(made)

    def test_there_are_a_dozen_kinds_of_each(self):
        assert sum(kind.honest for kind in tracks.KINDS) >= 12
        assert sum(not kind.honest for kind in tracks.KINDS) >= 12

    def test_the_table_of_the_docs_is_the_table_of_the_tracks(self):
        docs = (settings.ROOT / "docs" / "presence.md").read_text(encoding="utf-8")
        assert all(f"| {kind.name} |" in docs for kind in tracks.KINDS)


class TestTheCommand:
    GOOD = {
        "address": {"lat": 44.0952, "lon": 125.1187, "radius_m": 300},
        "fix": {"lat": 44.095485, "lon": 125.119011, "accuracy_m": 12.4, "at": "2026-11-20T10:00:00+08:00"},
        "received_at": "2026-11-20T02:00:09Z", "previous": None, "recent": [],
    }  # fmt: skip

    def run(self, tmp_path, capsys, body) -> tuple[int, dict]:
        file = tmp_path / "check-in.json"
        file.write_text(body if isinstance(body, str) else json.dumps(body), encoding="utf-8")
        status = main(["presence", str(file), "--json"])
        return status, json.loads(capsys.readouterr().out)

    def test_it_grades_a_file_without_any_bank(self, tmp_path, capsys):
        status, answer = self.run(tmp_path, capsys, self.GOOD)
        assert (status, answer["grade"]) == (0, "A")
        assert all(set(reason) == {"check", "verdict", "words"} for reason in answer["reasons"])

    @pytest.mark.parametrize(
        "broken",
        [
            "", "[]", "null", "{}", "{", "[" * 100_000, '{"address": NaN}', "\ud83d".encode("utf-8", "replace").decode(),
            GOOD | {"fix": None}, GOOD | {"fix": []}, GOOD | {"address": "吉林省"}, GOOD | {"received_at": "yesterday"},
            GOOD | {"received_at": 1700000000}, GOOD | {"recent": {}}, GOOD | {"recent": [1]}, GOOD | {"recent": [None] * 5001},
            GOOD | {"previous": {}}, GOOD | {"address": {"lat": 91, "lon": 0}}, GOOD | {"address": {"lat": True, "lon": 0}},
            GOOD | {"address": {"lat": "44", "lon": "125"}}, GOOD | {"address": {"lat": 44, "lon": 125, "radius_m": 0}},
            GOOD | {"fix": GOOD["fix"] | {"accuracy_m": -1}}, GOOD | {"fix": GOOD["fix"] | {"accuracy_m": "good"}},
            GOOD | {"fix": GOOD["fix"] | {"at": "0001-01-01T00:00:00"}}, GOOD | {"fix": GOOD["fix"] | {"lat": 10**400}},
            GOOD | {"explanation": "长" * 501}, GOOD | {"offline": "yes"}, GOOD | {"photos": [{"lat": 1}]},
        ],
    )  # fmt: skip
    def test_what_cannot_be_meant_is_refused_with_a_sentence(self, tmp_path, capsys, broken):
        status, answer = self.run(tmp_path, capsys, broken)
        assert status == 1
        assert len(answer["error"]) > 10

    def test_swapped_coordinates_are_called_so(self, tmp_path, capsys):
        words.language.set("en")
        status, answer = self.run(tmp_path, capsys, self.GOOD | {"fix": self.GOOD["fix"] | {"lat": 125.1, "lon": 44.1}})
        assert status == 1
        assert "颠倒" in answer["error"] or "swapped" in answer["error"]

    def test_a_time_without_an_offset_is_chinas(self):
        assert read.check_in(self.GOOD | {"received_at": "2026-11-20T10:00:09"}).received_at - TEN == timedelta(seconds=9)
