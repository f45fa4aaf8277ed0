"""Writing of the image store: every image is decoded once, resized to every resolution, and appended.

The images of one split are never all in memory, and a store appears whole or not at all. An image whose content is in
several splits stays in the first of test, search, calibration and train that has it, and the manifest lists the others
as dropped: a network must not be tested on what it has learned from.
"""

import hashlib
import os
import shutil
from collections.abc import Iterator, Sequence
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
"""Corrupt files that an error names; the rest it counts."""

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
        If files are corrupt and the source does not allow it (all of them are looked at first), a split would have no
        image, or the store cannot be written.
    """
    sizes = tuple(sorted(set(resolutions)))
    with _replacing_folder(Path(folder)) as temporary:
        writer = _Writer(temporary, source, sizes)
        # The order decides which split keeps an image that several have.
        for split in reversed(SPLITS):
            writer.write(split)
        if writer.corrupt and not source.allow_corrupt:
            raise DataError(_corrupt_message(writer.reasons))
        writer.finish()
    return ImageStore.open(folder)


class _Writer:
    """Appends split by split and keeps what the manifest will say."""

    def __init__(self, folder: Path, source: Source, resolutions: tuple[int, ...]) -> None:
        self.folder = folder
        self.source = source
        self.resolutions = resolutions
        self.corrupt: list[dict[str, str]] = []
        self.reasons: list[str] = []
        self._items = source.splits()
        self._kept: dict[str, list[dict[str, Any]]] = {}
        self._duplicates: list[dict[str, str]] = []
        self._first: dict[str, tuple[str, str]] = {}
        for subfolder in ("images", "labels"):
            (folder / subfolder).mkdir()

    def write(self, split: str) -> None:
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
                    if self._is_elsewhere(split, item, digest):
                        continue
                    images = self.source.resized(content, self.resolutions)
                except CorruptImage as error:
                    self.corrupt.append({"name": item.name, "split": split, "code": error.code})
                    self.reasons.append(f"{item.name}: {error}")
                    continue
                for array, image in zip(arrays, images, strict=True):
                    array.append(image)
                kept.append({"name": item.name, "sha256": digest, "label": item.label})
        labels = np.array([entry["label"] for entry in kept], np.int64)
        np.save(self.folder / label_file(split), labels, allow_pickle=False)

    def _is_elsewhere(self, split: str, item: Item, digest: str) -> bool:
        """Say whether an earlier split has the same content, and note it for the manifest."""
        first_split, first_name = self._first.setdefault(digest, (split, item.name))
        if first_split == split:
            return False
        self._duplicates.append({"name": item.name, "split": split, "same_as": first_name, "kept_in": first_split})
        return True

    def finish(self) -> None:
        """Write the manifest, last of all."""
        for split in SPLITS:
            if not self._kept[split]:
                raise DataError(
                    f"split {split} has no image: of {len(self._items[split])}, "
                    f"{sum(entry['split'] == split for entry in self.corrupt)} are corrupt and "
                    f"{sum(entry['split'] == split for entry in self._duplicates)} are also in another split"
                )
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


def _corrupt_message(corrupt: list[str]) -> str:
    """Say which files are corrupt, and why."""
    lines = [f"  {reason}" for reason in corrupt[:LISTED]]
    if len(corrupt) > LISTED:
        lines.append(f"  … and {len(corrupt) - LISTED} more")
    listed = "\n".join(lines)
    files = "1 file is not a whole image" if len(corrupt) == 1 else f"{len(corrupt)} files are not whole images"
    return f"{files}:\n{listed}\nRepair or remove them, or set data.allow_corrupt: true to skip and record them."


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
