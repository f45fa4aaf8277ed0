"""Writing of the image store: every image is decoded once, resized to every resolution, and appended.

The images of one split are never all in memory, and a store appears whole or not at all. An image whose content is in
several splits stays in the first of test, search, calibration and train that has it, and the manifest lists the others
as dropped: a network must not be tested on what it has learned from. One whose content is in several classes has no
label, and none of its files stays.
"""

import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np

from nascore.data.source import SPLITS, CorruptImage, Item, Pixels, Source
from nascore.data.store import MANIFEST, SCHEMA_VERSION, ImageStore, image_file, label_file
from nascore.errors import DataError
from nascore.files import file_sha256, write_json
from nascore.progress import progress

LISTED = 10
"""Files that an error names; the rest it counts."""

TWO_CLASSES = "two_classes"
"""The code of a picture that is in two classes, among those of `nascore.data.source.CorruptImage`."""

BLOCK = 500
"""Images per line of progress."""


def write_store(folder: str | Path, source: Source, *, resolutions: Sequence[int]) -> ImageStore:
    """Write the images of a source as a store, which replaces an older one.

    Parameters
    ----------
    folder
        Where the store will be.
    source
        Where its images come from.
    resolutions
        Sizes to resize to, pixels; the aspect ratio of images is not kept.

    Raises
    ------
    DataError
        If files are corrupt or in two classes and the source does not allow it (all of them are looked at first), a
        split would lose all images of a class, or the store cannot be written.
    """
    sizes = tuple(sorted(set(resolutions)))
    with _replacing_folder(Path(folder)) as temporary:
        writer = _Writer(temporary, source, sizes)
        writer.write()
        if (writer.corrupt or writer.contradictions) and not source.allow_corrupt:
            raise DataError(_refused(writer.reasons, writer.contradictions))
        if writer.contradictions:
            # Only now is it known which of the images that are written have another label elsewhere.
            writer = _Writer(temporary, source, sizes, without=frozenset(writer.contradictions))
            writer.write()
        writer.finish()
    return ImageStore.open(folder)


class _Writer:
    """Appends split by split and keeps what the manifest will say.

    Parameters
    ----------
    folder, source, resolutions
        See `write_store`.
    without
        Digests of content that is left out.
    """

    def __init__(
        self, folder: Path, source: Source, resolutions: tuple[int, ...], without: frozenset[str] = frozenset()
    ) -> None:
        self.folder = folder
        self.source = source
        self.resolutions = resolutions
        self.corrupt: list[dict[str, str]] = []
        self.reasons: list[str] = []
        self.contradictions: dict[str, list[str]] = {}
        """By digest, the names of the images that are in several classes."""
        self._without = without
        self._items = source.splits()
        self._kept: dict[str, list[dict[str, Any]]] = {}
        self._duplicates: list[dict[str, str]] = []
        self._first: dict[str, tuple[str, Item]] = {}
        for subfolder in ("images", "labels"):
            (folder / subfolder).mkdir(exist_ok=True)

    def write(self) -> None:
        """Write all splits; their order decides which keeps an image that several have."""
        for split in reversed(SPLITS):
            self._write_split(split)

    def _write_split(self, split: str) -> None:
        """Append the images of a split to its arrays, and write its labels."""
        kept = self._kept.setdefault(split, [])
        with ExitStack() as stack:
            arrays = [
                stack.enter_context(_Appended(self.folder / image_file(split, size), (size, size, 3)))
                for size in self.resolutions
            ]
            for item in _in_blocks(self._items[split], f"images of {split}, blocks of {BLOCK}"):
                try:
                    content = self.source.read(item)
                    digest = hashlib.sha256(content).hexdigest()
                    if self._is_left_out(split, item, digest):
                        continue
                    images = self.source.resized(content, self.resolutions)
                except CorruptImage as error:
                    self.corrupt.append({"name": item.name, "split": split, "code": error.code})
                    self.reasons.append(f"{item.name}: {error}")
                    continue
                # Only now: of two equal files that are no images, none is the copy of the other.
                self._first.setdefault(digest, (split, item))
                for array, image in zip(arrays, images, strict=True):
                    array.append(image)
                kept.append({"name": item.name, "sha256": digest, "label": item.label})
        labels = np.array([entry["label"] for entry in kept], np.int64)
        np.save(self.folder / label_file(split), labels, allow_pickle=False)

    def _is_left_out(self, split: str, item: Item, digest: str) -> bool:
        """Say whether an earlier split or another class has the same content, and note it for the manifest."""
        if digest in self._without:
            self.corrupt.append({"name": item.name, "split": split, "code": TWO_CLASSES})
            return True
        first_split, first = self._first.get(digest, (split, item))
        if first.label != item.label:
            self.contradictions.setdefault(digest, [first.name]).append(item.name)
            return True
        if first_split == split:
            return False
        self._duplicates.append({"name": item.name, "split": split, "same_as": first.name, "kept_in": first_split})
        return True

    def finish(self) -> None:
        """Write the manifest, last of all."""
        for split in SPLITS:
            self._refuse_lost_classes(split)
        names = [image_file(split, size) for split in SPLITS for size in self.resolutions]
        names += [label_file(split) for split in SPLITS]
        manifest = {
            "schema_version": SCHEMA_VERSION,
            "source": self.source.description(),
            "class_names": list(self.source.class_names),
            "resolutions": list(self.resolutions),
            "arrays": {name: file_sha256(self.folder / name) for name in names},
            "corrupt": self.corrupt,
            "duplicates": self._duplicates,
            "splits": {split: self._kept[split] for split in SPLITS},
        }
        write_json(self.folder / MANIFEST, manifest)

    def _refuse_lost_classes(self, split: str) -> None:
        """Raise if all images of a class, or all of them, were left out of a split."""
        lost = {item.label for item in self._items[split]} - {entry["label"] for entry in self._kept[split]}
        if not lost and self._kept[split]:
            return
        names = ", ".join(repr(self.source.class_names[label]) for label in sorted(lost)) or "any class"
        raise DataError(
            f"split {split} has no image of class {names} left: of its {len(self._items[split])} images, "
            f"{sum(entry['split'] == split for entry in self.corrupt)} are corrupt or in two classes and "
            f"{sum(entry['split'] == split for entry in self._duplicates)} are also in another split"
        )


