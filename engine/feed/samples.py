"""A mapping that is not in force yet, tried on files that somebody uploads: what a load would do with them. Nothing of it stays."""

from collections.abc import Mapping as Named
from datetime import date
from pathlib import Path, PurePath
from tempfile import TemporaryDirectory

from db.access import Person
from engine import permits, refusals
from engine.feed import delivery, load, mapping
from engine.feed.load import Report
from engine.feed.mapping import Mapping

MOST_BYTES = 50_000_000  # of all files together: they are held in memory


def rehearse(by: Person, body: dict, day: date, files: Named[str, bytes]) -> Report:
    """What a load of these files, as those of a business date, would do by this mapping, whoever approved it or not."""
    permits.must(by, "mapping.change")
    found = mapping.parse(body)
    if sum(map(len, files.values())) > MOST_BYTES:
        raise refusals.SamplesTooLarge(most=MOST_BYTES // 1_000_000)
    with TemporaryDirectory(prefix="vigil_samples_") as place:
        folder = Path(place) / f"{day:%Y%m%d}"
        folder.mkdir()
        for name, content in files.items():
            (folder / PurePath(name.replace("\\", "/")).name).write_bytes(content)
        if delivery.collect(found, day, folder) is None:
            raise refusals.NoSampleFits(names=", ".join(names(found, day)))
        return load.rehearse(found, folder)[0]


def names(found: Mapping, day: date) -> list[str]:
    """What the files of a business date are called."""
    return [table.file.replace("{date}", f"{day:%Y%m%d}") for _name, table in found.in_order()]
