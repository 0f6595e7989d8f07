"""The environment, read once and checked. What a bank may change while running is a row, not a setting.

| variable       | meaning                                                                             |
|----------------|-------------------------------------------------------------------------------------|
| VIGIL_HOME     | folder of the embedded store, logs and inbox; default `.vigil` beside the code      |
| DATABASE_URL   | PostgreSQL 15 or later; without it the embedded server under VIGIL_HOME is used      |
| VIGIL_TODAY    | YYYY-MM-DD: the day screens and jobs take for today (demos, tests)                   |
| VIGIL_INBOX    | where each night's feed folders arrive; default VIGIL_HOME/inbox                     |
| VIGIL_LANG     | zh or en: language of the command line; default zh                                  |
| VIGIL_HOSTS    | comma-separated host names the server answers to; default: any                      |
| VIGIL_HTTPS    | 1 when browsers reach us over HTTPS: cookies become Secure, HSTS is sent             |
| VIGIL_JOBS     | 0 keeps the scheduler out of the app process (run `python -m engine serve` instead)  |
| VIGIL_PHOTOS   | where photos lie: a folder, or s3://bucket/prefix; default VIGIL_HOME/photos         |
| VIGIL_PHOTOS_BEFORE | where they lay before, read from until `python -m engine photos` has moved them |
| VIGIL_PHOTOS_ENDPOINT | http(s)://host:port of the object store, for photos in s3://                      |
| VIGIL_PHOTOS_KEY | its key's name; VIGIL_PHOTOS_SECRET its secret                                  |
| VIGIL_PHOTOS_REGION | its region; default us-east-1                                                      |
| VIGIL_FONT     | the font of a photo's stamp; default: the first known Chinese font of the system      |
| VIGIL_SOLOMON  | folder of Solomon's instances, for measuring the round (docs/route.md)              |
| VIGIL_TILES    | URL of the bank's licensed map tiles with {z}, {x} and {y}; default: none            |
| VIGIL_TILES_DATUM | gcj02 or wgs84: the datum of these tiles; default gcj02                           |
| VIGIL_TILES_BY | whose tiles they are and their approval number (审图号), shown under each map        |
| VIGIL_CHANNELS | a file of channels by which people are told: mail, WeCom, DingTalk, Feishu; default none |
| VIGIL_URL      | the address at which people reach Vigil, for links in messages; default: no links    |
| VIGIL_PROXY    | 1 when a proxy in front overwrites X-Forwarded-For: sources of sign-ins come from it |
"""

import os
import re
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from db.told import Told

ROOT = Path(__file__).resolve().parent.parent
ZONE = ZoneInfo("Asia/Shanghai")


class BadSetting(Told):
    """{name}={value} cannot be used: {expected}"""


def _path(name: str, default: Path) -> Path:
    return Path(os.environ.get(name) or default).expanduser().resolve()


def _date(name: str) -> date | None:
    raw = os.environ.get(name)
    try:
        return date.fromisoformat(raw) if raw else None
    except ValueError:
        raise BadSetting(name=name, value=raw, expected="a date is written like 2026-11-23") from None


def _flag(name: str, default: str) -> bool:
    raw = os.environ.get(name, default)
    if raw not in ("0", "1"):
        raise BadSetting(name=name, value=raw, expected="it must be 0 or 1")
    return raw == "1"


def _choice(name: str, choices: tuple[str, ...]) -> str:
    raw = os.environ.get(name) or choices[0]
    if raw not in choices:
        raise BadSetting(name=name, value=raw, expected=f"{' | '.join(choices)}")
    return raw


def home() -> Path:
    return _path("VIGIL_HOME", ROOT / ".vigil")


def inbox() -> Path:
    return _path("VIGIL_INBOX", home() / "inbox")


def database_url() -> str | None:
    """A SQLAlchemy URL on psycopg2, or None for the embedded server."""
    raw = os.environ.get("DATABASE_URL")
    if not raw:
        return None
    scheme, rest = raw.split("://", 1) if "://" in raw else ("", "")
    if scheme.split("+")[0] not in ("postgres", "postgresql"):
        raise BadSetting(name="DATABASE_URL", value=f"{scheme}://…", expected="it must begin with postgresql://")
    return f"postgresql+psycopg2://{rest}"


def fixed_today() -> date | None:
    return _date("VIGIL_TODAY")