class _Appended:
    """A .npy file that grows image by image; its header is written again when the number is known."""

    def __init__(self, path: Path, image_shape: tuple[int, ...]) -> None:
        self._path = path
        self._image_shape = image_shape
        self._count = 0
        self._file: IO[bytes]

    def __enter__(self) -> "_Appended":
        self._file = open(self._path, "wb")
        self._write_header()
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._file.seek(0)
            self._write_header()
        finally:
            self._file.close()

    def append(self, image: Pixels) -> None:
        """Append one image."""
        self._file.write(np.ascontiguousarray(image).data)
        self._count += 1

    def _write_header(self) -> None:
        """Write the header; NumPy pads it such that another count takes the same room."""
        shape = (self._count, *self._image_shape)
        header = {"shape": shape, "fortran_order": False, "descr": "|u1"}
        np.lib.format.write_array_header_1_0(self._file, header)


def _in_blocks(items: Sequence[Item], what: str) -> Iterator[Item]:
    """Yield items, showing progress per block."""
    for start in progress(range(0, len(items), BLOCK), what):
        yield from items[start : start + BLOCK]


def _refused(corrupt: Sequence[str], contradictions: Mapping[str, Sequence[str]]) -> str:
    """Say which files cannot be used, and why."""
    both = [f"the same picture in two classes: {' and '.join(names)}" for names in contradictions.values()]
    n_files = len(corrupt) + sum(map(len, contradictions.values()))
    listed = "\n".join(f"  {reason}" for reasons in (corrupt, both) for reason in _listed(reasons))
    return (
        f"{n_files} file{'' if n_files == 1 else 's'} cannot be used:\n{listed}\n"
        "Repair or remove them, or set data.allow_corrupt: true to leave them out and record them."
    )


def _listed(reasons: Sequence[str]) -> list[str]:
    """Return the first reasons, and how many more there are."""
    more = [f"… and {len(reasons) - LISTED} more"] if len(reasons) > LISTED else []
    return [*reasons[:LISTED], *more]


def _holds_a_store_at_most(folder: Path) -> bool:
    """Say whether a folder has no file but those of a store, or of a part of one: workflows remove files themselves."""
    if not folder.is_dir():
        return False
    files = (path.relative_to(folder) for path in folder.rglob("*") if not path.is_dir())
    arrays = ("images/*.npy", "labels/*.npy")
    return all(str(file) == MANIFEST or any(file.match(array) for array in arrays) for file in files)


@contextmanager
def _replacing_folder(folder: Path) -> Iterator[Path]:
    """Yield a temporary folder beside `folder` that takes its place when the block ends well.

    Its name is fixed, so that what a killed process left is removed by the next one.
    """
    if folder.exists() and not _holds_a_store_at_most(folder):
        raise DataError(f"{folder} exists and is not an image store; it is not overwritten. Choose another folder.")
    temporary, old = (folder.with_name(f".{folder.name}.{state}") for state in ("partial", "old"))
    try:
        for leftover in (temporary, old):
            shutil.rmtree(leftover, ignore_errors=True)
        temporary.mkdir(parents=True)
        yield temporary
        if folder.exists():
            os.replace(folder, old)
        os.replace(temporary, folder)
    except OSError as error:
        raise DataError(f"cannot write the image store {folder}: {error}") from None
    finally:
        if old.exists() and not folder.exists():
            os.replace(old, folder)
        for leftover in (temporary, old):
            shutil.rmtree(leftover, ignore_errors=True)
