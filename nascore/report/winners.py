"""The winner of every target on one line, from the tables of a run."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from nascore.errors import DataError
from nascore.results.labels import METRICS, metric_of
from nascore.results.summary import LATENCIES, TARGETS

SHOWN = tuple(name for name in METRICS if name != "params")
"""The costs that have room on a screen."""


def winners(folder: Path) -> list[dict[str, str]]:
    """Return one row per target, its cells by column: all of its winner, and why it is the winner.

    A fine-tuned winner has the accuracy that was measured after that, with its 95 % interval. Where the optimum of the
    prediction is another subnet, the last cell names it. Where a target bounds the latency on a device, there is a
    column for it; cells without a value are empty.

    Parameters
    ----------
    folder
        The results of a run that has ended.

    Raises
    ------
    DataError
        If it has no table of targets, or an earlier version wrote it.
    """
    path = folder / "targets.csv"
    if not path.exists():
        raise DataError(f"{path} does not exist: the workflow of this run has not come to its end")
    table = TARGETS.read(path)
    metrics = [*SHOWN, *(name for name in map(str, table) if name.startswith(LATENCIES))]
    optima = table[table["subnet"] == "optimum"].set_index("target")
    rows = table[table["subnet"] != "optimum"]
    return [_row(row, optima, metrics) for _, row in rows.iterrows()]


def _row(row: pd.Series, optima: pd.DataFrame, metrics: Sequence[str]) -> dict[str, str]:
    """Return the cells of one target."""
    found = not pd.isna(row["arch_id"])
    return {
        "target": row["target"],
        "winner": row["arch_id"] if found else "",
        "measured (%)": _measured(row),
        "predicted (%)": f"{100 * row['predicted_accuracy']:.2f}" if found else "",
        "px": f"{row['resolution']:.0f}" if found else "",
        **{metric_of(name).axis: _cost(name, row[name]) for name in metrics},
        "why": _why(row, optima) if found else row["message"],
    }


def _why(row: pd.Series, optima: pd.DataFrame) -> str:
    """Return why this is the winner, and what the optimum is if it is not that."""
    if row["target"] not in optima.index:
        return str(row["claim"])
    other = optima.loc[row["target"]]
    return f"{row['claim']}; {other['claim']}: {other['arch_id']}, {100 * other['predicted_accuracy']:.2f} %"


def _cost(metric: str, value: float) -> str:
    """Write a cost; nothing where there is none."""
    return "" if pd.isna(value) else metric_of(metric).number(value)


def _measured(row: pd.Series) -> str:
    """Write a measured accuracy with its interval, in per cent; nothing where there is none."""
    value, lower, upper = (100 * row[f"measured_{name}"] for name in ("accuracy", "lower", "upper"))
    return "" if pd.isna(value) else f"{value:.2f} ({lower:.2f} to {upper:.2f})"
