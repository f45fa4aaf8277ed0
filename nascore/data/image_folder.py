"""Images in folders: `root/{train,val}/<class>/…`, or `root/<class>/…` of which a share is drawn for validation."""

import math
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from nascore.data.decoding import SUFFIXES, resized
from nascore.data.options import ImageFolderOptions
from nascore.data.source import Item, Pixels, Splits, drawn, halved, without_calibration
from nascore.errors import DataError
from nascore.seeds import generator

PARTS = ("train", "val")


class ImageFolder:
    """A source of images in one folder per class; files in sub-folders of a class belong to it.

    Parameters
    ----------
    root
        The folder.
    options
        How it is read.
    seed
        The run's root seed.
    """

    def __init__(self, root: str | Path, options: ImageFolderOptions, seed: int) -> None:
        self.root = Path(root)
        self.options = options
        self.seed = seed
        self._ignored: Counter[str] = Counter()

    @property
    def class_names(self) -> tuple[str, ...]:
        """Return the names of the class folders, sorted; see `class_names`."""
        return class_names(self.root)

    @property
    def allow_corrupt(self) -> bool:
        """Return whether corrupt files are skipped and recorded."""
        return self.options.allow_corrupt

    def description(self) -> dict[str, Any]:
        """Return the options, the seed and how many files of other kinds were ignored; not the root."""
        ignored = {suffix: self._ignored[suffix] for suffix in sorted(self._ignored)}
        return {**self.options.model_dump(), "seed": self.seed, "ignored_files": ignored}

    def splits(self) -> Splits:
        """Return the items of every split.

        Raises
        ------
        DataError
            If the folder does not have one of its two forms, or a class has no image.
        """
        self._ignored.clear()
        if _has_parts(self.root):
            training, validation = (self._part(part) for part in PARTS)
        else:
            training, validation = self._shared(self._part(""))
        train, calibration = without_calibration(
            training, self.options.calibration, generator(self.seed, "data", "calibration")
        )
        search, test = halved(validation, self.options.halves, generator(self.seed, "data", "halves"))
        return {"train": train, "calibration": calibration, "search": search, "test": test}

    def read(self, item: Item) -> bytes:
        """Return the bytes of an item's file."""
        try:
            return (self.root / item.name).read_bytes()
        except OSError as error:
            raise DataError(f"cannot read {self.root / item.name}: {error.strerror}") from None

    def resized(self, content: bytes, resolutions: Sequence[int]) -> list[Pixels]:
        """Decode a file and resize it; see `nascore.data.decoding.resized`."""
        return resized(content, resolutions, self.options.max_pixels)

    def _part(self, part: str) -> list[Item]:
        """Return the items of a part of the root by class, sorted within it; count files of other kinds."""
        items: list[Item] = []
        for label, name in enumerate(self.class_names):
            folder = self.root / part / name
            before = len(items)
            for path in visible_files(folder):
                if path.suffix.lower() in SUFFIXES:
                    items.append(Item(_utf8(path.relative_to(self.root).as_posix(), self.root), label))
                else:
                    self._ignored[path.suffix.lower()] += 1
            if len(items) == before:
                raise DataError(f"class {name!r} has no image: {folder} has no {', '.join(SUFFIXES)} file")
        return items

    def _shared(self, items: list[Item]) -> tuple[list[Item], list[Item]]:
        """Draw the same share of every class for validation, at least one image; return training and validation."""
        training: list[Item] = []
        validation: list[Item] = []
        rng = generator(self.seed, "data", "validation")
        for label, name in enumerate(self.class_names):
            members = [item for item in items if item.label == label]
            if len(members) < 2:
                raise DataError(
                    f"class {name!r} has one image; expected two at least, one to train on and one for validation"
                )
            count = min(max(1, math.floor(len(members) * self.options.validation_share)), len(members) - 1)
            chosen, rest = drawn(members, count, rng)
            validation += chosen
            training += rest
        return training, validation


def class_names(root: str | Path) -> tuple[str, ...]:
    """Return the classes of an image folder, sorted, in which order they are the labels; opens no file.

    Raises
    ------
    DataError
        If the root is missing or empty, has fewer than two classes, or has other classes in `val` than in `train`.
    """
    root = Path(root)
    if not _has_parts(root):
        return _classes(root)
    train, val = (_classes(root / part) for part in PARTS)
    if train != val:
        different = sorted(set(train) ^ set(val))
        raise DataError(
            f"{root} must have the same classes in train and val; only one of them has {', '.join(different)}"
        )
    return train


def visible_files(folder: Path) -> Iterator[Path]:
    """Yield the visible files below a folder in the order of torchvision's ImageFolder."""
    for parent, _, files in sorted(os.walk(folder)):
        if any(part.startswith(".") for part in Path(parent).relative_to(folder).parts):
            continue
        yield from (Path(parent, name) for name in sorted(files) if not name.startswith("."))


def _has_parts(root: Path) -> bool:
    """Say whether a root has `train` and `val`, or classes."""
    found = [part for part in PARTS if part in _folders(root)]
    if len(found) == 1:
        missing = PARTS[1 - PARTS.index(found[0])]
        raise DataError(f"{root} has a folder {found[0]} but no {missing}; expected both, or folders of classes alone")
    return len(found) == 2


def _classes(folder: Path) -> tuple[str, ...]:
    """Return the names of two class folders or more."""
    names = _folders(folder)
    if not names:
        raise DataError(f"{folder} has no class: expected one folder of images per class")
    if len(names) == 1:
        raise DataError(f"{folder} has one class, {names[0]!r}; expected at least two, one folder of images per class")
    return tuple(_utf8(name, folder) for name in names)


def _folders(folder: Path) -> list[str]:
    """Return the names of the visible folders in a folder, sorted."""
    if not folder.is_dir():
        what = "is not a folder" if folder.exists() else "does not exist"
        raise DataError(f"the folder of images {folder} {what}")
    try:
        return sorted(entry.name for entry in folder.iterdir() if entry.is_dir() and not entry.name.startswith("."))
    except OSError as error:
        raise DataError(f"cannot read the folder of images {folder}: {error.strerror}") from None


def _utf8(name: str, root: Path) -> str:
    """Return a name, or say that it cannot be written down."""
    try:
        name.encode()
    except UnicodeEncodeError:
        raise DataError(f"{root} has a name that is not UTF-8: {name!r}; rename it") from None
    return name
