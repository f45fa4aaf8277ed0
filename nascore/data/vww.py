"""Visual Wake Words: photographs of COCO 2014 with and without a person.

The published rule (Chowdhery et al., arXiv 1906.05721): an image is of class person if a box around a person covers at
least 0.5 % of it. The images of the published minival list are for validation, all others of COCO 2014 for training.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from nascore.data.archives import Archive
from nascore.data.decoding import resized
from nascore.data.download import fetch
from nascore.data.options import FILES, VwwOptions
from nascore.data.source import (
    Item,
    Pixels,
    Splits,
    Unreadable,
    halved,
    refuse_missing_classes,
    without_calibration,
)
from nascore.errors import DataError
from nascore.seeds import generator

CLASS_NAMES = ("not_person", "person")
PARTS = {"train2014": "train_images", "val2014": "val_images"}

PERSON_AREA_DIVISOR = 200
"""A person counts if its box times this is at least as large as the image: 0.5 %."""


class VisualWakeWords:
    """The source of Visual Wake Words; downloads COCO 2014 where it is not there yet.

    Parameters
    ----------
    folder
        Where downloads are kept. Images are read from the archives, which are not unpacked.
    options
        Where the files are, and how they are used.
    seed
        The run's root seed.
    """

    class_names = CLASS_NAMES

    def __init__(self, folder: str | Path, options: VwwOptions, seed: int) -> None:
        self.folder = Path(folder)
        self.options = options
        self.seed = seed
        self._archives: dict[str, Archive] = {}

    @property
    def allow_corrupt(self) -> bool:
        """Return whether corrupt images are skipped and recorded."""
        return self.options.allow_corrupt

    def description(self) -> dict[str, Any]:
        """Return the options, with names of files instead of their places, and the seed."""
        names = {file: urlsplit(getattr(self.options, file)).path.rsplit("/", 1)[-1] for file in FILES}
        return {**self.options.content(), **names, "seed": self.seed}

    def splits(self) -> Splits:
        """Download what is missing, and return the items of every split.

        Raises
        ------
        DataError
            If a file cannot be had or is not what it should be; see `fetch`, `Archive` and `person_labels`.
        """
        files = {
            file: fetch(getattr(self.options, file), self.folder, self.options.sha256.get(file))  # type: ignore[call-overload]
            for file in FILES
        }
        minival = _read_ids(files["minival"])
        annotations = Archive(files["annotations"])
        training, validation = [], {}
        for part, file in PARTS.items():
            labels = person_labels(annotations.read(f"annotations/instances_{part}.json"), part)
            archive = self._archives[part] = Archive(files[file])
            _refuse_missing(archive, [f"{part}/{name}" for name, _ in labels.values()])
            for image_id, (name, label) in labels.items():
                item = Item(f"{part}/{name}", label)
                if image_id in minival:
                    validation[image_id] = item
                else:
                    training.append(item)
        unknown = sorted(minival - validation.keys())
        if unknown:
            raise DataError(f"{files['minival']} has {len(unknown)} ids that COCO 2014 has not, such as {unknown[0]}")
        train, calibration = without_calibration(
            training, self.options.calibration, generator(self.seed, "data", "calibration")
        )
        # In folders of classes, of which the published halves take every second image, labels come before names.
        ordered = sorted(validation.values(), key=lambda item: (item.label, item.name))
        search, test = halved(ordered, self.options.halves, generator(self.seed, "data", "halves"))
        splits = {"train": train, "calibration": calibration, "search": search, "test": test}
        refuse_missing_classes(splits, CLASS_NAMES)
        return splits

    def read(self, item: Item) -> bytes:
        """Return the bytes of an item's JPEG file."""
        try:
            return self._archives[item.name.split("/")[0]].read(item.name)
        except DataError as error:
            raise Unreadable(str(error)) from None

    def resized(self, content: bytes, resolutions: Sequence[int]) -> list[Pixels]:
        """Decode a file and resize it; see `nascore.data.decoding.resized`."""
        return resized(content, resolutions, self.options.max_pixels, self.options.white)


def person_labels(content: bytes, part: str) -> dict[int, tuple[str, int]]:
    """Return the file name and the label of every image of a COCO annotation file, by id.

    Parameters
    ----------
    content
        The JSON of `instances_<part>.json`.
    part
        Which it is, for messages.

    Raises
    ------
    DataError
        If it is not such a file.
    """
    try:
        coco = json.loads(content)
        (person,) = (category["id"] for category in coco["categories"] if category["name"] == "person")
        area = {image["id"]: image["width"] * image["height"] for image in coco["images"]}
        large = {
            box["image_id"]
            for box in coco["annotations"]
            if box["category_id"] == person
            and box["bbox"][2] * box["bbox"][3] * PERSON_AREA_DIVISOR >= area[box["image_id"]]
        }
        return {image["id"]: (str(image["file_name"]), int(image["id"] in large)) for image in coco["images"]}
    except (KeyError, IndexError, TypeError, ValueError, RecursionError) as error:
        what = f"{type(error).__name__}: {error}"
        raise DataError(
            f"instances_{part}.json is not a COCO annotation file with a category person ({what})"
        ) from None


def _read_ids(path: Path) -> set[int]:
    """Return the ids of a list, one a line."""
    ids = set()
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"cannot read the minival list {path}: {error}") from None
    for number, line in enumerate(lines, start=1):
        if line.strip():
            if not line.strip().isdecimal():
                raise DataError(f"{path}: line {number} must be an image id, a whole number; got {line.strip()[:40]!r}")
            ids.add(int(line))
    if not ids:
        raise DataError(f"the minival list {path} is empty")
    return ids


def _refuse_missing(archive: Archive, names: list[str]) -> None:
    """Raise if an archive lacks images."""
    missing = sorted(set(names) - archive.names)
    if missing:
        raise DataError(f"{archive.path} lacks {len(missing)} of {len(names)} annotated images, such as {missing[0]}")
