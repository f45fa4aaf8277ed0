"""Drawing of simple shapes on a square canvas, in integer arithmetic alone: the same pixels on every machine.

Lengths and positions are integers in quarters of a pixel (`UNIT` to a pixel), y grows downwards, and angles are
integers in 1/256 of a turn, clockwise from straight up. A shape only touches the pixels of its bounding box.
"""

import numpy as np
from numpy.typing import NDArray

from nascore.data.source import Pixels

UNIT = 4
TURN = 256

Point = tuple[int, int]
Colour = tuple[int, int, int]
Mask = NDArray[np.bool_]


def _sines() -> list[int]:
    """Return sin(angle) x 2^14 for every angle, by rotating a vector of length 2^40 in steps of 1/256 turn."""
    cos_step, sin_step = 1_073_418_433, 26_350_943  # of 1/256 turn, x 2^30
    x, y, sines = 1 << 40, 0, []
    for _ in range(TURN):
        sines.append((y + (1 << 25)) >> 26)
        x, y = (x * cos_step - y * sin_step) >> 30, (x * sin_step + y * cos_step) >> 30
    return sines


_SIN = _sines()


def moved(start: Point, angle: int, length: int) -> Point:
    """Return where one is after going from a point into a direction."""
    x, y = start
    return x + (length * _SIN[angle % TURN] >> 14), y - (length * _SIN[(angle + TURN // 4) % TURN] >> 14)


class Canvas:
    """A square RGB image to draw on.

    Parameters
    ----------
    pixels
        A `(side, side, 3)` array, which is drawn on.
    """

    def __init__(self, pixels: Pixels) -> None:
        self.pixels = pixels
        self._centres = np.arange(len(pixels), dtype=np.int64) * UNIT + UNIT // 2

    def ellipse(self, centre: Point, radii: Point, colour: Colour) -> None:
        """Fill an upright ellipse."""
        (x, y), (a, b) = centre, (max(1, radii[0]), max(1, radii[1]))
        rows, columns, dx, dy = self._box(x, y, x - a, x + a, y - b, y + b)
        self.pixels[rows, columns][(dx * b) ** 2 + (dy * a) ** 2 <= (a * b) ** 2] = colour

    def capsule(self, start: Point, end: Point, radius: int, colour: Colour) -> None:
        """Fill a line of a width with round ends, as a limb is."""
        (ax, ay), (bx, by) = start, end
        left, right = min(ax, bx) - radius, max(ax, bx) + radius
        rows, columns, px, py = self._box(ax, ay, left, right, min(ay, by) - radius, max(ay, by) + radius)
        dx, dy = bx - ax, by - ay
        length2, radius2 = dx * dx + dy * dy, radius * radius
        along = px * dx + py * dy
        inside = ((px * dy - py * dx) ** 2 <= radius2 * length2) & (along >= 0) & (along < length2)
        inside |= px * px + py * py <= radius2
        inside |= (px - dx) ** 2 + (py - dy) ** 2 <= radius2
        self.pixels[rows, columns][inside] = colour

    def polygon(self, corners: list[Point], colour: Colour) -> None:
        """Fill a convex polygon, its corners in clockwise order."""
        xs, ys = zip(*corners, strict=True)
        rows, columns, px, py = self._box(0, 0, min(xs), max(xs), min(ys), max(ys))
        inside: Mask | None = None
        for (ax, ay), (bx, by) in zip(corners, corners[1:] + corners[:1], strict=True):
            side = (py - ay) * (bx - ax) - (px - ax) * (by - ay) >= 0
            inside = side if inside is None else inside & side
        self.pixels[rows, columns][inside] = colour

    def rectangle(self, left: int, top: int, right: int, bottom: int, colour: Colour) -> None:
        """Fill an upright rectangle."""
        rows, columns, _, _ = self._box(0, 0, left, right, top, bottom)
        self.pixels[rows, columns] = colour

    def _box(
        self, x: int, y: int, left: int, right: int, top: int, bottom: int
    ) -> tuple[slice, slice, NDArray[np.int64], NDArray[np.int64]]:
        """Return the pixels whose centres are in a box, and these centres seen from (x, y) as a row and a column."""
        columns, rows = (
            slice(max(0, (low + UNIT // 2 - 1) // UNIT), max(0, (high - UNIT // 2) // UNIT + 1))
            for low, high in ((left, right), (top, bottom))
        )
        return rows, columns, self._centres[columns] - x, (self._centres[rows] - y)[:, None]
