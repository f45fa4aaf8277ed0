"""Folders of images for tests."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image


def write_images(root: Path, names: Sequence[str], count: int) -> None:
    """Write coloured noise of various modes and sizes, one folder per class."""
    rng = np.random.default_rng(0)
    for label, name in enumerate(names):
        (root / name).mkdir(parents=True)
        for number in range(count):
            pixels = rng.integers(0, 255, (50 + number, 60, 3), dtype=np.uint8)
            pixels[:, :, label % 3] //= 3
            mode = ("RGB", "L", "RGBA", "P")[number % 4]
            Image.fromarray(pixels).convert(mode).save(root / name / f"{number}.png")
