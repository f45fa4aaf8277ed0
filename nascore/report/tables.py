"""The report's two tables as data: one row per target and searcher, one row per predictor."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from nascore.report.content import read_metrics, read_search
from nascore.report.labels import METRICS
from nascore.report.records import SearchResult

TARGETS_COLUMNS = (
    *("target", "searcher", "predictor", "status", "limits", "predicted_accuracy", "lower", "upper", *METRICS),
    *("resolution", "wid", "arch_id", "gap", "message"),
)


def targets_table(searches: Sequence[str | Path]) -> pd.DataFrame:
    """Return the best subnet of each search result: one row per file, empty cells where there is no subnet."""
    rows = []
    for result in map(read_search, searches):
        row: dict[str, str | float] = {
            "target": result.target,
            "searcher": result.searcher,
            "predictor": result.predictor,
            "status": result.status,
            "limits": _limits(result),
        }
        if best := result.best:
            row |= {
                "predicted_accuracy": best.predicted_accuracy,
                "lower": best.lower,
                "upper": best.upper,
                **{metric: best.costs[metric] for metric in METRICS},
                "resolution": best.arch["image_size"],
                "wid": best.arch["wid"],
                "arch_id": best.arch_id,
            }
        if result.certificate:
            row["gap"] = result.certificate.gap
        rows.append({**row, "message": result.message})
    return pd.DataFrame(rows, columns=list(TARGETS_COLUMNS))


def _limits(result: SearchResult) -> str:
    """Write what a target asks for, with every digit."""
    bounds = [f"{limit.name} <= {limit.limit:.15g}" for limit in result.constraints]
    return "; ".join([*bounds, *(f"{name} = {value}" for name, value in result.fixed.items())])


def predictors_table(metrics: Sequence[str | Path]) -> pd.DataFrame:
    """Return the held-out quality of each predictor."""
    return pd.DataFrame([read_metrics(path).model_dump() for path in metrics])
