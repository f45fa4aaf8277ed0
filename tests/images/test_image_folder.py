import io
import os
import re
import struct
import zlib

import numpy as np
import pytest
from messages import facts
from PIL import Image

from nascore.data.decoding import resized
from nascore.data.image_folder import ImageFolder, class_names
from nascore.data.options import ImageFolderOptions
from nascore.data.source import SPLITS, CorruptImage
from nascore.data.store_writer import write_store
from nascore.errors import DataError


def picture(path, grey=128, size=(20, 10), mode="RGB", **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    fill = grey if mode in ("L", "I;16") else (grey,) * len(Image.new(mode, (1, 1)).getbands())
    Image.new(mode, size, fill).save(path, **options)


def bomb_png(side):
    """Return a small PNG whose header promises `side` x `side` pixels."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"0" * 1000)) + chunk(b"IEND", b"")


@pytest.fixture
def root(tmp_path):
    """Return train and val, each with two classes; no two images are alike."""
    for number in range(24):
        part = "train" if number < 12 else "val"
        picture(tmp_path / "images" / part / ("cat", "dog")[number % 2] / f"{number:02}.png", grey=10 * number)
    return tmp_path / "images"


@pytest.fixture
def flat(tmp_path):
    for number in range(30):
        picture(tmp_path / "flat" / ("cat", "dog", "eel")[number % 3] / f"{number:02}.png", grey=8 * number)
    return tmp_path / "flat"


def source(root, seed=0, **options):
    return ImageFolder(root, ImageFolderOptions(**options), seed)


def names(splits):
    return {split: [item.name for item in items] for split, items in splits.items()}


class TestSplits:
    def test_are_disjoint_and_whole(self, root):
        splits = source(root).splits()
        assert {split: len(items) for split, items in splits.items()} == {
            "train": 9, "calibration": 3, "search": 6, "test": 6,
        }  # fmt: skip
        assert len({item.name for items in splits.values() for item in items}) == 24
        assert all(item.name.startswith("train/") for split in SPLITS[:2] for item in splits[split])

    def test_depend_on_names_and_seed_alone(self, root, monkeypatch):
        before = names(source(root).splits())
        assert names(source(root, seed=1).splits()) != before
        walk = os.walk
        monkeypatch.setattr(os, "walk", lambda top: [(p, d[::-1], f[::-1]) for p, d, f in walk(top)][::-1])
        assert names(source(root).splits()) == before

    def test_published_halves_are_every_second_image_in_sorted_order(self, root):
        splits = names(source(root, halves="published").splits())
        ordered = [f"val/cat/{n}.png" for n in range(12, 24, 2)] + [f"val/dog/{n}.png" for n in range(13, 24, 2)]
        assert (splits["test"], splits["search"]) == (ordered[::2], ordered[1::2])

    def test_a_flat_folder_gives_a_share_of_every_class_to_validation(self, flat):
        splits = source(flat, validation_share=0.4).splits()
        for label in range(3):
            assert sum(item.label == label for split in ("search", "test") for item in splits[split]) == 4
        assert sum(map(len, splits.values())) == 30

    def test_nested_folders_count_and_other_files_are_counted(self, root):
        picture(root / "train" / "cat" / "more" / "deep" / "99.JPEG", grey=7, format="JPEG")
        for name in ("notes.txt", "more/list.csv", ".hidden.png", ".cache/x.png"):
            (root / "train" / "cat" / name).parent.mkdir(exist_ok=True)
            (root / "train" / "cat" / name).write_text("")
        folder = source(root)
        found = [item.name for items in folder.splits().values() for item in items]
        assert len(found) == 25 and "train/cat/more/deep/99.JPEG" in found
        assert folder.description()["ignored_files"] == {".csv": 1, ".txt": 1}


class TestClasses:
    def test_are_the_folders(self, root, flat):
        assert class_names(root) == ("cat", "dog")
        assert class_names(flat) == ("cat", "dog", "eel")

    def test_no_root(self, tmp_path):
        with pytest.raises(DataError, match=facts(tmp_path / "nowhere", "folder", "images")):
            class_names(tmp_path / "nowhere")
        (tmp_path / "file").write_text("")
        with pytest.raises(DataError, match=facts(tmp_path / "file", "folder", "images")):
            class_names(tmp_path / "file")

    def test_an_empty_root(self, tmp_path):
        with pytest.raises(DataError, match=facts(tmp_path, "folder", "class")):
            class_names(tmp_path)

    def test_one_class(self, tmp_path):
        picture(tmp_path / "cat" / "1.png")
        with pytest.raises(DataError, match=facts(tmp_path, "class", "cat", "two")):
            class_names(tmp_path)

    def test_train_without_val(self, tmp_path):
        picture(tmp_path / "train" / "cat" / "1.png")
        with pytest.raises(DataError, match=facts(tmp_path, "train", "val")):
            class_names(tmp_path)

    def test_other_classes_in_val(self, root):
        picture(root / "val" / "cow" / "1.png")
        with pytest.raises(DataError, match=facts(root, "train", "val", "cow")):
            class_names(root)

    def test_a_class_without_an_image(self, root):
        (root / "train" / "eel").mkdir()
        (root / "val" / "eel").mkdir()
        with pytest.raises(DataError, match=facts("'eel'", root / "train" / "eel", ".jpeg, .jpg, .png, .webp")):
            source(root).splits()

    def test_a_flat_class_with_one_image(self, flat):
        picture(flat / "fox" / "1.png")
        with pytest.raises(DataError, match=facts("fox", "one", "two")):
            source(flat).splits()

    def test_a_name_that_cannot_be_written_down(self, root):
        picture(root / "train" / "cat" / "ok.png")
        os.rename(root / "train" / "cat" / "ok.png", os.fsencode(root) + b"/train/cat/\xff.png")
        with pytest.raises(DataError, match=facts(root, "UTF-8", r"train/cat/\udcff.png")):
            source(root).splits()


class TestCorruptFiles:
    @pytest.fixture
    def damaged(self, root):
        folder = root / "train" / "cat"
        noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
        Image.fromarray(noise).save(folder / "cut.jpg")
        (folder / "cut.jpg").write_bytes((folder / "cut.jpg").read_bytes()[:2000])
        (folder / "text.jpg").write_text("not an image")
        (folder / "nothing.png").write_bytes(b"")
        (folder / "bomb.png").write_bytes(bomb_png(100_000))
        (folder / "large.png").write_bytes(bomb_png(10_000))
        return root

    def test_are_listed_with_what_is_wrong(self, damaged, tmp_path):
        with pytest.raises(DataError) as error:
            write_store(tmp_path / "store", source(damaged), resolutions=[8])
        assert re.match(facts(5), str(error.value))
        for name, *why in (
            ("cut.jpg", "image file is truncated"),
            ("text.jpg", "JPEG", "PNG", "WEBP"),
            ("nothing.png", "empty"),
            ("bomb.png", "data.max_pixels", 89478485),
            ("large.png", "10000 x 10000", "data.max_pixels", 89478485),
        ):
            (line,) = (line for line in str(error.value).splitlines() if f"train/cat/{name}" in line)
            assert re.match(facts(*why), line)

    def test_are_skipped_where_allowed(self, damaged, tmp_path):
        store = write_store(tmp_path / "store", source(damaged, allow_corrupt=True), resolutions=[8])
        assert len(store.manifest["corrupt"]) == 5
        assert sum(len(items) for items in store.manifest["splits"].values()) == 24

    def test_a_file_that_cannot_be_read(self, root, tmp_path):
        (root / "train" / "cat" / "gone.png").symlink_to("nowhere")
        with pytest.raises(DataError, match=facts(root / "train/cat/gone.png", "No such file or directory")):
            write_store(tmp_path / "store", source(root), resolutions=[8])


def encoded(image, **options):
    content = io.BytesIO()
    image.save(content, **options)
    return content.getvalue()


def pixel(content, row=2, column=2):
    return resized(content, [8], 10**6)[0][row, column].tolist()


class TestDecoding:
    def test_the_published_resize(self, rng):
        image = Image.fromarray(rng.integers(0, 256, (30, 50, 3), dtype=np.uint8))
        expected = [np.asarray(image.resize((size, size), Image.Resampling.BILINEAR)) for size in (8, 40)]
        found = resized(encoded(image, format="PNG"), [8, 40], 10**6)
        assert all((one == other).all() for one, other in zip(found, expected, strict=True))

    @pytest.mark.parametrize(
        ("mode", "fill", "expected"),
        [
            ("L", 77, [77, 77, 77]),
            ("1", 1, [255, 255, 255]),
            ("LA", (0, 0), [255, 255, 255]),
            ("RGBA", (255, 0, 0, 0), [255, 255, 255]),
            ("RGBA", (255, 0, 0, 255), [255, 0, 0]),
            ("I;16", 0x8040, [128, 128, 128]),
        ],
    )
    def test_modes(self, mode, fill, expected):
        assert pixel(encoded(Image.new(mode, (16, 16), fill), format="PNG")) == expected

    def test_palette_with_a_transparent_colour(self):
        image = Image.new("P", (16, 16), 1)
        image.putpalette([0, 0, 0, 9, 8, 7])
        assert pixel(encoded(image, format="PNG")) == [9, 8, 7]
        assert pixel(encoded(image, format="PNG", transparency=1)) == [255, 255, 255]

    def test_cmyk(self):
        red, green, blue = pixel(encoded(Image.new("CMYK", (16, 16), (0, 255, 255, 0)), format="JPEG"))
        assert red > 250 and green < 5 and blue < 5

    @pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
    def test_exif_orientation(self, kind):
        image = Image.new("RGB", (32, 16), "black")
        image.paste("white", (0, 0, 16, 16))
        exif = Image.Exif()
        exif[0x0112] = 6  # the camera was turned: left becomes up
        content = encoded(image, format=kind, exif=exif, quality=95)
        assert min(pixel(content, row=1, column=6)) > 240 and max(pixel(content, row=6, column=1)) < 15

    def test_other_formats_are_refused_whatever_their_name(self):
        with pytest.raises(CorruptImage, match=facts("JPEG", "PNG", "WEBP")):
            resized(encoded(Image.new("RGB", (4, 4)), format="TIFF"), [8], 10**6)


def test_published_photographs(shared_dir):
    root = shared_dir / "data" / "vww160"
    if not root.is_dir():
        pytest.skip(f"needs the published photographs: {root} is not there")
    splits = source(root, halves="published").splits()
    assert {split: len(items) for split, items in splits.items()} == {
        "train": 3988, "calibration": 1000, "search": 794, "test": 794,
    }  # fmt: skip
