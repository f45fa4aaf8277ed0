"""Reading everything that the report shows, with checks that name the file and the place of what is wrong."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import pandas as pd
import pyarrow as pa
from pydantic import ValidationError

from nascore.errors import DataError, SpaceError, unknown_name
from nascore.files import read_json
from nascore.report.labels import METRICS
from nascore.report.records import ImportReport, PredictorMetrics, Record, SearchResult
from nascore.spaces import OfaMcunet

HELDOUT = ("arch_id", "resolution", "width", "measured", "predicted", "lower", "upper")
LEARNING_CURVE = ("n_rows", "mae", "rmse", "kendall_tau", "kendall_tau_within_resolution")
PARETO = ("predicted_accuracy", "arch_id", "resolution", "width")
COVERAGE = ("gene", "value", "n_rows")
TEXT_COLUMNS = ("arch_id", "gene")
MAY_BE_UNDEFINED = ("kendall_tau", "kendall_tau_within_resolution")

AnyRecord = TypeVar("AnyRecord", bound=Record)


@dataclass(frozen=True)
class ReportContent:
    """What the report is made of.

    Parameters
    ----------
    searches
        One result per target and searcher, in the order in which the report shows them.
    predictors
        The metrics of each predictor.
    heldout, learning_curves
        By predictor: rows that it was not trained on, with columns `HELDOUT`; errors by number of training rows, with
        columns `LEARNING_CURVE`.
    pareto_fronts
        By metric: the front's subnets, with a column named like the metric and columns `PARETO`.
    coverage
        Measured rows per choice of each gene, with columns `COVERAGE`.
    dataset
        Facts about the measured rows.
    """

    searches: tuple[SearchResult, ...]
    predictors: tuple[PredictorMetrics, ...]
    heldout: Mapping[str, pd.DataFrame]
    learning_curves: Mapping[str, pd.DataFrame]
    pareto_fronts: Mapping[str, pd.DataFrame]
    coverage: pd.DataFrame
    dataset: ImportReport

    @property
    def space(self) -> OfaMcunet:
        """The whole space, with every resolution that a search knows."""
        return self.searches[0].space.whole()


def read_content(
    *,
    searches: Sequence[str | Path],
    predictors: Sequence[str | Path],
    heldout: Mapping[str, str | Path],
    learning_curves: Mapping[str, str | Path],
    pareto_fronts: Mapping[str, str | Path],
    coverage: str | Path,
    dataset: str | Path,
) -> ReportContent:
    """Read the files of a run.

    Parameters
    ----------
    searches, predictors, dataset
        JSON files: search results, predictor metrics, the import report.
    heldout, learning_curves
        Parquet file of each predictor.
    pareto_fronts
        Parquet file of each metric.
    coverage
        Parquet file of measured rows per gene choice.

    Raises
    ------
    DataError
        If a file is missing or is not what it should be, or if the files do not belong together.
    """
    results = tuple(read_search(path) for path in searches)
    metrics = tuple(map(read_metrics, predictors))
    _check_searches(results)
    for kind, files in (("held-out rows", heldout), ("a learning curve", learning_curves)):
        _check_names(f"predictor of {kind}", files, [record.predictor for record in metrics])
    _check_names("metric of a Pareto front", pareto_fronts, METRICS)
    return ReportContent(
        searches=results,
        predictors=metrics,
        heldout={name: _read_table(path, HELDOUT) for name, path in heldout.items()},
        learning_curves={name: _read_table(path, LEARNING_CURVE) for name, path in learning_curves.items()},
        pareto_fronts={name: _read_table(path, (name, *PARETO)) for name, path in pareto_fronts.items()},
        coverage=_read_table(coverage, COVERAGE),
        dataset=_read_record(dataset, ImportReport, "an import report"),
    )


def _check_names(kind: str, given: Mapping[str, object], valid: Sequence[str] | Mapping[str, object]) -> None:
    """Refuse a file of something that the report does not know."""
    for name in given:
        if name not in valid:
            raise DataError(unknown_name(kind, name, valid))


def _check_searches(results: tuple[SearchResult, ...]) -> None:
    """Refuse no results, two results of one searcher for one target, and results of different spaces."""
    if not results:
        raise DataError("a report needs at least one search result; got none")
    seen = set()
    for result in results:
        if (result.target, result.searcher) in seen:
            raise DataError(f"two search results of searcher {result.searcher!r} for target {result.target!r}")
        seen.add((result.target, result.searcher))
    spaces = {(result.space.name, *result.space.resolutions) for result in results}
    if len(spaces) > 1:
        first, second = sorted(spaces)[:2]
        raise DataError(f"the search results are of different spaces: {first} and {second}")


def read_search(path: str | Path) -> SearchResult:
    """Read one search result and check what only the space can check."""
    result = _read_record(path, SearchResult, "a search result")
    smallest = result.infeasibility.smallest if result.infeasibility else []
    archs = [*(subnet.arch for subnet in result.subnets), *(record.arch for record in smallest)]
    try:
        result.space.whole().from_dicts(archs)
    except SpaceError as error:
        raise DataError(f"{path}: {error}") from None
    for metric in [*(c.metric for c in result.constraints), *(record.metric for record in smallest)]:
        if metric not in METRICS:
            raise DataError(f"{path}: {unknown_name('metric', metric, METRICS)}")
    for subnet in result.subnets:
        missing = [metric for metric in METRICS if metric not in subnet.costs]
        if missing:
            raise DataError(f"{path}: subnet {subnet.arch_id} has no cost {missing[0]!r}")
    return result


def read_metrics(path: str | Path) -> PredictorMetrics:
    """Read the metrics of one predictor."""
    return _read_record(path, PredictorMetrics, "a file of predictor metrics")


def _read_record(path: str | Path, kind: type[AnyRecord], what: str) -> AnyRecord:
    """Read one JSON file as a record."""
    try:
        return kind.model_validate(read_json(path))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "the whole file"
        raise DataError(f"{path} is not {what}: {where}: {first['msg']}") from None


def _read_table(path: str | Path, columns: Sequence[str]) -> pd.DataFrame:
    """Read the named columns of a Parquet file, numbers finite."""
    try:
        table = pd.read_parquet(path)
    except FileNotFoundError:
        raise DataError(f"{path} does not exist") from None
    except (OSError, pa.ArrowInvalid) as error:
        raise DataError(f"{path} is not a Parquet file: {error}") from None
    missing = [name for name in columns if name not in table.columns]
    if missing:
        raise DataError(f"{path} has no column {missing[0]!r}; it has {', '.join(map(str, table.columns))}")
    for name in columns:
        if name in TEXT_COLUMNS + MAY_BE_UNDEFINED:
            continue
        if not pd.api.types.is_numeric_dtype(table[name]):
            raise DataError(f"{path}: column {name!r} must hold numbers; it holds {table[name].dtype}")
        wrong = np.flatnonzero(~np.isfinite(table[name].to_numpy(dtype=float)))
        if len(wrong):
            raise DataError(f"{path}: column {name!r} is not a finite number in row {wrong[0]}")
    return table[list(columns)]
