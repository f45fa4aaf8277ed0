import json
import os
import re
from typing import ClassVar

import numpy as np
import pytest
from messages import facts

from nascore.data.source import CorruptImage, Item
from nascore.data.store import ImageStore
from nascore.data.store_writer import write_store
from nascore.errors import DataError


class Squares:
    """A source of grey squares: the content of an image is its grey value."""

    class_names = ("dark", "light")
    allow_corrupt = False

    def __init__(self, **splits):
        self.greys = {"train": [0, 10, 200], "calibration": [20], "search": [30, 210], "test": [40, 220]} | splits

    def description(self):
        return {"source": "squares"}

    def splits(self):
        return {
            split: [Item(f"{split}/{number}.{grey}", int(grey >= 128)) for number, grey in enumerate(greys)]
            for split, greys in self.greys.items()
        }

    def read(self, item):
        return item.name.split(".")[1].encode()

    def resized(self, content, resolutions):
        if int(content) > 255:
            raise CorruptImage(f"{int(content)} is no grey")
        return [np.full((size, size, 3), int(content), np.uint8) for size in resolutions]


def write(folder, source=None, resolutions=(8, 4)):
    return write_store(folder, source or Squares(), resolutions=resolutions)


def files(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def folder(tmp_path):
    write(tmp_path / "store")
    return tmp_path / "store"


class TestWhatIsWritten:
    def test_images_and_labels_are_those_of_the_source(self, folder):
        store = ImageStore.open(folder)
        assert (store.class_names, store.n_classes, store.resolutions) == (("dark", "light"), 2, (4, 8))
        for resolution in (4, 8):
            images = store.images("train", resolution)
            assert images.shape == (3, resolution, resolution, 3) and images.dtype == np.uint8
            assert images[:, -1, -1, -1].tolist() == [0, 10, 200]
        assert store.labels("train").tolist() == [0, 0, 1]
        assert store.labels("train").dtype == np.int64

    def test_images_are_mapped_and_cannot_be_written(self, folder):
        images = ImageStore.open(folder).images("test", 8)
        assert isinstance(images, np.memmap)
        with pytest.raises(ValueError, match=facts("read-only")):
            images[0] = 0

    def test_two_stores_have_the_same_bytes(self, folder, tmp_path):
        other = write(tmp_path / "other")
        assert files(tmp_path / "other") == files(folder)
        assert other.sha256 == ImageStore.open(folder).sha256

    def test_another_image_is_another_identity(self, folder, tmp_path):
        assert write(tmp_path / "other", Squares(test=[40, 221])).sha256 != ImageStore.open(folder).sha256

    def test_the_manifest_names_every_image_and_no_place(self, folder):
        manifest = json.loads((folder / "manifest.json").read_text())
        assert [entry["name"] for entry in manifest["splits"]["search"]] == ["search/0.30", "search/1.210"]
        assert set(manifest["arrays"]) == set(files(folder)) - {"manifest.json"}
        assert str(folder.parent) not in json.dumps(manifest)


class TestLeaks:
    def test_an_image_of_two_splits_stays_in_the_one_that_tests(self, tmp_path):
        store = write(tmp_path / "store", Squares(train=[0, 40, 30, 200], search=[30, 220, 230]))
        assert store.images("train", 4)[:, 0, 0, 0].tolist() == [0, 200]
        assert store.images("search", 4)[:, 0, 0, 0].tolist() == [30, 230]
        dropped = {entry["name"]: (entry["same_as"], entry["kept_in"]) for entry in store.manifest["duplicates"]}
        assert dropped == {
            "search/1.220": ("test/1.220", "test"),
            "train/1.40": ("test/0.40", "test"),
            "train/2.30": ("search/0.30", "search"),
        }

    def test_a_split_of_duplicates_alone_is_an_error(self, tmp_path):
        with pytest.raises(DataError, match=facts("train", 2, 0, "corrupt")):
            write(tmp_path / "store", Squares(train=[40, 30]))


class TestContradictions:
    """The same picture in two classes has no label."""

    GREYS: ClassVar = {"train": [0, 10, 200, 205], "search": [30, 210, 215], "test": [40, 220]}

    class Contradicting(Squares):
        def splits(self):
            splits = super().splits()
            splits["train"].append(Item("train/copy.220", 0))
            splits["search"].append(Item("search/copy.215", 0))
            return splits

    def test_are_an_error_that_names_both(self, tmp_path):
        with pytest.raises(DataError) as error:
            write(tmp_path / "store", self.Contradicting(**self.GREYS))
        for pair in (("train/copy.220", "test/1.220"), ("search/copy.215", "search/2.215")):
            (line,) = (line for line in str(error.value).splitlines() if pair[0] in line)
            assert re.match(facts(*pair), line)
        assert list(tmp_path.iterdir()) == []

    def test_none_of_them_stays_where_they_are_allowed(self, tmp_path):
        source = self.Contradicting(**self.GREYS | {"test": [40, 220, 230]})
        source.allow_corrupt = True
        store = write(tmp_path / "store", source)
        left_out = {entry["name"]: entry["code"] for entry in store.manifest["corrupt"]}
        assert left_out == dict.fromkeys(
            ("train/copy.220", "test/1.220", "search/copy.215", "search/2.215"), "two_classes"
        )
        assert store.images("test", 4)[:, 0, 0, 0].tolist() == [40, 230]
        assert store.images("train", 4)[:, 0, 0, 0].tolist() == [0, 10, 200, 205]

    def test_a_split_that_loses_a_class_is_an_error(self, tmp_path):
        source = self.Contradicting(**self.GREYS)
        source.allow_corrupt = True
        with pytest.raises(DataError, match=facts("test", "'light'", 2, 1)):
            write(tmp_path / "store", source)


class TestCorruptImages:
    def test_equal_ones_are_no_duplicates(self, tmp_path):
        source = Squares(train=[0, 300, 200], search=[30, 300, 210], test=[40, 300, 220])
        source.allow_corrupt = True
        store = write(tmp_path / "store", source)
        assert len(store.manifest["corrupt"]) == 3 and store.manifest["duplicates"] == []

    def test_are_an_error_that_lists_them_all(self, tmp_path):
        with pytest.raises(DataError) as error:
            write(tmp_path / "store", Squares(train=[0, 300], test=[40, *range(400, 412)]))
        assert re.match(facts(13, "test/1.400", "400 is no grey", 3, "data.allow_corrupt"), str(error.value))
        assert list(tmp_path.iterdir()) == []

    def test_are_skipped_and_recorded_where_allowed(self, tmp_path):
        source = Squares(train=[0, 300, 200])
        source.allow_corrupt = True
        store = write(tmp_path / "store", source)
        assert store.labels("train").tolist() == [0, 1] and store.images("train", 8).shape[0] == 2
        assert store.manifest["corrupt"] == [{"name": "train/1.300", "split": "train", "code": "undecodable"}]

    def test_a_split_of_corrupt_images_alone_is_an_error(self, tmp_path):
        source = Squares(calibration=[300])
        source.allow_corrupt = True
        with pytest.raises(DataError, match=facts("calibration", 1, 0, "corrupt")):
            write(tmp_path / "store", source)


class TestWholeOrNotAtAll:
    def test_an_interruption_keeps_the_older_store(self, folder, monkeypatch):
        before = files(folder)

        def interrupted(self, content, resolutions):
            raise KeyboardInterrupt

        monkeypatch.setattr(Squares, "resized", interrupted)
        with pytest.raises(KeyboardInterrupt):
            write(folder)
        assert files(folder) == before and os.listdir(folder.parent) == ["store"]

    def test_what_a_killed_process_left_is_removed(self, tmp_path):
        (tmp_path / ".store.partial").mkdir()
        (tmp_path / ".store.partial" / "half").write_text("")
        write(tmp_path / "store")
        assert os.listdir(tmp_path) == ["store"]

    def test_a_newer_store_replaces_an_older_one(self, folder):
        write(folder, resolutions=(16,))
        assert ImageStore.open(folder).resolutions == (16,) and not (folder / "images" / "train_8.npy").exists()

    def test_a_folder_of_something_else_is_not_overwritten(self, tmp_path):
        (tmp_path / "thesis").write_text("")
        with pytest.raises(DataError, match=facts(tmp_path, "image store")):
            write(tmp_path)
        assert (tmp_path / "thesis").exists()

    def test_a_full_disk_is_said(self, tmp_path, monkeypatch):
        def full(*_, **__):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(np, "save", full)
        with pytest.raises(DataError, match=facts(tmp_path / "store", "No space left on device")):
            write(tmp_path / "store")
        assert list(tmp_path.iterdir()) == []


class TestDamagedStores:
    @pytest.mark.parametrize("name", ["images/search_8.npy", "labels/test.npy"])
    def test_a_missing_array(self, folder, name):
        (folder / name).unlink()
        with pytest.raises(DataError, match=facts(folder / name, "image store")):
            ImageStore.open(folder)

    @pytest.mark.parametrize("left", [0, 50, -1])
    def test_an_array_cut_short(self, folder, left):
        path = folder / "images" / "train_8.npy"
        path.write_bytes(path.read_bytes()[:left])
        with pytest.raises(DataError, match=facts(path, "array", "image store")):
            ImageStore.open(folder)

    def test_an_array_with_a_tail(self, folder):
        with open(folder / "images" / "train_8.npy", "ab") as file:
            file.write(b"x")
        with pytest.raises(DataError, match=facts("images/train_8.npy", "bytes", "array")):
            ImageStore.open(folder)

    def test_an_array_of_another_shape(self, folder):
        np.save(folder / "images" / "train_8.npy", np.zeros((3, 4, 4, 3), np.uint8))
        with pytest.raises(
            DataError, match=facts("images/train_8.npy", "uint8", "(3, 4, 4, 3)", "manifest.json", "(3, 8, 8, 3)")
        ):
            ImageStore.open(folder)

    def test_a_pickle_is_not_loaded(self, folder):
        np.save(folder / "labels" / "test.npy", np.array([object()]), allow_pickle=True)
        with pytest.raises(DataError, match=facts("labels/test.npy", "array", "Python objects")):
            ImageStore.open(folder)

    def test_a_label_that_is_no_class(self, folder):
        np.save(folder / "labels" / "test.npy", np.array([0, 2]))
        with pytest.raises(DataError, match=facts("labels/test.npy", 2, 0, 1, "manifest.json")):
            ImageStore.open(folder)

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"schema_version": 9}, ("version", 9, 1)),
            ({"class_names": ["one"]}, ("class_names", "two", ["one"])),
            ({"resolutions": []}, ("resolutions", [])),
            ({"splits": {"val": [1]}}, ("splits", "train, calibration, search, test", "val")),
        ],
    )
    def test_another_manifest(self, folder, change, message):
        path = folder / "manifest.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | change))
        with pytest.raises(DataError, match=facts("manifest.json", *message)):
            ImageStore.open(folder)

    def test_no_store(self, tmp_path):
        with pytest.raises(DataError, match=facts(tmp_path / "manifest.json")):
            ImageStore.open(tmp_path)


def test_unknown_names_are_answered_with_the_nearest(folder):
    store = ImageStore.open(folder)
    with pytest.raises(DataError, match=facts("split", "'serch'", "'search'")):
        store.images("serch", 8)
    with pytest.raises(DataError, match=facts("resolution", 16, "4, 8")):
        store.images("search", 16)
