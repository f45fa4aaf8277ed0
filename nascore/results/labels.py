"""Gives costs and choices their labels: names, units and decimals, the same in every table, chart and drawing."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan

from nascore.errors import DataError, unknown_name
from nascore.latency_schema import latency_metric
from nascore.spaces.staged import NBSP


@dataclass(frozen=True)
class Metric:
    """How one cost is shown.

    Parameters
    ----------
    label
        Its name in words.
    unit
        The unit that it is shown in, of `scale` each.
    decimals
        Digits after the point.
    """

    label: str
    unit: str
    scale: int
    decimals: int

    def number(self, value: float) -> str:
        """Write a value of the metric without its unit."""
        return f"{value / self.scale:,.{self.decimals}f}"

    def text(self, value: float) -> str:
        """Write a value of the metric with its unit."""
        return f"{self.number(value)}{NBSP}{self.unit}"

    def limit(self, value: float) -> str:
        """Write a limit as it was set, with no digits that nobody gave."""
        return f"{round(value / self.scale, 6):,.10g}{NBSP}{self.unit}"

    @property
    def axis(self) -> str:
        """The title of an axis."""
        return f"{self.label} ({self.unit})"


METRICS = {
    "macs": Metric("MACs", "M", 1_000_000, 2),
    "thop_macs": Metric("thop MACs", "M", 1_000_000, 2),
    "peak_memory_bytes": Metric("Peak memory", "KB", 1024, 1),
    "params": Metric("Parameters", "M", 1_000_000, 3),
    "flash_bytes": Metric("Flash", "KB", 1024, 1),
}


def metric_of(name: str) -> Metric:
    """Return how a cost is shown, also the latency on a measured device.

    Raises
    ------
    DataError
        If the name is of no cost.
    """
    device = name.removeprefix(latency_metric(""))
    if device != name:
        return Metric(f"Latency on {device}", "ms", 1, 3)
    if name not in METRICS:
        raise DataError(unknown_name("metric", name, METRICS))
    return METRICS[name]


def percent(share: float) -> str:
    """Write a share as per cent with two decimals."""
    return f"{100 * share:.2f}{NBSP}%"


def points(difference: float) -> str:
    """Write a difference of shares in percentage points, always with a sign unless it is zero."""
    rounded = round(100 * difference, 2)
    return f"{rounded:+.2f}".replace("-", "−") if rounded else "0.00"


def correlation(value: float | None) -> str:
    """Write a correlation, or a dash where it is not defined."""
    return "–" if value is None or isnan(value) else f"{value:.4f}".replace("-", "−")


def count(number: int) -> str:
    """Write a whole number with separators, or as a power of ten where nobody would read its digits."""
    if number < 10**12:
        return f"{number:,}"
    exponent = len(str(number)) - 1
    power = str(exponent).translate(str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"{number / 10**exponent:.2f}{NBSP}×{NBSP}10{power}"


def op_label(names: Sequence[str], values: Sequence[int]) -> str:
    """Name an operation by the values of its choices, such as ``e3 k5 SE``."""
    return " ".join(filter(None, map(choice_label, names, values)))


def choice_label(name: str, value: int) -> str:
    """Write one value of a block's choice in short; a gate that is off is nothing."""
    if name == "se":
        return "SE" if value else ""
    return f"{name[0]}{value}"
