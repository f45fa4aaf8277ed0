"""Walks through a folder of images, and tells which of its folders are splits and which are classes.

The same walk serves reading and fingerprint, so that no image is read whose change would go unnoticed.
"""

import os
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from pathlib import Path

from nascore.data.decoding import SUFFIXES
from nascore.errors import DataError

SPLIT_NAMES = {
    "train": ("train", "training"),
    "val": ("val", "valid", "validation", "dev"),
    "test": ("test", "testing"),
}
"""What folders of splits are called, in any case."""
LAYOUTS = (
    "expected ROOT/<class>/… for every class, or folders of splits with the classes in each: train and val, train and "
    f"test, or all three (also called {', '.join(dict.fromkeys(chain(*SPLIT_NAMES.values())))}, in any case)"
)
ALL = ""
"""The part of a folder that has classes alone."""


@dataclass(frozen=True)
class Layout:
    """What the folders in a root are.

    Parameters
    ----------
    class_names
        The classes, sorted, in which order they are the labels.
    parts
        The parts of the root, `ALL` or keys of `SPLIT_NAMES`, by the first folder of their files; `ALL` by the name
        of every class.
    """

    class_names: tuple[str, ...]
    parts: dict[str, str]

    def place(self, name: str) -> tuple[str, int] | None:
        """Return the part and the label of a file, given relative to the root; None if it is in no class."""
        first, *rest = name.split("/")
        part = self.parts.get(first)
        folders = [first, *rest] if part == ALL else rest
        if part is None or len(folders) < 2 or folders[0] not in self._labels:
            return None
        return part, self._labels[folders[0]]

    @cached_property
    def _labels(self) -> dict[str, int]:
        return {name: label for label, name in enumerate(self.class_names)}


def find_layout(root: Path) -> Layout:
    """Tell splits and classes apart; opens no file.

    Raises
    ------
    DataError
        If the root is missing, has none of the layouts, fewer than two classes, or other classes in one split than in
        another.
    """
    parts = _parts(root)
    if not parts:
        classes = _classes(root)
        return Layout(classes, dict.fromkeys(classes, ALL))
    found = {name: _classes(root / name) for name in parts if parts[name] != "test" or _folders(root / name)}
    first, *others = found
    for other in others:
        if different := sorted(set(found[first]) ^ set(found[other])):
            raise DataError(
                f"{root} must have the same classes in {first} and {other}; only one of them has {', '.join(different)}"
            )
    return Layout(found[first], {name: parts[name] for name in found})


def visible_files(root: Path) -> list[Path]:
    """Return the visible files below a folder, those behind links, too, in the order of torchvision's ImageFolder.

    Raises
    ------
    DataError
        If a link leads back to a folder that it is in, a folder cannot be read, or something that is called like an
        image is no file: a link to nowhere, or a pipe, at which a reader would wait forever.
    """
    waiting: list[tuple[Path, frozenset[tuple[int, int]]]] = [(root, frozenset())]
    found: dict[Path, list[Path]] = {}
    while waiting:
        folder, above = waiting.pop()
        status = os.stat(folder)
        if (status.st_dev, status.st_ino) in above:
            raise DataError(f"{folder} is a link that leads back to a folder that it is in; remove it")
        here = above | {(status.st_dev, status.st_ino)}
        found[folder] = []
        for entry in _entries(folder):
            if _is_folder(entry):
                waiting.append((folder / entry.name, here))
            else:
                found[folder].append(folder / entry.name)
    files = [file for folder in sorted(found, key=str) for file in found[folder]]
    for file in files:
        if is_image(file) and not file.is_file():
            what = "is a link to nothing" if file.is_symlink() else "is not a file"
            raise DataError(f"{file} {what}; remove it, or replace it with an image")
    return files


def is_image(file: str | Path) -> bool:
    """Return whether a file is called like an image."""
    return os.path.splitext(file)[1].lower() in SUFFIXES


def _parts(root: Path) -> dict[str, str]:
    """Return the split that each folder in a root is; none where the folders are classes.

    A single folder that is called like a split but holds no folder is a class, such as that of trains.
    """
    folders = _folders(root)
    parts = {
        name: part for part, names in SPLIT_NAMES.items() for name in folders if name.casefold() in names
    }  # in the order of the splits
    if not parts or (len(parts) == len(set(parts.values())) == 1 and not any(_folders(root / name) for name in parts)):
        return {}
    if len(parts) > len(set(parts.values())):
        raise DataError(f"{root} has more than one folder for a split: {', '.join(parts)}; {LAYOUTS}")
    if "train" not in parts.values() or len(parts) == 1:
        missing = "val and no test" if "train" in parts.values() else "train"
        raise DataError(f"{root} has a folder {' and '.join(parts)} but no {missing}; {LAYOUTS}")
    return parts


def _classes(folder: Path) -> tuple[str, ...]:
    """Return the names of two class folders or more."""
    names = _folders(folder)
    if not names:
        raise DataError(f"{folder} has no class: it has no folder; {LAYOUTS}")
    if len(names) == 1:
        raise DataError(f"{folder} has one class, {names[0]!r}; expected at least two; {LAYOUTS}")
    for name in names:
        _refuse_odd_name(name, folder)
    _refuse_other_levels(folder, names)
    return tuple(names)


def _refuse_odd_name(name: str, folder: Path) -> None:
    """Raise if a class has a name that cannot be a line of a list of labels."""
    as_utf8(name, folder)
    if any(unicodedata.category(character) in ("Cc", "Zl", "Zp") for character in name):
        raise DataError(f"{folder} has a class whose name has a line break or another control character: {name!r}")


def _refuse_other_levels(folder: Path, names: Sequence[str]) -> None:
    """Raise if the folders hold the same folders and no image: they group the classes, as years or places do."""
    # Every job asks, so that of folders with thousands of images only the first entries are looked at.
    for name in names:
        with _scanned(folder / name) as entries:
            if any(is_image(entry.name) for entry in entries):
                return
    below = {tuple(_folders(folder / name)) for name in names}
    if len(below) == 1 and len(next(iter(below))) > 1:
        raise DataError(
            f"{folder}: the folders {', '.join(names)} hold no image but the same folders, {', '.join(*below)}, and so "
            f"are no classes; {LAYOUTS}"
        )


def _folders(folder: Path) -> list[str]:
    """Return the names of the visible folders in a folder, sorted."""
    if not folder.is_dir():
        what = "is not a folder" if folder.exists() else "does not exist"
        raise DataError(f"the folder of images {folder} {what}")
    return [entry.name for entry in _entries(folder) if _is_folder(entry)]


def _entries(folder: Path) -> list["os.DirEntry[str]"]:
    """Return what is in a folder and not hidden, sorted by name."""
    with _scanned(folder) as entries:
        return sorted((e for e in entries if not e.name.startswith(".")), key=lambda entry: entry.name)


@contextmanager
def _scanned(folder: Path) -> Iterator[Iterator["os.DirEntry[str]"]]:
    """Lend what is in a folder, or say that it cannot be read."""
    try:
        with os.scandir(folder) as entries:
            yield entries
    except OSError as error:
        raise DataError(f"cannot read the folder of images {folder}: {error.strerror}") from None


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    """Return whether an entry is a folder, or a link to one; one that leads to itself is none."""
    try:
        return entry.is_dir()
    except OSError:
        return False


def as_utf8(name: str, root: Path) -> str:
    """Return a name, or say that it cannot be written down."""
    try:
        name.encode()
    except UnicodeEncodeError:
        raise DataError(f"{root} has a name that is not UTF-8: {name!r}; rename it") from None
    return name
