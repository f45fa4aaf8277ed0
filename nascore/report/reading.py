"""Reading of single files for the report, with checks that name the file and the place of what is wrong."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pydantic import TypeAdapter, ValidationError

from nascore.errors import DataError, SpaceError
from nascore.files import read_json, read_parquet
from nascore.report.finetuning_records import Finetuning
from nascore.report.labels import METRICS, metric_of
from nascore.report.records import PredictorMetrics, SearchResult
from nascore.report.validation_records import Validation

TRAINING_CURVE = (
    *("phase", "epoch", "step", "images", "learning_rate", "loss"),
    *("accuracy_largest", "accuracy_smallest"),
)
TEXT_COLUMNS = ("arch_id", "gene", "phase")
MAY_BE_UNDEFINED = ("kendall_tau", "kendall_tau_within_resolution", "accuracy_largest", "accuracy_smallest")


def read_search(path: str | Path) -> SearchResult:
    """Read one search result and check what only the space can check."""
    result: SearchResult = read_record(path, SearchResult, "a search result")
    smallest = result.infeasibility.smallest if result.infeasibility else []
    archs = [*(subnet.arch for subnet in result.subnets), *(record.arch for record in smallest)]
    try:
        result.space.whole().from_dicts(archs)
    except SpaceError as error:
        raise DataError(f"{path}: {error}") from None
    bounded = [constraint.metric for constraint in result.constraints]
    for metric in [*bounded, *(record.metric for record in smallest)]:
        try:
            metric_of(metric)
        except DataError as error:
            raise DataError(f"{path}: {error}") from None
    for subnet in result.subnets:
        _check_costs(path, subnet.arch_id, subnet.costs, bounded)
    return result


def read_metrics(path: str | Path) -> PredictorMetrics:
    """Read the metrics of one predictor."""
    metrics: PredictorMetrics = read_record(path, PredictorMetrics, "a file of predictor metrics")
    return metrics


def read_validations(paths: Sequence[str | Path], results: Sequence[SearchResult]) -> dict[str, Validation]:
    """Read the validations of some of the searches' targets, by target.

    Raises
    ------
    DataError
        If a file is not a validation, two are of one target, one is of a search that is not among `results`, or a
        subnet is not the one that it is called or lacks a cost that the report shows.
    """
    found: dict[str, Validation] = {}
    for path in paths:
        validation: Validation = read_record(path, Validation, "a validation")
        of_target = [result for result in results if result.target == validation.target]
        if validation.searcher not in {result.searcher for result in of_target}:
            search = f"searcher {validation.searcher!r} for target {validation.target!r}"
            raise DataError(f"{path} validates {search}, which has no result")
        if validation.target in found:
            raise DataError(f"{path} is a second validation of target {validation.target!r}")
        _check_contenders(path, validation, of_target)
        found[validation.target] = validation
    return found


def _check_contenders(path: str | Path, validation: Validation, results: Sequence[SearchResult]) -> None:
    """Refuse subnets that are not those of their `arch_id`, or lack a cost that a search of their target bounds."""
    space = results[0].space.whole()
    try:
        arch_ids = space.arch_id(space.from_dicts([contender.arch for contender in validation.contenders]))
    except SpaceError as error:
        raise DataError(f"{path}: contenders: {error}") from None
    bounded = [constraint.metric for result in results for constraint in result.constraints]
    for row, (contender, arch_id) in enumerate(zip(validation.contenders, arch_ids, strict=True)):
        if contender.arch_id != arch_id:
            raise DataError(f"{path}: contender {row} is called {contender.arch_id}; its architecture is {arch_id}")
        _check_costs(path, contender.arch_id, contender.costs, bounded)
    if validation.winner:
        _check_costs(path, validation.winner.arch_id, validation.winner.costs_counted)
        _check_costs(path, validation.winner.arch_id, validation.winner.costs_measured)


def read_finetunings(paths: Sequence[str | Path], validations: Mapping[str, Validation]) -> dict[str, Finetuning]:
    """Read the records of fine-tuning, by target.

    Raises
    ------
    DataError
        If a file is no such record, two are of one target, or one is of a winner that `validations` do not have.
    """
    found: dict[str, Finetuning] = {}
    for path in paths:
        finetuning: Finetuning = read_record(path, Finetuning, "a record of fine-tuning")
        if finetuning.target in found:
            raise DataError(f"{path} is a second fine-tuning of target {finetuning.target!r}")
        validation = validations.get(finetuning.target)
        winner = validation.winner if validation else None
        given = finetuning.winner.arch_id if finetuning.winner else None
        if validation is None or given != (winner.arch_id if winner else None):
            raise DataError(f"{path} fine-tunes {given} for target {finetuning.target!r}, which is not its winner")
        if finetuning.winner:
            _check_costs(path, finetuning.winner.arch_id, finetuning.winner.costs_measured)
        found[finetuning.target] = finetuning
    return found


def _check_costs(path: str | Path, arch_id: str, costs: dict[str, float], bounded: Sequence[str] = ()) -> None:
    """Raise if a subnet lacks a cost that the report shows."""
    missing = [metric for metric in (*METRICS, *bounded) if metric not in costs]
    if missing:
        raise DataError(f"{path}: subnet {arch_id} has no cost {missing[0]!r}")


def read_record(path: str | Path, kind: Any, what: str) -> Any:
    """Read one JSON file as a record, or as one of a union of records."""
    try:
        return TypeAdapter(kind).validate_python(read_json(path))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "the whole file"
        raise DataError(f"{path} is not {what}: {where}: {first['msg'].removeprefix('Value error, ')}") from None


def read_training_curves(paths: Sequence[str | Path]) -> tuple[pd.DataFrame, ...]:
    """Read the learning curves of training, each of a phase of its own and with at least one epoch."""
    curves = tuple(read_table(path, TRAINING_CURVE) for path in paths)
    seen: set[str] = set()
    for path, curve in zip(paths, curves, strict=True):
        if not len(curve):
            raise DataError(f"{path} has no rows")
        phases = set(map(str, curve["phase"].unique()))
        if twice := sorted(seen & phases):
            raise DataError(f"two training curves are of phase {twice[0]!r}")
        seen |= phases
    return curves


def read_table(path: str | Path, columns: Sequence[str]) -> pd.DataFrame:
    """Read the named columns of a Parquet file, numbers finite."""
    table = read_parquet(path, "a table with the columns " + ", ".join(columns)).to_pandas()
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
