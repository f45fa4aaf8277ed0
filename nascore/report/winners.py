"""The winner of every target on one line, from the tables of a run."""

from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from nascore.errors import DataError
from nascore.latency_schema import latency_metric
from nascore.report.view import STATUS_LABELS, STATUS_ORDER
from nascore.results.labels import METRICS, metric_of

COSTS = tuple(name for name in METRICS if name != "params")


def winners(folder: Path) -> list[dict[str, str]]:
    """Return one row per target, its cells by column: what was measured, and what was predicted.

    A fine-tuned winner has the accuracy that was measured after that. Intervals are 95 % of what was measured, or 90 %
    of what was only predicted. Where a target bounds the latency on a device, there is a column for it; cells without
    a value are empty.

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
    tested = _tested(folder) if "measured_accuracy" in targets else {}
    metrics = [*COSTS, *(name for name in map(str, targets) if name.startswith(latency_metric("")))]
    return [_row(results, tested.get(target), metrics) for target, results in targets.groupby("target", sort=False)]


def _tested(folder: Path) -> Mapping[Hashable, Mapping[Hashable, Any]]:
    """Return the tested winners of `validation.csv`, by target."""
    validation = _read(folder / "validation.csv")
    rows = validation[validation["role"].isin(("found", "finetuned"))]
    # The last value that there is: a fine-tuned winner's row follows the one as it was found, and has no prediction.
    return rows.groupby("target").last().to_dict("index")


def _row(results: pd.DataFrame, tested: Mapping[Hashable, Any] | None, metrics: Sequence[str]) -> dict[str, str]:
    """Return the cells of one target from its rows of `targets.csv`, and its tested winner."""
    order = results["status"].map(STATUS_ORDER.index)
    best = results.assign(order=order).sort_values(["order", "predicted_accuracy"], ascending=[True, False]).iloc[0]
    subnet = best if tested is None else tested
    found = not pd.isna(subnet["arch_id"])
    measured, predicted = _accuracies(best, tested) if found else ("", "")
    return {
        "target": best["target"],
        "measured (%)": measured,
        "predicted (%)": predicted,
        "px": f"{subnet['resolution']:.0f}" if found else "",
        **{metric_of(name).axis: _cost(name, subnet[name]) for name in metrics},
        "search": STATUS_LABELS[best["status"]] if found else best["message"],
    }


def _cost(metric: str, value: float) -> str:
    """Write a cost; nothing where there is none."""
    return "" if pd.isna(value) else metric_of(metric).number(value)


def _accuracies(best: pd.Series, tested: Mapping[Hashable, Any] | None) -> tuple[str, str]:
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
