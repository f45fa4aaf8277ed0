"""What a source of images is, and how its images are divided into splits."""

from collections.abc import Sequence
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


def without_calibration(
    training: Sequence[Item], count: int | None, rng: np.random.Generator
) -> tuple[list[Item], list[Item]]:
    """Divide the training images into `train` and `calibration`.

    Parameters
    ----------
    training
        All of them.
    count
        How many are for calibration; None means `MOST_CALIBRATION`, or a quarter of them if that is fewer.
    rng
        Decides which.

    Raises
    ------
    DataError
        If nothing would be left to train on.
    """
    if count is None:
        count = min(MOST_CALIBRATION, max(1, len(training) // 4))
    if count >= len(training):
        raise DataError(
            f"calibration: {count} images are to be drawn from {len(training)} training images, which leaves none to "
            f"train on; expected at most {len(training) - 1}"
        )
    calibration, train = drawn(training, count, rng)
    return train, calibration


def halved(validation: Sequence[Item], halves: Halves, rng: np.random.Generator) -> tuple[list[Item], list[Item]]:
    """Divide the validation images into `search` and `test`, which has one more if their number is odd.

    Parameters
    ----------
    validation
        All of them, in their published order.
    halves
        ``"published"`` takes every second image, from the first, for `test`; ``"random"`` draws.
    rng
        Decides which.
    """
    if halves == "published":
        return list(validation[1::2]), list(validation[::2])
    return drawn(validation, len(validation) // 2, rng)
