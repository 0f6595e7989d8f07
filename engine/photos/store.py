"""Where photos lie: under the digest of their content, written once, never changed.

`Store` is all that the rest of the house knows. `Folder` is the one that comes with it, `engine.photos.bucket` keeps them in an object
store. The same bytes twice are one file; a file is there whole or not at all, whatever crashes.
"""

import os
import re
import secrets
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Protocol

from engine.photos.intake import digest
from engine.refusals import Refusal

KEY = re.compile("[0-9a-f]{64}")
HALF_WRITTEN = ".part"


class NoSuchPhoto(Refusal):
    """There is no such photo, or it is not yours to see."""

    status = 404


class PhotoChanged(Refusal):
    """The stored photo is not what was handed in: its check sum differs. Tell whoever runs Vigil: {key}."""

    status = 500


class PhotosAway(Refusal):
    """The store of photos does not answer ({why}). Nothing is lost: a photo stays on the phone and is sent again by itself."""

    status = 503


class Store(Protocol):
    """What a place for photos can do."""

    def put(self, data: bytes) -> str:
        """Keep these bytes; their key, the hexadecimal SHA-256."""

    def get(self, key: str) -> bytes:
        """The very bytes that were put, or a refusal."""

    def has(self, key: str) -> bool:
        """Whether they are there; nothing about their being sound."""

    def remove(self, key: str) -> None:
        """Forget them, as the rules of retention ask."""

    def everything(self) -> Iterator[str]:
        """Of everything that is there, in no order."""


def path_of(key: str) -> str:
    """Two floors of folders by the first digits, in every place the same."""
    if not KEY.fullmatch(key):
        raise NoSuchPhoto
    return f"{key[:2]}/{key[2:4]}/{key}.jpg"


def try_out(store: Store) -> None:
    """Keep something that is no photo, read it, and take it away again: what cannot be done is refused."""
    key = store.put(secrets.token_bytes(64))
    try:
        store.get(key)
    finally:
        store.remove(key)


class Folder:
    """Files in two floors of folders by the first digits of their key, readable by the owner alone."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def put(self, data: bytes) -> str:
        key = digest(data)
        place = self._place(key)
        try:
            if not self._sound(place, key):
                self._write(place, data)
        except OSError as wrong:
            raise PhotosAway(why=wrong.strerror or type(wrong).__name__) from wrong
        return key

    def get(self, key: str) -> bytes:
        try:
            data = self._place(key).read_bytes()
        except OSError:
            raise NoSuchPhoto from None
        if digest(data) != key:
            raise PhotoChanged(key=key[:12])
        return data

    def has(self, key: str) -> bool:
        return self._place(key).is_file()

    def remove(self, key: str) -> None:
        self._place(key).unlink(missing_ok=True)

    def everything(self) -> Iterator[str]:
        return (file.stem for file in self.root.rglob("*.jpg") if KEY.fullmatch(file.stem))

    def sweep(self, before: datetime) -> int:
        """Remove what a crash left half written before a moment; how many files that were."""
        old = [file for file in self.root.rglob(f"*{HALF_WRITTEN}") if file.stat().st_mtime < before.timestamp()]
        for file in old:
            file.unlink(missing_ok=True)
        return len(old)

    def _place(self, key: str) -> Path:
        return self.root / path_of(key)

    @staticmethod
    def _sound(place: Path, key: str) -> bool:
        """There already, and not damaged since: a damaged one is replaced by the good bytes at hand."""
        return place.is_file() and digest(place.read_bytes()) == key

    @staticmethod
    def _write(place: Path, data: bytes) -> None:
        """On the disk before it has its name, and its name on the disk before we return."""
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        half = place.with_name(f"{place.name}.{secrets.token_hex(6)}{HALF_WRITTEN}")
        try:
            with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            half.replace(place)
        finally:
            half.unlink(missing_ok=True)
        for folder in (place.parent, place.parent.parent, place.parent.parent.parent):
            _settle(folder)


def _settle(folder: Path) -> None:
    """A new name is lost in a power cut unless its folder is written out too."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
