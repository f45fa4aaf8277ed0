"""What all charts share: fonts and colours, thinning, and the Vega-Lite specification that goes into the page."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Liberation Sans', Arial, sans-serif"
INK, MUTED, GRID = "#1f2933", "#6b7785", "#e4e8ec"
PALETTE = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7a5195", "#6b7785"]
"""Okabe & Ito's colour-blind-safe palette, black and yellow replaced."""

CONFIG = {
    "background": "transparent",
    "font": FONT,
    "view": {"stroke": None},
    "axis": {
        "labelColor": INK,
        "labelFontSize": 11,
        "titleColor": INK,
        "titleFontSize": 12,
        "titleFontWeight": 500,
        "gridColor": GRID,
        "domainColor": MUTED,
        "tickColor": MUTED,
    },
    "legend": {"labelFontSize": 11, "titleFontSize": 12, "titleFontWeight": 500, "labelColor": INK, "titleColor": INK},
    "title": {"fontSize": 13, "fontWeight": 600, "anchor": "start", "color": INK},
    "range": {"category": PALETTE},
}


@dataclass(frozen=True)
class Figure:
    """A chart of the page: its anchor, its Vega-Lite specification and the sentence under it."""

    anchor: str
    spec: dict[str, Any]
    caption: str


def figure(anchor: str, chart: alt.TopLevelMixin, caption: str) -> Figure:
    """Finish a chart: shared style, and no address in it."""
    # Altair's own check of it takes a quarter of a report's time; tests do it.
    spec = chart.to_dict(validate=False)
    spec.pop("$schema", None)
    spec["config"] = CONFIG
    return Figure(anchor, spec, caption)


def thin(table: pd.DataFrame, most: int) -> pd.DataFrame:
    """Keep at most `most` rows, evenly spaced in the table's order, the first and the last among them."""
    if len(table) <= most:
        return table
    return table.iloc[np.linspace(0, len(table) - 1, most).round().astype(int)]


def log_ticks(low: float, high: float) -> list[float]:
    """Return at least three numbers for a logarithmic axis from `low` to `high`, as round as the range allows."""
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for digits in ([1, 2, 5], np.arange(1, 10), np.arange(1, 10, 0.5), np.arange(1, 10, 0.1), np.arange(1, 10, 0.01)):
        ticks = [float(digit) * 10.0**decade for decade in decades for digit in digits]
        inside = [round(tick, 10) for tick in ticks if low <= tick <= high]
        if len(inside) >= 3:
            break
    return inside


def tooltips(**titles: tuple[str, str]) -> list[alt.Tooltip]:
    """Return tooltips from ``column=(title, d3 format)``; an empty format is for text."""
    return [
        alt.Tooltip(f"{column}:Q", title=title, format=form) if form else alt.Tooltip(f"{column}:N", title=title)
        for column, (title, form) in titles.items()
    ]


def padded(values: Iterable[float], share: float = 0.04) -> list[float]:
    """Return the range of values with some room on both sides; of none that is a number, 0 to 1."""
    array = np.fromiter(values, dtype=float)
    finite = array[np.isfinite(array)]
    low, high = (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 1.0)
    room = (high - low) * share or 0.1
    return [round(low - room, 6), round(high + room, 6)]
