"""Photos in an object store that speaks S3: the bank's own (MinIO, Ceph, a storage appliance) or a provider's.

What cannot be kept is refused with a sentence, and whoever wanted it kept still has it: a phone sends again until it is told that its
photo is here, and nothing is taken away from one place before it was read back from the other.
"""

import hashlib
import io
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
import urllib3
from minio import Minio
from minio.error import MinioException, S3Error

from db.settings import PhotoPlace
from engine.photos.intake import digest
from engine.photos.store import KEY, NoSuchPhoto, PhotoChanged, PhotosAway, path_of

log = structlog.get_logger()
PATIENCE = urllib3.Timeout(connect=3, read=20)  # seconds
AGAIN = urllib3.Retry(total=2, backoff_factor=0.2, status_forcelist=(500, 502, 503, 504), raise_on_status=False)
GONE = {"NoSuchKey", "NoSuchObject"}


class Bucket:
    """Objects named as files are in `Folder`, below a prefix."""

    def __init__(self, place: PhotoPlace, patience: urllib3.Timeout = PATIENCE) -> None:
        self.place = place
        scheme, host = place.endpoint.split("://")
        self._client = Minio(
            host, place.access_key, place.secret_key, secure=scheme == "https", region=place.region,
            http_client=urllib3.PoolManager(timeout=patience, retries=AGAIN, maxsize=8),
        )  # fmt: skip

    def put(self, data: bytes) -> str:
        key = digest(data)
        with self._answered():
            if not self._sound(key, data):
                self._client.put_object(self.place.bucket, self._name(key), io.BytesIO(data), len(data), "image/jpeg")
        return key

    def get(self, key: str) -> bytes:
        with self._answered():
            answer = self._client.get_object(self.place.bucket, self._name(key))
            try:
                data = answer.read()
            finally:
                answer.release_conn()
        if digest(data) != key:
            raise PhotoChanged(key=key[:12])
        return data

    def has(self, key: str) -> bool:
        with self._answered():
            return self._stat(key) is not None

    def remove(self, key: str) -> None:
        with self._answered():
            self._client.remove_object(self.place.bucket, self._name(key))

    def everything(self) -> Iterator[str]:
        with self._answered():
            for found in self._client.list_objects(self.place.bucket, self.place.prefix, recursive=True):
                key = found.object_name.rpartition("/")[2].removesuffix(".jpg")
                if KEY.fullmatch(key):
                    yield key

    def _sound(self, key: str, data: bytes) -> bool:
        """There already and as it was: the store's own check sum says so. A damaged one is written anew."""
        found = self._stat(key)
        return found is not None and found.etag == hashlib.md5(data, usedforsecurity=False).hexdigest()

    def _stat(self, key: str):
        try:
            return self._client.stat_object(self.place.bucket, self._name(key))
        except S3Error as no:
            if no.code in GONE:
                return None
            raise

    def _name(self, key: str) -> str:
        return self.place.prefix + path_of(key)

    @contextmanager
    def _answered(self) -> Iterator[None]:
        """Whatever goes wrong between here and there is one refusal; what exactly, goes to the log."""
        try:
            yield
        except S3Error as no:
            if no.code in GONE:
                raise NoSuchPhoto from None
            raise self._away(no, no.code) from None
        except (MinioException, urllib3.exceptions.HTTPError, OSError, ValueError) as wrong:
            raise self._away(wrong, type(wrong).__name__) from None

    def _away(self, wrong: Exception, why: str) -> PhotosAway:
        log.error(
            "photo store", bucket=self.place.bucket, endpoint=self.place.endpoint, error=f"{type(wrong).__name__}: {wrong}"[:500]
        )
        return PhotosAway(why=why)
