"""The embedded data set: rendered scenes with and without a person, the same bytes on every machine."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nascore.data.options import SyntheticOptions
from nascore.data.scenes import SIDE, render
from nascore.data.source import SPLITS, Item, Pixels, Splits
from nascore.seeds import generator

CLASS_NAMES = ("not_person", "person")


class Synthetic:
    """A source of rendered scenes; in every split every second one has a person.

    Parameters
    ----------
    options
        How many scenes per split.
    seed
        The run's root seed. Every scene has its own stream, so that another number of scenes changes none of them.
    """

    class_names = CLASS_NAMES
    allow_corrupt = False

    def __init__(self, options: SyntheticOptions, seed: int) -> None:
        self.options = options
        self.seed = seed

    def description(self) -> dict[str, Any]:
        """Return the options and the seed."""
        return {**self.options.content(), "seed": self.seed}

    def splits(self) -> Splits:
        """Return the items of every split, named by split and number."""
        counts = {split: getattr(self.options, split) for split in SPLITS}
        return {split: [Item(f"{split}/{n}", n % 2) for n in range(count)] for split, count in counts.items()}

    def read(self, item: Item) -> bytes:
        """Render a scene and return its pixels."""
        split, number = item.name.split("/")
        rng = generator(self.seed, "data", "synthetic", split, int(number))
        return render(rng, person=CLASS_NAMES[item.label] == "person").tobytes()

    def resized(self, content: bytes, resolutions: Sequence[int]) -> list[Pixels]:
        """Return a scene at every resolution, each pixel the mean of the area that it covers."""
        scene = np.frombuffer(content, np.uint8).reshape(SIDE, SIDE, 3).astype(np.int32)
        return [averaged(scene, size) for size in resolutions]


def averaged(scene: NDArray[np.int32], size: int) -> Pixels:
    """Return the mean of the area of every pixel, rounded half up, in exact integers."""
    sums = scene
    for axis in (0, 1):
        sums = _summed(sums, size, axis)
    return ((sums + SIDE * SIDE // 2) // (SIDE * SIDE)).astype(np.uint8)


def _summed(values: NDArray[np.int32], size: int, axis: int) -> NDArray[np.int32]:
    """Return sums over `size` equal stretches of an axis, each of weight SIDE."""
    # In units of 1/size of a value, value k is [k size, (k + 1) size) and stretch i is [i SIDE, (i + 1) SIDE).
    start = np.arange(size) * SIDE
    shape = [1] * values.ndim
    shape[axis] = size
    total: Any = 0
    for tap in range((SIDE - 1) // size + 2):
        value = start // size + tap
        overlap = np.minimum((value + 1) * size, start + SIDE) - np.maximum(value * size, start)
        weight = overlap.clip(0).astype(np.int32).reshape(shape)
        if weight.any():
            total = total + values.take(value.clip(0, SIDE - 1), axis) * weight
    return total
