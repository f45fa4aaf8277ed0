"""What a source of images is, and how its images are divided into splits."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from nascore.data.options import Halves
from nascore.errors import DataError

Pixels = NDArray[np.uint8]

SPLITS = ("train", "calibration", "search", "test")
"""What networks learn from; what their batch norms are calibrated on; what the accuracy dataset is measured on; and
what only the final validation sees."""

MOST_CALIBRATION = 1000
"""Calibration images when the configuration leaves their number open; a quarter of train if that is fewer."""


class CorruptImage(Exception):
    """Some content is not a whole image; raised by sources, gathered by the writer of the store.

    A store records the `code` of its class; its words are for people alone.
    """

    code = "undecodable"


class EmptyImage(CorruptImage):
    """A file is empty."""

    code = "empty"


class UnknownFormat(CorruptImage):
    """A file is no image, or of a format that is not read."""

    code = "unknown_format"


class TooLarge(CorruptImage):
    """An image has more pixels than the options allow."""

    code = "too_large"


class UnknownWhite(CorruptImage):
    """Greys of more than 8 bits whose white the options do not say."""

    code = "unknown_white"


class TooBright(CorruptImage):
    """Greys of more than 8 bits outside of what the options say."""

    code = "too_bright"


class TooDark(CorruptImage):
    """Colours of 16 bits of which 8 bits would be all but black."""

    code = "too_dark"


class Unreadable(CorruptImage):
    """The content of an image cannot be read from its archive."""

    code = "unreadable"


@dataclass(frozen=True, order=True)
class Item:
    """One image of a source.

    Parameters
    ----------
    name
        What it is called in its source: a relative path with forward slashes. No two items share it.
    label
        The index of its class.
    """

    name: str
    label: int


Splits = dict[str, list[Item]]


class Source(Protocol):
    """Where images come from. Nothing is decoded, rendered or downloaded before it is asked for."""

    @property
    def class_names(self) -> tuple[str, ...]:
        """Return the classes, in the order of their labels."""

    @property
    def allow_corrupt(self) -> bool:
        """Return whether contents that are not whole images are skipped and recorded."""

    def description(self) -> dict[str, Any]:
        """Return what the manifest says of the source: JSON, without absolute paths."""

    def splits(self) -> Splits:
        """Return the items of every split of `SPLITS`, disjoint, in the order of the store."""

    def read(self, item: Item) -> bytes:
        """Return the content that identifies an image: the bytes of its file, or those that were rendered.

        Raises
        ------
        CorruptImage
            If it is damaged where it is kept.
        """

    def resized(self, content: bytes, resolutions: Sequence[int]) -> list[Pixels]:
        """Return an image at every resolution: RGB of shape `(resolution, resolution, 3)`.

        Raises
        ------
        CorruptImage
            If the content is not a whole image.
        """


def drawn(items: Sequence[Item], count: int, rng: np.random.Generator) -> tuple[list[Item], list[Item]]:
    """Draw `count` items; return them and the others, each sorted by name, whatever order they came in."""
    ordered = sorted(items)
    chosen = set(rng.permutation(len(ordered))[:count].tolist())
    return (
        [item for number, item in enumerate(ordered) if number in chosen],
        [item for number, item in enumerate(ordered) if number not in chosen],
    )


def by_label(items: Iterable[Item]) -> dict[int, list[Item]]:
    """Return the items of each label that occurs, smallest label first."""
    found: dict[int, list[Item]] = {}
    for item in items:
        found.setdefault(item.label, []).append(item)
    return dict(sorted(found.items()))


def drawn_by_class(
    items: Sequence[Item], count: int, rng: np.random.Generator, what: str
) -> tuple[list[Item], list[Item]]:
    """Draw `count` items, of each class in proportion, and return them and the others; both have every class.

    Parameters
    ----------
    items
        All of them.
    count
        How many are drawn.
    rng
        Decides which.
    what
        What messages call those that are drawn.

    Raises
    ------
    DataError
        If a class has one item alone, or so few or so many are drawn that a class would be missing.
    """
    classes = by_label(items)
    sizes = np.array([len(members) for members in classes.values()])
    most, alone = len(items) - len(classes), [label for label, members in classes.items() if len(members) < 2]
    if alone:
        raise DataError(
            f"{what}: class number {alone[0]} has one image of the {len(items)} to draw from; expected two at least, "
            "one to draw and one to leave"
        )
    if not len(classes) <= count <= most:
        raise DataError(
            f"{what}: {count} images are to be drawn from {len(items)} of {len(classes)} classes; expected "
            f"{len(classes)} to {most}, so that every class has one that is drawn and one that is not"
        )
    chosen: list[Item] = []
    rest: list[Item] = []
    for members, share in zip(classes.values(), _apportion(count, sizes), strict=True):
        of_class, others = drawn(members, share, rng)
        chosen += of_class
        rest += others
    return sorted(chosen), sorted(rest)


def _apportion(count: int, sizes: NDArray[np.int64]) -> list[int]:
    """Divide a number in proportion to sizes, by largest remainders; one at least, and one less than each size."""
    quotas = count * sizes / sizes.sum()
    shares = np.clip(np.floor(quotas).astype(np.int64), 1, sizes - 1)
    while (missing := count - int(shares.sum())) != 0:
        step = 1 if missing > 0 else -1
        open_to_it = shares < sizes - 1 if step > 0 else shares > 1
        shares[np.argmax(np.where(open_to_it, step * (quotas - shares), -np.inf))] += step
    return shares.tolist()


def without_calibration(
    training: Sequence[Item], count: int | None, rng: np.random.Generator
) -> tuple[list[Item], list[Item]]:
    """Divide the training images into `train` and `calibration`, which has its share of every class.

    Parameters
    ----------
    training
        All of them.
    count
        How many are for calibration; None means `MOST_CALIBRATION`, or a quarter of them if that is fewer, but one of
        each class at least.
    rng
        Decides which.

    Raises
    ------
    DataError
        See `drawn_by_class`.
    """
    if count is None:
        count = max(min(MOST_CALIBRATION, len(training) // 4), len({item.label for item in training}))
    calibration, train = drawn_by_class(training, count, rng, "calibration")
    return train, calibration


def halved(validation: Sequence[Item], halves: Halves, rng: np.random.Generator) -> tuple[list[Item], list[Item]]:
    """Divide the validation images into `search` and `test`, which has one more if their number is odd.

    Parameters
    ----------
    validation
        All of them, in their published order.
    halves
        ``"published"`` takes every second image, from the first, for `test`; ``"random"`` draws of every class.
    rng
        Decides which.

    Raises
    ------
    DataError
        See `drawn_by_class`.
    """
    if halves == "published":
        return list(validation[1::2]), list(validation[::2])
    return drawn_by_class(validation, len(validation) // 2, rng, "search")


def refuse_missing_classes(splits: Splits, class_names: Sequence[str]) -> None:
    """Raise if a split has no image of a class, on which no accuracy of it would then depend."""
    for split, items in splits.items():
        for label in sorted(set(range(len(class_names))) - {item.label for item in items}):
            counts = ", ".join(f"{name} {sum(item.label == label for item in of)}" for name, of in splits.items())
            raise DataError(f"split {split} has no image of class {class_names[label]!r}; the class has: {counts}")