@dataclass(frozen=True)
class PhotoPlace:
    """Where photos lie: a folder, or below a prefix of a bucket."""

    folder: Path | None
    bucket: str = ""
    prefix: str = ""
    endpoint: str = ""
    access_key: str = ""
    secret_key: str = field(default="", repr=False)
    region: str = ""


def photos() -> PhotoPlace:
    return _photo_place("VIGIL_PHOTOS") or PhotoPlace(home() / "photos")


def photos_before() -> PhotoPlace | None:
    """The place they are moved away from, still read."""
    return _photo_place("VIGIL_PHOTOS_BEFORE")


def _photo_place(name: str) -> PhotoPlace | None:
    raw = os.environ.get(name)
    if not raw:
        return None
    if not raw.startswith("s3:"):
        return PhotoPlace(Path(raw).expanduser().resolve())
    named = re.fullmatch(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/([\w./=-]*))?", raw)
    if not named:
        raise BadSetting(name=name, value=raw, expected="a bucket is written like s3://bucket or s3://bucket/folder")
    endpoint = os.environ.get("VIGIL_PHOTOS_ENDPOINT", "").rstrip("/")
    if not re.fullmatch(r"https?://[\w.:\[\]-]+", endpoint):
        raise BadSetting(name="VIGIL_PHOTOS_ENDPOINT", value=endpoint, expected="an address like https://s3.bank.example:9000")
    access, secret = os.environ.get("VIGIL_PHOTOS_KEY", ""), os.environ.get("VIGIL_PHOTOS_SECRET", "")
    if not access or not secret:
        raise BadSetting(name="VIGIL_PHOTOS_KEY", value="…", expected="photos in s3:// need this and VIGIL_PHOTOS_SECRET")
    prefix = (named[2] or "").strip("/")
    region = os.environ.get("VIGIL_PHOTOS_REGION") or "us-east-1"
    return PhotoPlace(None, named[1], f"{prefix}/" if prefix else "", endpoint, access, secret, region)


def language() -> str:
    return _choice("VIGIL_LANG", ("zh", "en"))


def hosts() -> list[str]:
    return [h.strip() for h in os.environ.get("VIGIL_HOSTS", "").split(",") if h.strip()] or ["*"]


def https() -> bool:
    return _flag("VIGIL_HTTPS", "0")


def jobs_in_app() -> bool:
    return _flag("VIGIL_JOBS", "1")


def behind_proxy() -> bool:
    return _flag("VIGIL_PROXY", "0")


def channels() -> Path | None:
    """The file that names the ways out by which people are told; it holds secrets."""
    raw = os.environ.get("VIGIL_CHANNELS")
    return Path(raw).expanduser() if raw else None


def address() -> str | None:
    """Where people reach Vigil, without a slash at the end."""
    raw = os.environ.get("VIGIL_URL", "").rstrip("/")
    if raw and not re.fullmatch(r"https?://[\w.:\[\]-]+", raw):
        raise BadSetting(name="VIGIL_URL", value=raw, expected="an address like https://vigil.bank.example")
    return raw or None


def font() -> Path | None:
    """A font file for the stamp on photos."""
    raw = os.environ.get("VIGIL_FONT")
    return Path(raw).expanduser() if raw else None


def solomon() -> Path | None:
    """A folder of published routing instances, for measuring."""
    raw = os.environ.get("VIGIL_SOLOMON")
    return Path(raw).expanduser() if raw else None


@dataclass(frozen=True)
class Tiles:
    """Map tiles that the bank has a licence for. `origin`: the only other host that browsers may then ask."""

    url: str
    origin: str
    datum: str
    by: str


def tiles() -> Tiles | None:
    """None: maps show the outline alone, and no browser asks another host."""
    url = os.environ.get("VIGIL_TILES")
    if not url:
        return None
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or any(c in url for c in " ;,'\"") or not _addresses_a_tile(url):
        raise BadSetting(name="VIGIL_TILES", value=url, expected="it begins with https:// and has {z}, {x} and {y}")
    by = os.environ.get("VIGIL_TILES_BY", "").strip()
    if not by:
        raise BadSetting(name="VIGIL_TILES_BY", value=by, expected="whose tiles they are must be said under each map")
    return Tiles(url, f"{parts.scheme}://{parts.netloc}", _choice("VIGIL_TILES_DATUM", ("gcj02", "wgs84")), by)


def _addresses_a_tile(url: str) -> bool:
    return all(place in url for place in ("{z}", "{x}", "{y}"))
