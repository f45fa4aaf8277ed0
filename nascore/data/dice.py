"""Random integers from the raw bits of a generator, whose streams NumPy guarantees from version to version."""

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Choice = TypeVar("Choice")

_BATCH = 256


class Dice:
    """A stream of random integers.

    Parameters
    ----------
    rng
        Where its bits come from.
    """

    def __init__(self, rng: np.random.Generator) -> None:
        self._bits = rng.bit_generator
        self._waiting: list[int] = []

    def between(self, low: int, high: int) -> int:
        """Return a whole number from `low` to `high`, both included."""
        if not self._waiting:
            self._waiting = (self._bits.random_raw(_BATCH) >> np.uint64(32)).tolist()
        return low + (self._waiting.pop() * (high - low + 1) >> 32)

    def percent(self, chance: int) -> bool:
        """Return true in `chance` of 100 cases."""
        return self.between(0, 99) < chance

    def pick(self, choices: Sequence[Choice]) -> Choice:
        """Return one of some choices."""
        return choices[self.between(0, len(choices) - 1)]

    def bytes(self, *shape: int) -> NDArray[np.uint8]:
        """Return an array of random bytes."""
        size = int(np.prod(shape))
        raw = self._bits.random_raw(-(-size // 8)).astype("<u8")
        return raw.view(np.uint8)[:size].reshape(shape)
