"""The winner of every target on one line, from the tables of a run."""

from pathlib import Path

import pandas as pd

from nascore.errors import DataError
from nascore.report.labels import METRICS
from nascore.report.view import STATUS_LABELS, STATUS_ORDER

COSTS = {name: unit for name, unit in METRICS.items() if name != "params"}
HEADER = ("target", "measured (%)", "predicted (%)", "px", *(unit.axis for unit in COSTS.values()), "search")
"""The columns of `winners`; intervals are 95 % of what was measured, or 90 % of what was only predicted."""


def winners(folder: Path) -> list[tuple[str, ...]]:
    """Return one row of cells per target: what was measured, where the run has images, and what was predicted.

    Parameters
    ----------
    folder
        The results of a run that has ended.

    Raises
    ------
    DataError
        If it has no tables.
    """
    targets = _read(folder / "targets.csv")
    tested = {}
    if "measured_accuracy" in targets:
        validation = _read(folder / "validation.csv")
        tested = {row["target"]: row for _, row in validation[validation["role"] == "found"].iterrows()}
    return [_row(results, tested.get(target)) for target, results in targets.groupby("target", sort=False)]


def _row(results: pd.DataFrame, tested: pd.Series | None) -> tuple[str, ...]:
    """Return the cells of one target from its rows of `targets.csv`, and the tested winner's of `validation.csv`."""
    order = results["status"].map(STATUS_ORDER.index)
    best = results.assign(order=order).sort_values(["order", "predicted_accuracy"], ascending=[True, False]).iloc[0]
    subnet = best if tested is None else tested
    if pd.isna(subnet["arch_id"]):
        return best["target"], *[""] * (len(COSTS) + 3), best["message"]
    costs = (unit.number(subnet[metric]) for metric, unit in COSTS.items())
    return (
        best["target"],
        *_accuracies(best, tested),
        f"{subnet['resolution']:.0f}",
        *costs,
        STATUS_LABELS[best["status"]],
    )


def _accuracies(best: pd.Series, tested: pd.Series | None) -> tuple[str, str]:
    """Return measured and predicted accuracy in per cent, the first that there is with its interval."""
    if tested is None:
        return "", _interval(best["predicted_accuracy"], best["lower"], best["upper"])
    measured = _interval(tested["test_accuracy"], tested["test_lower"], tested["test_upper"])
    return measured, f"{100 * tested['predicted_accuracy']:.2f}"


def _interval(value: float, lower: float, upper: float) -> str:
    """Write an accuracy with its interval, in per cent."""
    return f"{100 * value:.2f} ({100 * lower:.2f} to {100 * upper:.2f})"


def _read(path: Path) -> pd.DataFrame:
    """Read a table of a run."""
    try:
        return pd.read_csv(path, dtype={"arch_id": str, "target": str})
    except FileNotFoundError:
        raise DataError(f"{path} does not exist: the workflow of this run has not come to its end") from None
    except (OSError, ValueError) as error:
        raise DataError(f"{path} is not a table of a run: {error}") from None
