"""Names the costs of a subnet as every file does, and compares them with bounds."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from nascore.errors import DataError
from nascore.results.record import Record

COUNTED = {
    "macs": "multiply-accumulate operations",
    "thop_macs": "multiply-accumulate operations, as the library thop counts them",
    "peak_memory_bytes": "bytes",
    "params": "parameters",
    "flash_bytes": "bytes",
}
"""The costs that are counted exactly, with their units; `nascore.efficiency.counting` defines each."""


class Constraint(Record):
    """An upper bound on one cost.

    Parameters
    ----------
    name
        As a target writes it, e.g. ``"peak_memory_kb"``.
    metric
        The cost that it bounds, e.g. ``"peak_memory_bytes"``.
    limit
        The bound in the unit of `name`.
    limit_in_metric
        The bound in the unit of `metric`.
    """

    name: str
    metric: str
    limit: float
    limit_in_metric: float

    def holds(self, costs: Any) -> Any:
        """Say whether costs, a number or an array of them in the unit of `metric`, keep to the bound."""
        return costs <= self.limit_in_metric


def within(costs: Mapping[str, Any], constraints: Iterable[Constraint]) -> Any:
    """Return a mask of the subnets whose costs keep to every bound.

    Parameters
    ----------
    costs
        By metric, a number or an `(n,)` array.
    """
    kept = [c.holds(np.asarray(costs[c.metric])) for c in constraints]
    return np.logical_and.reduce(kept) if kept else np.bool_(True)


def check_costs(arch_id: str, costs: Mapping[str, float], bounded: list[str]) -> None:
    """Refuse a subnet without one of its counted costs, or without one that its target bounds.

    Raises
    ------
    DataError
        With the first cost that is missing.
    """
    missing = [metric for metric in (*COUNTED, *bounded) if metric not in costs]
    if missing:
        raise DataError(f"subnet {arch_id} has no cost {missing[0]!r}")
