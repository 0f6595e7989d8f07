"""Photos in an object store: kept whole or refused with a sentence, moved there and back, never lost."""

import hashlib

import pytest
import urllib3

from db import settings
from engine import __main__ as command
from engine import doctor
from engine.photos import bucket, moving
from engine.photos.bucket import Bucket
from engine.photos.store import Folder, NoSuchPhoto, PhotoChanged, PhotosAway, try_out
from engine.visits import pictures
from tests import object_store
from tests.object_store import BUCKET

PHOTO = b"a photo of a shop" * 100
HASTY = urllib3.Timeout(connect=0.5, read=0.2)


@pytest.fixture(scope="module")
def service():
    with object_store.opened() as store:
        yield store


@pytest.fixture
def far(service):
    """The same service, empty and in a good temper."""
    service.objects.clear(), service.asked.clear(), service.tempers.clear()
    return service


@pytest.fixture
def store(far, monkeypatch):
    """As it is set up by the environment; without waiting long between two tries."""
    monkeypatch.setattr(bucket, "AGAIN", bucket.AGAIN.new(backoff_factor=0))
    for name, value in far.settings().items():
        monkeypatch.setenv(name, value)
    return Bucket(settings.photos(), HASTY)


class TestAPhotoInABucket:
    def test_is_there_as_it_was_sent_and_once_however_often(self, store, far):
        keys = {store.put(PHOTO) for _n in range(3)}
        (key,) = keys
        assert key == hashlib.sha256(PHOTO).hexdigest() and far.asked.count("PUT") == 1
        assert list(far.objects) == [f"vigil/{key[:2]}/{key[2:4]}/{key}.jpg"]
        assert store.get(key) == PHOTO and store.has(key) and list(store.everything()) == [key]
        store.remove(key)
        assert not store.has(key) and far.objects == {}

    def test_is_not_there_when_it_never_was(self, store):
        with pytest.raises(NoSuchPhoto):
            store.get("0" * 64)
        with pytest.raises(NoSuchPhoto):
            store.get("../../etc/passwd")
        assert not store.has("0" * 64)
        store.remove("0" * 64)

    def test_that_was_changed_there_is_not_shown_and_is_mended_when_it_comes_again(self, store, far):
        key = store.put(PHOTO)
        (name,) = far.objects
        far.objects[name] = PHOTO[::-1]
        with pytest.raises(PhotoChanged):
            store.get(key)
        assert store.put(PHOTO) == key and store.get(key) == PHOTO

    def test_many_are_listed_over_several_pages(self, store):
        keys = {store.put(bytes([n])) for n in range(5)}
        assert set(store.everything()) == keys


class TestWhatGoesWrong:
    @pytest.mark.parametrize("temper", [503, 500, "lost", "mute"])
    def test_once_is_tried_again_and_not_noticed(self, store, far, temper):
        far.tempers += [temper]
        key = store.put(PHOTO)
        assert store.get(key) == PHOTO

    @pytest.mark.parametrize("temper", [503, "mute", "lost"])
    def test_for_long_is_a_refusal_that_says_so_and_nothing_is_taken_for_kept(self, store, far, temper):
        far.tempers += [temper] * 3
        with pytest.raises(PhotosAway) as no:
            store.put(PHOTO)
        assert no.value.status == 503 and "照片不会丢失" in no.value.sentence(command._)
        assert far.objects == {}
        assert store.get(store.put(PHOTO)) == PHOTO

    def test_half_an_answer_is_no_photo(self, store, far):
        key = store.put(PHOTO)
        far.tempers += ["torn"]
        with pytest.raises(PhotosAway):
            store.get(key)
        assert store.get(key) == PHOTO

    @pytest.mark.parametrize(("name", "value", "why"), [
        ("VIGIL_PHOTOS", "s3://elsewhere", "NoSuchBucket"), ("VIGIL_PHOTOS_KEY", "somebody", "AccessDenied"),
        ("VIGIL_PHOTOS_ENDPOINT", "http://127.0.0.1:9", "MaxRetryError"),
    ])  # fmt: skip
    def test_a_wrong_setting_is_told_by_what_the_store_says(self, store, monkeypatch, name, value, why):
        monkeypatch.setenv(name, value)
        with pytest.raises(PhotosAway) as no:
            try_out(Bucket(settings.photos(), HASTY))
        assert no.value.details["why"] == why

    @pytest.mark.parametrize(("name", "value"), [
        ("VIGIL_PHOTOS", "s3://UPPER/x"), ("VIGIL_PHOTOS_ENDPOINT", "s3.bank.example"), ("VIGIL_PHOTOS_SECRET", ""),
    ])  # fmt: skip
    def test_a_setting_that_cannot_be_is_told_before_anything_is_asked(self, store, far, monkeypatch, name, value):
        monkeypatch.setenv(name, value)
        with pytest.raises(settings.BadSetting) as no:
            pictures.shelf()
        assert object_store.SECRET not in str(no.value.details) and far.asked == []

    def test_a_full_disk_is_told_too(self, tmp_path):
        (tmp_path / "photos").write_text("no folder")
        with pytest.raises(PhotosAway):
            Folder(tmp_path / "photos").put(PHOTO)


