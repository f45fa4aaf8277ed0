"""Names beside points of a chart, placed so that they cover neither each other nor a point."""

from collections.abc import Sequence

import pandas as pd

CHARACTER, LINE, GAP = 8, 14, 9
"""Estimated width of a character, height of a line, and distance from a point, pixels."""

Box = tuple[float, float, float, float]


def place_labels(
    points: Sequence[tuple[float, float, str, str]],
    *,
    x_domain: Sequence[float],
    y_domain: Sequence[float],
    width: int,
    height: int,
) -> pd.DataFrame:
    """Find a place for each point's text, first below and to the right, where a Pareto front leaves room.

    Parameters
    ----------
    points
        `(x, y, target, text)` in the units of the axes.
    x_domain, y_domain
        The axes' ranges.
    width, height
        The chart's size, pixels.

    Returns
    -------
    pandas.DataFrame
        Per point its `x`, `y`, `target` and `text`, the text's left middle (`text_x`, `text_y`), and the end of the
        line that leads to it (`leader_x`, `leader_y`), all in the units of the axes.
    """
    x_scale, y_scale = width / (x_domain[1] - x_domain[0]), height / (y_domain[1] - y_domain[0])
    pixels = [((x - x_domain[0]) * x_scale, (y_domain[1] - y) * y_scale) for x, y, _, _ in points]
    taken: list[Box] = [(x - 6, y - 6, x + 6, y + 6) for x, y in pixels]
    rows = {}
    for i in sorted(range(len(points)), key=lambda i: (pixels[i], points[i][3])):
        x, y, target, text = points[i]
        left, middle = _free_place(*pixels[i], len(text) * CHARACTER, width, height, taken)
        taken.append((left, middle - LINE / 2, left + len(text) * CHARACTER, middle + LINE / 2))
        lead = left - 2 if left > pixels[i][0] else left + len(text) * CHARACTER + 2
        rows[i] = (x, y, target, text, left, middle, lead, middle)
    columns = ["x", "y", "target", "text", "text_x", "text_y", "leader_x", "leader_y"]
    table = pd.DataFrame([rows[i] for i in range(len(points))], columns=columns)
    for name in ("text", "leader"):
        table[f"{name}_x"] = x_domain[0] + table[f"{name}_x"] / x_scale
        table[f"{name}_y"] = y_domain[1] - table[f"{name}_y"] / y_scale
    return table


def _free_place(
    x: float, y: float, length: float, width: int, height: int, taken: Sequence[Box]
) -> tuple[float, float]:
    """Return the left middle of the first free place near a point; below all others if nothing is free."""
    places = [
        (left, y + drop * LINE)
        for left in (x + GAP, x - GAP - length)
        for drop in (0.8, 1.8, 2.8, 3.8, 4.8, -0.8, -1.8, 5.8, 6.8, 7.8, -2.8, -3.8, 8.8, 9.8)
    ]
    inside = [
        (left, middle)
        for left, middle in places
        if left >= 0 and left + length <= width and LINE / 2 <= middle <= height - LINE / 2
    ]
    for left, middle in inside:
        box = (left, middle - LINE / 2, left + length, middle + LINE / 2)
        if not any(_overlap(box, other) for other in taken):
            return left, middle
    return inside[-1] if inside else (min(max(0.0, x + GAP), width - length), min(max(y, LINE), height - LINE))


def _overlap(first: Box, second: Box) -> bool:
    """Say whether two boxes (left, top, right, bottom) share area."""
    return first[0] < second[2] and second[0] < first[2] and first[1] < second[3] and second[1] < first[3]
