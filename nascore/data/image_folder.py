"""Images in folders: one per class, in folders of splits or of which a share is drawn for validation."""

import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nascore.data.decoding import SUFFIXES, resized
from nascore.data.folder_layout import ALL, Layout, as_utf8, find_layout, is_image, visible_files
from nascore.data.options import ImageFolderOptions
from nascore.data.source import (
    Item,
    Pixels,
    Splits,
    by_label,
    drawn,
    halved,
    refuse_missing_classes,
    without_calibration,
)
from nascore.errors import DataError
from nascore.seeds import generator

IN_NO_CLASS = "in no folder of a class"
"""Why images are left out that are beside the folders of classes; see `ImageFolder.description`."""


class ImageFolder:
    """A source of images in one folder per class; files in sub-folders of a class belong to it.

    Parameters
    ----------
    root
        The folder; see `nascore.data.folder_layout`.
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
        """Return the names of the class folders, sorted, in which order they are the labels; see `find_layout`."""
        return find_layout(self.root).class_names

    @property
    def allow_corrupt(self) -> bool:
        """Return whether corrupt files are skipped and recorded."""
        return self.options.allow_corrupt

    def description(self) -> dict[str, Any]:
        """Return the options, the seed, and how many files are left out by suffix or `IN_NO_CLASS`; not the root."""
        ignored = {reason: self._ignored[reason] for reason in sorted(self._ignored)}
        return {**self.options.content(), "seed": self.seed, "ignored_files": ignored}

    def splits(self) -> Splits:
        """Return the items of every split.

        Raises
        ------
        DataError
            If the folder has none of the layouts, or a class has too few images for a split to have one of it.
        """
        layout = find_layout(self.root)
        parts, names = self._items(layout), layout.class_names
        validation_drawn = "val" not in parts
        if validation_drawn:
            given = parts.get("train", parts.get(ALL, []))
            training, validation = self._shared(given, names, least=1 if "test" in parts else 2)
        else:
            training, validation = parts["train"], parts["val"]
        train, calibration = without_calibration(
            training, self.options.calibration, generator(self.seed, "data", "calibration")
        )
        if "test" in parts:
            search, test = sorted(validation) if validation_drawn else validation, parts["test"]
        else:
            search, test = halved(validation, self.options.halves, generator(self.seed, "data", "halves"))
        splits = {"train": train, "calibration": calibration, "search": search, "test": test}
        refuse_missing_classes(splits, names)
        return splits

    def read(self, item: Item) -> bytes:
        """Return the bytes of an item's file."""
        try:
            return (self.root / item.name).read_bytes()
        except OSError as error:
            raise DataError(f"cannot read {self.root / item.name}: {error.strerror}") from None

    def resized(self, content: bytes, resolutions: Sequence[int]) -> list[Pixels]:
        """Decode a file and resize it; see `nascore.data.decoding.resized`."""
        return resized(content, resolutions, self.options.max_pixels, self.options.white)

    def _items(self, layout: Layout) -> dict[str, list[Item]]:
        """Return the items of each part of the root by class, sorted within it; count the other files."""
        self._ignored.clear()
        by_part: dict[str, list[Item]] = {part: [] for part in layout.parts.values()}
        for path in visible_files(self.root):
            name = as_utf8(path.relative_to(self.root).as_posix(), self.root)
            place = layout.place(name)
            if not is_image(path):
                self._ignored[path.suffix.lower()] += 1
            elif place is None:
                self._ignored[IN_NO_CLASS] += 1
            else:
                part, label = place
                by_part[part].append(Item(name, label))
        for part, items in by_part.items():
            items.sort(key=lambda item: item.label)
            for label in sorted(set(range(len(layout.class_names))) - {item.label for item in items}):
                folder = self.root / next(name for name, of in layout.parts.items() if of == part)
                folder = (self.root if part == ALL else folder) / layout.class_names[label]
                raise DataError(
                    f"class {layout.class_names[label]!r} has no image: {folder} has no {', '.join(SUFFIXES)} file"
                )
        return by_part

    def _shared(self, items: Sequence[Item], names: Sequence[str], *, least: int) -> tuple[list[Item], list[Item]]:
        """Draw the same share of every class for validation, `least` images or more; leave two for training."""
        training: list[Item] = []
        validation: list[Item] = []
        rng = generator(self.seed, "data", "validation")
        for label, members in by_label(items).items():
            if len(members) < least + 2:
                raise DataError(
                    f"class {names[label]!r} has too few images, {len(members)}; expected {least + 2} at least, so "
                    f"that train, calibration{', search and test' if least == 2 else ' and search'} have one each"
                )
            count = min(max(least, math.floor(len(members) * self.options.validation_share)), len(members) - 2)
            chosen, rest = drawn(members, count, rng)
            validation += chosen
            training += rest
        return training, validation
