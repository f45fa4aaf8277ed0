"""Folders of images as people have them, made at random: links, splits in any case, copies, files beside classes."""

import os
import tempfile
from hashlib import sha256
from itertools import count
from pathlib import Path

from hypothesis import assume, given, target
from hypothesis import strategies as st
from odd_image_files import encoded
from PIL import Image

from nascore.data.decoding import SUFFIXES
from nascore.data.folder_layout import SPLIT_NAMES
from nascore.data.image_folder import IN_NO_CLASS, ImageFolder
from nascore.data.options import ImageFolderOptions
from nascore.data.store_writer import write_store
from nascore.errors import DataError
from nascore.lineage.raw_images import images_fingerprint

CLASSES = ("cat", "dog", "eel")
FORMATS = {".png": "PNG", ".JPG": "JPEG", ".bmp": "BMP", ".gif": "GIF", ".webp": "WEBP", ".tif": "TIFF"}


def any_case(name):
    """Draw a name in another case."""
    letters = [st.sampled_from((letter.lower(), letter.upper())) for letter in name]
    return st.tuples(*letters).map("".join)


def split_folder(split):
    """Draw a name for the folder of a split."""
    return st.sampled_from(SPLIT_NAMES[split]).flatmap(any_case)


class Folder:
    """A folder with classes, which `alter` makes odd.

    Parameters
    ----------
    place
        An empty folder; the root is in it, and what links lead to is beside the root.
    data
        What hypothesis draws from.
    """

    ALTERATIONS = ("moved", "linked", "placed", "copied", "cut", "noted", "added")

    def __init__(self, place, data):
        self.root, self.elsewhere = place / "root", place / "elsewhere"
        self.draw = data.draw
        self._numbers = count()
        self.elsewhere.mkdir()
        parts = self.draw(st.sampled_from(((), ("train", "val"), ("train", "test"), ("train", "val", "test"))))
        tops = [self.draw(split_folder(part)) for part in parts] or [""]
        for top in tops:
            for name in CLASSES[: self.draw(st.integers(2, 3))] if len(tops) == 1 else CLASSES:
                for _ in range(4):
                    self.write(self.root / top / name)
        for alteration in self.draw(st.lists(st.sampled_from(self.ALTERATIONS), max_size=5)):
            getattr(self, alteration)()

    def write(self, folder, content=None):
        """Write an image, another one every time."""
        number = next(self._numbers)
        folder.mkdir(parents=True, exist_ok=True)
        suffix = self.draw(st.sampled_from((*FORMATS,)))
        picture = Image.new("RGB", (8 + number % 7, 9), (number % 256, number // 256, 90))
        file = folder / f"{number}{suffix}"
        file.write_bytes(encoded(picture, format=FORMATS[suffix]) if content is None else content)

    def folders(self):
        return sorted(path for path in self.root.rglob("*") if path.is_dir() and not path.is_symlink())

    def images(self):
        return sorted(path for path in self.root.rglob("*") if path.suffix in FORMATS and path.is_file())

    def any_of(self, paths):
        assume(paths)  # all are behind links by now
        return self.draw(st.sampled_from(paths))

    def moved(self):
        """Replace a folder by a link to it."""
        folder = self.any_of(self.folders())
        to = self.elsewhere / str(next(self._numbers))
        folder.rename(to)
        folder.symlink_to(to)

    def linked(self):
        """Add a link in a folder: to another one, to one that it is in, to a file, to nothing or to itself."""
        folder = self.any_of(self.folders())
        link = folder / f"link{next(self._numbers)}{self.draw(st.sampled_from(('', '.png')))}"
        kind = self.draw(st.sampled_from(("folder", "above", "file", "nothing", "itself", "beside")))
        if kind == "beside":
            self.write(self.elsewhere / "beside")
        targets = {
            "folder": lambda: self.any_of(self.folders()),
            "above": lambda: self.any_of([folder, *folder.parents][: len(folder.relative_to(self.root).parts) + 1]),
            "file": lambda: self.any_of(self.images()),
            "nothing": lambda: "nothing",
            "itself": lambda: link.name,
            "beside": lambda: self.elsewhere / "beside",
        }
        link.symlink_to(targets[kind]())

    def placed(self):
        """Add an image in any folder, or in the root."""
        folder = self.any_of([self.root, *self.folders()])
        self.write(folder / self.draw(st.sampled_from(("", "more", "more/still more"))))

    def copied(self):
        """Add a copy of an image in any folder."""
        self.write(self.any_of(self.folders()), self.any_of(self.images()).read_bytes())

    def cut(self):
        """Cut an image to any length."""
        file = self.any_of(self.images())
        os.truncate(file, self.draw(st.integers(0, file.stat().st_size)))

    def noted(self):
        """Add a file that is no image."""
        (self.any_of([self.root, *self.folders()]) / f"note{next(self._numbers)}.txt").write_text("a note")

    def added(self):
        """Add a folder to the root, empty, with images, or with classes."""
        names = st.sampled_from((*SPLIT_NAMES, "extra", "more cats", "Testing", "valid"))
        folder = self.root / self.draw(names.flatmap(any_case))
        inner = self.draw(st.sampled_from(((), ("",), CLASSES)))
        folder.mkdir(exist_ok=True)
        for name in inner:
            self.write(folder / name)


def files_of(root):
    """Return the visible images below a folder, behind links too, by another walk than the source's."""
    found = []
    for top, _, names in os.walk(root, followlinks=True):
        assert len(Path(top).relative_to(root).parts) < 20, "a loop was not refused"
        found += [Path(top, name) for name in names if Path(name).suffix.lower() in SUFFIXES]
    return {path.relative_to(root).as_posix(): path for path in found}


def taken(place, folder, allow_corrupt):
    """Return the manifest of the store of a folder, and its fingerprint; None where it is refused."""
    source = ImageFolder(folder.root, ImageFolderOptions(allow_corrupt=allow_corrupt), seed=0)
    try:
        store = write_store(place / "store", source, resolutions=[8])
        return store.manifest, images_fingerprint(folder.root, place / "cache.json")
    except DataError as error:
        assert str(place) in str(error) or "class" in str(error) or "cannot be used" in str(error)
        return None


@given(st.data(), st.booleans())
def test_every_image_is_in_the_store_or_counted_and_its_change_is_seen(data, allow_corrupt):
    with tempfile.TemporaryDirectory() as name:
        place = Path(name).resolve()
        folder = Folder(place, data)
        found = taken(place, folder, allow_corrupt)
        target(float(found is not None))
        if found is None:
            return
        manifest, fingerprint = found
        kept = [(split, entry) for split, entries in manifest["splits"].items() for entry in entries]
        left_out = [entry["name"] for entry in manifest["corrupt"] + manifest["duplicates"]]
        names = [entry["name"] for _, entry in kept] + left_out
        images = files_of(folder.root)
        n_elsewhere = manifest["source"]["ignored_files"].get(IN_NO_CLASS, 0)
        assert len(names) == len(set(names)) and set(names) <= set(images)
        assert len(names) + n_elsewhere == len(images)
        of_digest: dict[str, set[tuple[str, int]]] = {}
        for split, entry in kept:
            assert manifest["class_names"][entry["label"]] in entry["name"].split("/")[:2]
            assert entry["sha256"] == sha256(images[entry["name"]].read_bytes()).hexdigest()
            of_digest.setdefault(entry["sha256"], set()).add((split, entry["label"]))
        assert all(len(places) == 1 for places in of_digest.values()), "an image has two splits or two labels"
        changed = images[data.draw(st.sampled_from([entry["name"] for _, entry in kept]))]
        changed.write_bytes(changed.read_bytes() + b"more")
        assert images_fingerprint(folder.root, place / "cache.json") != fingerprint