class TestMoving:
    def test_there_and_back_by_the_command(self, store, far, monkeypatch, tmp_path, capsys):
        folder = Folder(tmp_path / "photos")
        keys = {folder.put(bytes([n]) * 50) for n in range(7)}
        monkeypatch.setenv("VIGIL_PHOTOS_BEFORE", str(folder.root))
        assert command.main(["photos", "--json"]) == 0
        assert set(store.everything()) == keys and list(folder.everything()) == []
        assert '"photos": 7, "bytes": 350' in capsys.readouterr().out
        monkeypatch.setenv("VIGIL_PHOTOS", str(folder.root))
        monkeypatch.setenv("VIGIL_PHOTOS_BEFORE", f"s3://{BUCKET}/vigil")
        assert command.main(["photos"]) == 0
        assert set(folder.everything()) == keys and far.objects == {}

    def test_killed_in_the_middle_it_goes_on_where_it_was(self, store, tmp_path):
        folder = Folder(tmp_path / "photos")
        keys = {folder.put(bytes([n])) for n in range(6)}

        def killed(moved: moving.Moved) -> None:
            if moved.photos == 3:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            moving.move(folder, store, killed)
        both = moving.Both(store, folder)
        assert len(list(folder.everything())) == 3 and all(both.get(key) for key in keys)
        assert set(both.everything()) == keys
        assert moving.move(folder, store).photos == 3
        assert set(store.everything()) == keys

    def test_what_was_not_read_back_stays_where_it_was(self, store, far, tmp_path):
        folder = Folder(tmp_path / "photos")
        key = folder.put(PHOTO)
        far.tempers += [404, 200, 503, 503, 503]  # not there yet, as if it were written, and then silence
        with pytest.raises(PhotosAway):
            moving.move(folder, store)
        assert folder.get(key) == PHOTO

    def test_a_damaged_one_is_named_and_left(self, store, tmp_path, monkeypatch, capsys):
        folder = Folder(tmp_path / "photos")
        key = folder.put(PHOTO)
        next(folder.root.rglob("*.jpg")).write_bytes(b"rotten")
        monkeypatch.setenv("VIGIL_PHOTOS_BEFORE", str(folder.root))
        assert command.main(["photos"]) == 1
        assert key in capsys.readouterr().out and folder.has(key)

    def test_new_photos_go_to_the_new_place_and_old_ones_are_shown_meanwhile(self, store, far, tmp_path, monkeypatch):
        old = Folder(tmp_path / "photos").put(PHOTO)
        monkeypatch.setenv("VIGIL_PHOTOS_BEFORE", str(tmp_path / "photos"))
        shelf = pictures.shelf()
        new = shelf.put(b"new")
        assert shelf.get(old) == PHOTO and shelf.get(new) == b"new" and len(far.objects) == 1
        assert shelf.has(old) and not shelf.has("0" * 64)
        with pytest.raises(NoSuchPhoto):
            shelf.get("0" * 64)


def test_the_doctor_keeps_reads_and_removes_something(store, far, monkeypatch):
    doctor._photos.cache_clear()
    assert doctor._photos(1).words == f"s3://{BUCKET}/vigil/" and far.objects == {}
    monkeypatch.setenv("VIGIL_PHOTOS", "s3://elsewhere")
    found = doctor._photos(2)
    assert not found.fine and "NoSuchBucket" in found.words
    doctor._photos.cache_clear()
