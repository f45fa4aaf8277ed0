"""Gives costs and choices their labels: names, units and decimals, the same in every table, chart and drawing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isnan
from typing import Any

from nascore.errors import DataError, unknown_name
from nascore.latency_schema import latency_metric
from nascore.spaces.block_strings import parse_architecture
from nascore.spaces.ofa_mcunet import WIDTH_MULTIPLIERS

NBSP = "\u00a0"
"""Keeps a number and its unit on one line."""


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


def width_label(index: int) -> str:
    """Write a published `wid` as the width multiplier that it stands for."""
    return f"×{WIDTH_MULTIPLIERS[index]:g}"


def arch_choices(arch: Mapping[str, Any]) -> dict[str, int]:
    """Return the global choices of an architecture in the published form of its space: `resolution`, maybe `wid`."""
    width = {"wid": arch["wid"]} if "wid" in arch else {}
    return {"resolution": arch.get("image_size", arch.get("resolution")), **width}


def arch_label(arch: Mapping[str, Any]) -> str:
    """Name an architecture in its published form by its resolution, and by its width or else its depths."""
    size = f"{arch_choices(arch)['resolution']}{NBSP}px"
    if "wid" in arch:
        return f"{size}, {width_label(arch['wid'])}"
    if "arch_string" in arch:
        depths = [len(stage) for stage in parse_architecture(arch["arch_string"])[1:-1]]
    else:
        depths = [value for gene, value in arch.items() if gene.endswith(".depth")]
    return f"{size}, depths{NBSP}{NBSP.join(map(str, depths))}"


def op_label(names: Sequence[str], values: Sequence[int]) -> str:
    """Name an operation by the values of its choices, such as ``e3 k5 SE``."""
    return " ".join(filter(None, map(choice_label, names, values)))


def choice_label(name: str, value: int) -> str:
    """Write one value of a block's choice in short; a gate that is off is nothing."""
    if name == "se":
        return "SE" if value else ""
    return f"{name[0]}{value}"


def gene_value(gene: str, value: int) -> str:
    """Write the value of one gene."""
    if gene == "width":
        return width_label(value)
    if gene.endswith(".se"):
        return "on" if value else "off"
    unit = {"resolution": f"{NBSP}px", "depth": " blocks" if value != 1 else " block"}
    return f"{value}{unit.get(gene.rsplit('.')[-1], '')}"
