"""Reading of the image store: a folder of uint8 arrays per split and resolution, labels, and a manifest.

```
manifest.json                      what is in it, where every image came from, the SHA-256 of every array
images/<split>_<resolution>.npy    uint8 (n, resolution, resolution, 3), RGB
labels/<split>.npy                 int64 (n,)
```

Arrays are memory-mapped: opening a store of any size costs nothing. No step after the store opens an image file.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nascore.data.source import SPLITS, Pixels
from nascore.errors import DataError, unknown_name
from nascore.files import read_json

SCHEMA_VERSION = 1
MANIFEST = "manifest.json"
CLASS_NAMES = "class_names"
SPLIT_HASHES = {split: f"{split}_sha256" for split in ("train", "calibration")}
"""What weights record of the images that they learned from; see `ImageStore.facts`."""


def image_file(split: str, resolution: int) -> str:
    """Return where in a store the images of a split at a resolution are."""
    return f"images/{split}_{resolution}.npy"


def label_file(split: str) -> str:
    """Return where in a store the labels of a split are."""
    return f"labels/{split}.npy"


class ImageStore:
    """The images and labels of one data set at every resolution; made by `ImageStore.open`.

    Parameters
    ----------
    folder
        Where the store is.
    manifest
        Its checked manifest.
    """

    def __init__(self, folder: Path, manifest: dict[str, Any]) -> None:
        self.folder = folder
        self.manifest = manifest
        self.class_names: tuple[str, ...] = tuple(manifest["class_names"])
        self.resolutions: tuple[int, ...] = tuple(manifest["resolutions"])
        self.splits: tuple[str, ...] = SPLITS

    @classmethod
    def open(cls, folder: str | Path) -> "ImageStore":
        """Open a store.

        Raises
        ------
        DataError
            If it is missing, was not written by this version, or an array is missing, cut short or of another shape.
        """
        folder = Path(folder)
        manifest = read_json(folder / MANIFEST)
        _check_manifest(folder / MANIFEST, manifest)
        store = cls(folder, manifest)
        for split in store.splits:
            labels = store.labels(split)
            if labels.min() < 0 or labels.max() >= store.n_classes:
                raise DataError(
                    f"{folder / label_file(split)} has labels from {labels.min()} to {labels.max()}; expected 0 to "
                    f"{store.n_classes - 1}, the classes of {MANIFEST}"
                )
            for resolution in store.resolutions:
                store.images(split, resolution)
        return store

    @property
    def n_classes(self) -> int:
        """Return the number of classes."""
        return len(self.class_names)

    @property
    def sha256(self) -> str:
        """Return the hash of the manifest, which holds the hash of every array: the identity of the data set."""
        return hashlib.sha256((self.folder / MANIFEST).read_bytes()).hexdigest()

    @property
    def facts(self) -> dict[str, str]:
        """Return what weights record of the images: the classes as JSON, and a hash of each of `SPLIT_HASHES`.

        The hashes are of the images and labels, whatever the resolutions.
        """
        facts = {CLASS_NAMES: json.dumps(self.class_names, ensure_ascii=False)}
        for split, key in SPLIT_HASHES.items():
            images = (f"{entry['sha256']} {entry['label']}" for entry in self.manifest["splits"][split])
            facts[key] = hashlib.sha256("\n".join(images).encode()).hexdigest()
        return facts

    def n_images(self, split: str) -> int:
        """Return the number of images of a split."""
        self._known("split", split, self.splits)
        return len(self.manifest["splits"][split])

    def images(self, split: str, resolution: int) -> Pixels:
        """Return a split's images as a read-only memory-mapped uint8 RGB array `(n, resolution, resolution, 3)`.

        Raises
        ------
        DataError
            If the store has no such split or resolution, or the file is not what the manifest says.
        """
        self._known("resolution of this image store", resolution, self.resolutions)
        shape = (self.n_images(split), resolution, resolution, 3)
        return _mapped(self.folder / image_file(split, resolution), shape, np.dtype(np.uint8))

    def labels(self, split: str) -> NDArray[np.int64]:
        """Return a split's labels, `(n,)`, in the order of its images; see `images` for errors."""
        path = self.folder / label_file(split)
        return np.array(_mapped(path, (self.n_images(split),), np.dtype(np.int64)))

    @staticmethod
    def _known(kind: str, given: object, valid: tuple[Any, ...]) -> None:
        if given not in valid:
            raise DataError(unknown_name(kind, given, valid))


def _check_manifest(path: Path, manifest: Any) -> None:
    """Raise if a manifest lacks what the store needs."""
    version = manifest.get("schema_version") if isinstance(manifest, dict) else None
    if version != SCHEMA_VERSION:
        raise DataError(
            f"{path} has schema version {version!r}; this version of nascore reads {SCHEMA_VERSION}. Make the image "
            "store again."
        )
    names, resolutions, splits = (manifest.get(key) for key in ("class_names", "resolutions", "splits"))
    if not (isinstance(names, list) and len(names) >= 2 and all(isinstance(name, str) for name in names)):
        raise DataError(f"{path}: class_names must be a list of two names or more; got {names!r}")
    if not (isinstance(resolutions, list) and resolutions and all(isinstance(size, int) for size in resolutions)):
        raise DataError(f"{path}: resolutions must be a list of whole numbers; got {resolutions!r}")
    if not isinstance(splits, dict) or set(splits) != set(SPLITS):
        got = ", ".join(splits) if isinstance(splits, dict) else type(splits).__name__
        raise DataError(f"{path}: splits must be {', '.join(SPLITS)}; got {got}")
    for split, items in splits.items():
        if not isinstance(items, list) or not items:
            raise DataError(f"{path}: split {split} must be a list of images; got {str(items)[:40]}")


def _mapped(path: Path, shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Memory-map an array, or say in what it differs from what the manifest promises."""
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except FileNotFoundError:
        raise DataError(f"{path} is missing; the image store is not whole. Make it again.") from None
    except (OSError, ValueError, EOFError) as error:
        raise DataError(f"{path} is not a whole array of the image store ({error}). Make the store again.") from None
    if array.shape != shape or array.dtype != dtype:
        raise DataError(f"{path} is {array.dtype} of shape {array.shape}; {MANIFEST} expects {dtype} of shape {shape}")
    if path.stat().st_size != array.offset + array.nbytes:
        raise DataError(f"{path} has bytes after its array; it was not written by nascore. Make the store again.")
    return array
