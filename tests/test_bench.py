"""The measurements of docs/performance.md can be repeated: each runs to its end, on a bank a fiftieth of the case study's size."""

import gzip
import hashlib

import pytest

from engine import bench
from engine.bench import larger, security
from engine.bench.bank import LAST
from engine.demo import world as demo_world
from tests.conftest import using

pytestmark = pytest.mark.slow
SMALL = 0.02


@pytest.mark.parametrize("name", ["export", "handover", "lists", "load", "night", "search", "security"])
def test_a_measurement_runs_to_its_end(administrator, monkeypatch, name):
    monkeypatch.setattr(security, "TIMES", 1)
    said: list[str] = []
    with using(administrator, "postgres"):
        figures = bench.MEASURES[name](SMALL, said.append)
    assert said
    assert len({figure.name for figure in figures}) == len(figures) > 0
    assert all(figure.seconds > 0 and figure.floor_seconds > 0 for figure in figures)


@pytest.fixture(scope="module")
def arrived(tmp_path_factory):
    """The files of a bank five times as large."""
    world = demo_world.build(LAST, 4 * SMALL)  # large enough for notes in arrears
    return larger.write(world, LAST, tmp_path_factory.mktemp("inbox"), times=5)


class TestALargerBanksFiles:
    """Made from the demo bank's by writing other digits into every number."""

    def test_each_holds_as_many_bytes_and_lines_as_its_ok_file_promises(self, arrived):
        for file in arrived.glob("*.del.gz"):
            data = gzip.decompress(file.read_bytes())
            told = {"rows": data.count(b"\n"), "bytes": len(data), "md5": hashlib.md5(data).hexdigest()}
            ok = file.with_name(file.name.removesuffix(".gz") + ".ok").read_text()
            assert ok == "".join(f"{word}={value}\n" for word, value in told.items())

    def test_nobody_and_no_note_is_handed_down_twice(self, arrived):
        for name in ("jg", "yg", "cp", "kh", "dk", "wy"):
            numbers = self._column(arrived, name, 0)
            assert len(numbers) == len(set(numbers)) > 0

    def test_whoever_borrows_or_guarantees_is_a_customer_of_a_branch_that_there_is(self, arrived):
        branches, staff, customers = (set(self._column(arrived, name, 0)) for name in ("jg", "yg", "kh"))
        assert customers >= set(self._column(arrived, "dk", 2)) | set(self._column(arrived, "bz", 1))
        assert branches >= set(self._column(arrived, "kh", 6)) | set(self._column(arrived, "dk", 3))
        assert staff >= set(self._column(arrived, "kh", 7)) | set(self._column(arrived, "dk", 4))

    def test_it_is_so_many_times_the_bank(self, arrived):
        customers = self._column(arrived, "kh", 0)
        assert sum(number.startswith("K0000") for number in customers) * 5 == len(customers)

    @staticmethod
    def _column(folder, name, place):
        (file,) = folder.glob(f"s_{name}_all_*.del.gz")
        return [line.split("|$|")[place] for line in gzip.decompress(file.read_bytes()).decode("gb18030").splitlines()]
