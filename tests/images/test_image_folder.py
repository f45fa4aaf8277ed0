import contextlib
import io
import os
import re
import zlib
from collections import Counter
from itertools import chain

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from messages import facts
from odd_image_files import bomb_png, deep_png, encoded, jpeg_with, png_with, tiff_with
from PIL import Image, ImageOps

from nascore.data.decoding import FORMATS, SUFFIXES, resized
from nascore.data.folder_layout import find_layout
from nascore.data.image_folder import ImageFolder
from nascore.data.options import ImageFolderOptions
from nascore.data.source import SPLITS, CorruptImage
from nascore.data.store_writer import write_store
from nascore.errors import DataError


def picture(path, grey=128, size=(20, 10), mode="RGB", **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    fill = grey if mode in ("L", "I;16") else (grey,) * len(Image.new(mode, (1, 1)).getbands())
    Image.new(mode, size, fill).save(path, **options)


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
        scandir = os.scandir
        monkeypatch.setattr(os, "scandir", lambda folder: contextlib.nullcontext([*scandir(folder)][::-1]))
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

    @pytest.mark.parametrize("n", [4, 5, 7, 30])
    def test_a_rare_class_is_in_every_split(self, tmp_path, n):
        for number in range(60 + n):
            picture(tmp_path / ("ok" if number < 60 else "defect") / f"{number}.png")
        splits = source(tmp_path).splits()
        labels = {split: {item.label for item in items} for split, items in splits.items()}
        assert all(labels[split] == {0, 1} for split in SPLITS)
        assert sum(map(len, splits.values())) == 60 + n

    def test_a_class_of_which_no_split_can_have_one_is_refused(self, tmp_path):
        for number in range(20):
            picture(tmp_path / ("ok" if number < 17 else "defect") / f"{number}.png")
        with pytest.raises(DataError, match=facts("'defect'", 3, 4)):
            source(tmp_path).splits()

    def test_published_halves_that_lack_a_class_are_refused(self, root):
        for path in sorted((root / "val" / "dog").iterdir())[1:]:
            path.unlink()
        with pytest.raises(DataError, match=facts("search", "'dog'", "test 1")):
            source(root, halves="published").splits()


class TestSplitFolders:
    @pytest.mark.parametrize("folders", [("Train", "Test"), ("Training", "Testing"), ("train", "test")])
    def test_train_and_test(self, root, folders):
        for old, new in zip(("train", "val"), folders, strict=True):
            (root / old).rename(root / new)
        splits = source(root).splits()
        assert {len(splits[split]) for split in ("test",)} == {12}
        assert all(item.name.startswith(f"{folders[1]}/") for item in splits["test"])
        assert Counter(item.name.split("/")[0] for split in SPLITS[:3] for item in splits[split]) == {folders[0]: 12}

    def test_all_three(self, root):
        for number in range(4):
            picture(root / "test" / ("cat", "dog")[number % 2] / f"{number}.png", grey=number)
        splits = source(root).splits()
        assert len(splits["test"]) == 4 and len(splits["search"]) == 12
        assert all(item.name.startswith("val/") for item in splits["search"])

    def test_a_test_folder_without_classes_is_counted(self, root):
        picture(root / "test" / "1.png")
        folder = source(root)
        assert len(folder.splits()["test"]) == 6
        assert folder.description()["ignored_files"] == {"in no folder of a class": 1}

    @pytest.mark.parametrize(("one", "other"), [("train", "Train"), ("val", "valid")])
    def test_two_folders_for_a_split_are_refused(self, root, one, other):
        picture(root / other / "cat" / "1.png")
        picture(root / other / "dog" / "1.png")
        with pytest.raises(DataError, match=facts(root, one, other, "ROOT/<class>/")):
            find_layout(root)

    @pytest.mark.parametrize("present", [("train",), ("val",), ("val", "test")])
    def test_without_what_is_needed(self, tmp_path, present):
        for part in present:
            picture(tmp_path / part / "cat" / "1.png")
        with pytest.raises(DataError, match=facts(tmp_path, *present, "no", "ROOT/<class>/")):
            find_layout(tmp_path)

    def test_a_class_may_be_called_train(self, tmp_path):
        for name in ("train", "bus"):
            picture(tmp_path / name / "1.png")
        assert find_layout(tmp_path).class_names == ("bus", "train")

    def test_folders_that_group_the_classes_are_no_classes(self, tmp_path):
        for group in ("day", "night"):
            for name in ("cat", "dog"):
                picture(tmp_path / group / name / "1.png")
        with pytest.raises(DataError, match=facts("day, night", "cat, dog", "ROOT/<class>/")):
            find_layout(tmp_path)
        picture(tmp_path / "day" / "1.png")
        assert find_layout(tmp_path).class_names == ("day", "night")


class TestLinks:
    def test_classes_and_folders_below_may_be_links(self, flat, tmp_path):
        root = tmp_path / "links"
        root.mkdir()
        for name in ("cat", "dog"):
            (root / name).symlink_to(flat / name)
        (flat / "cat" / "more").symlink_to(flat / "eel")
        found = {item.name for items in source(root).splits().values() for item in items}
        assert len(found) == 30 and "cat/more/02.png" in found

    @pytest.mark.parametrize("target", [".", "..", "../.."])
    def test_a_link_that_leads_back_is_refused(self, flat, target):
        (flat / "cat" / "more").mkdir()
        (flat / "cat" / "more" / "back").symlink_to(target)
        with pytest.raises(DataError, match=facts(flat / "cat/more/back", "link")):
            source(flat).splits()

    def test_a_link_to_itself(self, flat):
        (flat / "cat" / "loop").symlink_to("loop")
        assert len([*chain(*source(flat).splits().values())]) == 30
        (flat / "cat" / "loop.png").symlink_to("loop.png")
        with pytest.raises(DataError, match=facts(flat / "cat/loop.png", "link")):
            source(flat).splits()

    def test_what_cannot_be_read_is_named(self, flat, monkeypatch):
        folder = source(flat)
        item = folder.splits()["train"][0]
        (flat / item.name).unlink()
        with pytest.raises(DataError, match=facts(flat / item.name, "No such file or directory")):
            folder.read(item)

        def refuse(_):
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(os, "scandir", refuse)
        with pytest.raises(DataError, match=facts(flat, "Permission denied")):
            folder.splits()

    def test_a_pipe_that_is_called_like_an_image(self, flat):
        os.mkfifo(flat / "cat" / "pipe.png")
        with pytest.raises(DataError, match=facts(flat / "cat/pipe.png", "not a file")):
            source(flat).splits()


class TestClasses:
    def test_are_the_folders(self, root, flat):
        assert find_layout(root).class_names == ("cat", "dog")
        assert find_layout(flat).class_names == ("cat", "dog", "eel")

    def test_no_root(self, tmp_path):
        with pytest.raises(DataError, match=facts(tmp_path / "nowhere", "folder", "images")):
            find_layout(tmp_path / "nowhere")
        (tmp_path / "file").write_text("")
        with pytest.raises(DataError, match=facts(tmp_path / "file", "folder", "images")):
            find_layout(tmp_path / "file")

    def test_an_empty_root(self, tmp_path):
        with pytest.raises(DataError, match=facts(tmp_path, "folder", "class")):
            find_layout(tmp_path)

    def test_one_class(self, tmp_path):
        picture(tmp_path / "cat" / "1.png")
        with pytest.raises(DataError, match=facts(tmp_path, "class", "cat", "two")):
            find_layout(tmp_path)

    def test_other_classes_in_val(self, root):
        picture(root / "val" / "cow" / "1.png")
        with pytest.raises(DataError, match=facts(root, "train", "val", "cow")):
            find_layout(root)

    @pytest.mark.parametrize("name", ["two\nlines", "a\x07bell", "a\u2028separator"])
    def test_a_name_that_is_no_line(self, flat, name):
        picture(flat / name / "1.png")
        with pytest.raises(DataError, match=facts(flat, repr(name))):
            find_layout(flat)

    def test_a_class_without_an_image(self, root):
        (root / "train" / "eel").mkdir()
        (root / "val" / "eel").mkdir()
        with pytest.raises(DataError, match=facts("'eel'", root / "train" / "eel", *SUFFIXES)):
            source(root).splits()

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
        with pytest.raises(DataError, match=facts(root / "train/cat/gone.png", "link")):
            write_store(tmp_path / "store", source(root), resolutions=[8])


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

    @pytest.mark.parametrize("kind", ["BMP", "GIF", "TIFF"])
    def test_of_several_frames_the_first(self, kind):
        frames = [] if kind == "BMP" else [Image.new("RGB", (16, 16), (9, 8, 7))]
        image = Image.new("RGB", (16, 16), (200, 100, 50))
        content = encoded(image, format=kind, **({"save_all": True, "append_images": frames} if frames else {}))
        assert pixel(content) == [200, 100, 50]

    def test_other_formats_are_refused_whatever_their_name(self):
        with pytest.raises(CorruptImage, match=facts(*FORMATS)):
            resized(encoded(Image.new("RGB", (4, 4)), format="ICO"), [8], 10**6)

    def test_deep_greys_have_one_factor(self):
        def grey(value, white=None, kind="PNG"):
            content = encoded(Image.new("I;16", (16, 16), value), format=kind)
            return resized(content, [8], 10**6, white)[0][2, 2].tolist()

        assert grey(0x8040, 65535) == [128] * 3
        assert [grey(value, 240) for value in (0, 120, 240)] == [[0] * 3, [128] * 3, [255] * 3]
        assert grey(120, 240, "TIFF") == [128] * 3
        with pytest.raises(CorruptImage, match=facts("data.white", 219)):
            grey(219)
        with pytest.raises(CorruptImage, match=facts("data.white", 241, 240)):
            grey(241, 240)

    @pytest.mark.parametrize("value", [15, 4095, 65535])
    def test_deep_colours_that_would_be_black_are_refused(self, value):
        content = deep_png(value)
        if value == 65535:
            assert pixel(content) == [255, 255, 255]
        else:
            with pytest.raises(CorruptImage, match=facts(16, "black")):
                pixel(content)


PHOTOSHOP = b"Photoshop 3.0\x008BIM"


class TestMetadata:
    """No whole image is lost for its metadata, of which the orientation alone is read."""

    HALF = Image.new("RGB", (32, 16), "black")
    HALF.paste("white", (0, 0, 16, 16))

    @pytest.mark.parametrize("orientation", range(1, 9))
    @pytest.mark.parametrize("kind", ["PNG", "JPEG"])
    def test_the_orientation_is_read_whatever_stands_beside_it(self, kind, orientation):
        tiff = tiff_with(orientation)
        own = {"PNG": lambda: png_with(b"eXIf", tiff, self.HALF),
               "JPEG": lambda: jpeg_with(0xE1, b"Exif\0\0" + tiff, self.HALF)}[kind]()  # fmt: skip
        exif = Image.Exif()
        exif[0x112] = orientation
        upright = ImageOps.exif_transpose(Image.open(io.BytesIO(encoded(self.HALF, format="PNG", exif=exif))))
        expected = np.asarray(upright.resize((8, 8), Image.Resampling.BILINEAR))
        assert np.abs(resized(own, [8], 10**6)[0].astype(int) - expected).max() < 8

    @given(
        st.binary(max_size=60),
        st.sampled_from([b"eXIf", b"iCCP", b"zTXt", b"iTXt", b"tEXt", b"pHYs", b"gAMA", b"acTL"]),
    )
    def test_odd_chunks_of_a_png(self, data, kind):
        assert np.array_equal(resized(png_with(kind, data, self.HALF), [8], 10**6)[0], self.plain())

    @given(st.binary(max_size=60), st.integers(0xE1, 0xEF).filter(lambda marker: marker != 0xEE),
           st.sampled_from([b"", b"Exif\0\0", b"Exif\0\0II*\0", b"ICC_PROFILE\0", b"MPF\0", PHOTOSHOP]))  # fmt: skip
    def test_odd_segments_of_a_jpeg(self, data, marker, start):
        # Random bytes may happen to be an orientation.
        found = resized(jpeg_with(marker, start + data, self.HALF), [8], 10**6)[0]
        assert sorted(found[..., 0].ravel() > 128) == sorted(self.plain()[..., 0].ravel() > 128)

    def test_a_large_colour_profile(self):
        profile = b"x\0\0" + zlib.compress(np.random.default_rng(0).bytes(1_500_000))
        assert np.array_equal(resized(png_with(b"iCCP", profile, self.HALF), [8], 10**6)[0], self.plain())

    def test_a_cut_file_stays_cut(self):
        noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8))
        for content in (png_with(b"eXIf", b"odd", noise), jpeg_with(0xE1, b"Exif\0\0odd", noise)):
            for end in (100, len(content) // 2, len(content) - 40):
                with pytest.raises(CorruptImage):
                    resized(content[:end], [8], 10**6)

    def plain(self):
        return resized(encoded(self.HALF, format="PNG"), [8], 10**6)[0]


def test_published_photographs(shared_dir):
    root = shared_dir / "data" / "vww160"
    if not root.is_dir():
        pytest.skip(f"needs the published photographs: {root} is not there")
    splits = source(root, halves="published").splits()
    assert {split: len(items) for split, items in splits.items()} == {
        "train": 3988, "calibration": 1000, "search": 794, "test": 794,
    }  # fmt: skip
