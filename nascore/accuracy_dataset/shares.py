"""Divides a number of rows into those that predictors are fitted to, calibrated on and tested on."""

from collections.abc import Mapping

import numpy as np

PARTS = ("train", "calibration", "test")


def part_sizes(n: int, shares: Mapping[str, float]) -> dict[str, int]:
    """Return how many of `n` rows each of `PARTS` gets; `shares` add up to 1."""
    ends = np.round(np.cumsum([shares[part] for part in PARTS]) * n).astype(int)
    return dict(zip(PARTS, np.diff(ends, prepend=0).tolist(), strict=True))


def empty_parts(n: int, shares: Mapping[str, float]) -> list[str]:
    """Return the parts that should have rows and get none."""
    return [part for part, size in part_sizes(n, shares).items() if shares[part] > 0 and not size]
