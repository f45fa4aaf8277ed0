"""The report's tables as data: targets and searchers, predictors, and what was measured of each target."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from nascore.report.reading import read_finetunings, read_validations
from nascore.results.finetuning import Finetuning
from nascore.results.labels import METRICS, arch_choices
from nascore.results.predictors import PredictorMetrics
from nascore.results.search import SearchResult
from nascore.results.validation import Validation

TARGETS_COLUMNS = (
    *("target", "searcher", "predictor", "status", "limits", "predicted_accuracy", "lower", "upper", *METRICS),
    *("resolution", "wid", "arch_id", "gap", "message"),
)
MEASURED_COLUMNS = (
    *("measured_accuracy", "measured_lower", "measured_upper", "measured_arch_id"),
    *("random_accuracy", "smallest_accuracy", "largest_accuracy"),
)
FIGURES = (
    *("arch_id", "predicted_accuracy", "lower", "upper", "search_accuracy", "search_loss"),
    *("test_accuracy", "test_lower", "test_upper", "test_loss"),
)
VALIDATION_COLUMNS = (
    *("target", "searcher", "status", "role", "n_measured", "resolution", "wid", *FIGURES),
    *("n_search_images", "n_test_images", *METRICS, "satisfies_target", "message"),
)

Row = dict[str, str | float | None]


def targets_table(searches: Sequence[str | Path], validations: Sequence[str | Path] = ()) -> pd.DataFrame:
    """Return the best subnet of each search result: one row per file, empty cells where there is no subnet.

    Where a target bounds the latency on a device, there is a column ``latency_ms@DEVICE`` (milliseconds). With
    validations there are also `MEASURED_COLUMNS`, filled in for the searchers whose subnets were measured. They
    are of the winner, which need not be the subnet with the highest prediction.
    """
    results = [SearchResult.read(path) for path in searches]
    measured = read_validations(validations, results) if results else {}
    rows = []
    for result in results:
        row: Row = {
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
                **{metric: best.costs[metric] for metric in result.shown_costs},
                **_choices(best.arch),
                "arch_id": best.arch_id,
            }
        if result.certificate:
            row["gap"] = result.certificate.gap
        validation = measured.get(result.target)
        if validation and validation.searcher == result.searcher:
            row |= _measured(validation)
        rows.append({**row, "message": result.message})
    latencies = sorted({metric for result in results for metric in result.shown_costs} - set(METRICS))
    columns = [*TARGETS_COLUMNS[:-1], *latencies, *(MEASURED_COLUMNS if validations else ()), TARGETS_COLUMNS[-1]]
    return pd.DataFrame(rows, columns=columns)


def validation_table(
    searches: Sequence[str | Path], validations: Sequence[str | Path], finetunings: Sequence[str | Path] = ()
) -> pd.DataFrame:
    """Return what was measured: one row per target and role, and one with empty cells for a target without subnets.

    The costs of a winner are those measured on the extracted module, all others are counted. A fine-tuned winner has
    one more row, of role ``finetuned``; it has no prediction and was not measured on the search split. Latencies, in
    columns ``latency_ms@DEVICE`` where a target bounds one, are by table.
    """
    results = [SearchResult.read(path) for path in searches]
    measured = read_validations(validations, results) if results else {}
    of_target = {result.target: result for result in results}
    tuned = read_finetunings(finetunings, measured)
    rows = [
        row
        for target, validation in measured.items()
        for row in _tested_rows(validation, of_target[target], tuned.get(target))
    ]
    latencies = sorted({metric for result in results for metric in result.shown_costs} - set(METRICS))
    return pd.DataFrame(rows, columns=[*VALIDATION_COLUMNS[:-2], *latencies, *VALIDATION_COLUMNS[-2:]])


def predictors_table(metrics: Sequence[str | Path]) -> pd.DataFrame:
    """Return the held-out quality of each predictor."""
    return pd.DataFrame([PredictorMetrics.read(path).model_dump() for path in metrics])


def _limits(result: SearchResult) -> str:
    """Write what a target asks for, with every digit."""
    bounds = [f"{limit.name} <= {limit.limit:.15g}" for limit in result.constraints]
    return "; ".join([*bounds, *(f"{name} = {value}" for name, value in result.fixed.items())])


def _choices(arch: Mapping[str, Any]) -> Row:
    """Return the global choices of a published architecture; a space without widths has none."""
    return dict(arch_choices(arch))


def _measured(validation: Validation) -> Row:
    """Return the cells of `MEASURED_COLUMNS`."""
    tested = validation.tested
    row: Row = {
        f"{role}_accuracy": tested[role].test_accuracy for role in ("random", "smallest", "largest") if role in tested
    }
    if winner := tested.get("found"):
        row |= dict(zip(MEASURED_COLUMNS, (*winner.test.interval, winner.arch_id), strict=False))
    return row


def _tested_rows(validation: Validation, result: SearchResult, tuned: Finetuning | None) -> Iterable[Row]:
    """Yield the rows of one target in `validation_table`."""
    about: Row = {
        "target": validation.target,
        "searcher": validation.searcher,
        "status": validation.status,
        "n_search_images": validation.split_search.n_images,
        "n_test_images": validation.split_test.n_images,
        "message": validation.message,
    }
    if not validation.tested:
        yield about
    for role, contender in validation.tested.items():
        n_measured = sum(other.role == role for other in validation.contenders)
        measured = validation.winner if role == "found" else None
        costs = measured.costs_measured if measured else contender.costs
        satisfied = measured.satisfies_target if measured else result.within_limits(costs)
        figures: Row = {name: getattr(contender, name) for name in FIGURES}
        row = about | {"role": role, "n_measured": n_measured} | figures | _choices(contender.arch)
        row |= {metric: contender.costs[metric] for metric in result.shown_costs if metric not in METRICS}
        row |= {metric: costs[metric] for metric in METRICS} | {"satisfies_target": satisfied}
        yield row
        if measured and tuned and tuned.winner:
            unknown: Row = dict.fromkeys(("predicted_accuracy", "lower", "upper", "search_accuracy", "search_loss"))
            yield row | unknown | {"role": "finetuned", "n_measured": 1} | tuned.winner.after.model_dump()
