"""The report's tables as data: targets, searches, predictors, and what was measured of each target."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd

from nascore.report.reading import read_finetunings, read_validations
from nascore.results.costs import COUNTED
from nascore.results.finetuning import Finetuning
from nascore.results.outcome import Outcome, Winner, outcomes
from nascore.results.predictors import PredictorMetrics
from nascore.results.search import SearchResult, Subnet
from nascore.results.summary import FIGURES, PREDICTORS, SEARCHES, TARGETS, VALIDATED
from nascore.results.table import Table
from nascore.results.validation import Validation
from nascore.spaces import StagedSpace

Row = dict[str, str | float | None]


def targets_table(
    searches: Sequence[str | Path], validations: Sequence[str | Path] = (), finetunings: Sequence[str | Path] = ()
) -> pd.DataFrame:
    """Return the outcome of each target: a row of its winner, and one of its optimum where that is another subnet.

    Everything in a row is about the subnet that it names; `subnet` says which it is, and `claim` why. Costs of a winner
    are measured on the network where there is one. Where a target bounds the latency on a device, there is a column
    ``latency_ms@DEVICE`` (milliseconds, by table). A target without a subnet has a row with empty cells.
    """
    results, measured, tuned = _read(searches, validations, finetunings)
    rows = [row for outcome in outcomes(results, measured, tuned) for row in _outcome_rows(outcome)]
    return pd.DataFrame(rows, columns=_with_latencies(TARGETS, results))


def searches_table(searches: Sequence[str | Path]) -> pd.DataFrame:
    """Return the best prediction of each search result: one row per file, empty cells where there is no subnet.

    Latencies as in `targets_table`.
    """
    results = [SearchResult.read(path) for path in searches]
    rows = []
    for result in results:
        row: Row = {
            "target": result.target,
            "searcher": result.searcher,
            "predictor": result.predictor,
            "status": result.status,
            "limits": _limits(result),
            "message": result.message,
        }
        if best := result.best:
            row |= _about(best, result.space.whole()) | {metric: best.costs[metric] for metric in result.shown_costs}
        if result.certificate:
            row["gap"] = result.certificate.gap
        rows.append(row)
    return pd.DataFrame(rows, columns=_with_latencies(SEARCHES, results))


def validation_table(
    searches: Sequence[str | Path], validations: Sequence[str | Path], finetunings: Sequence[str | Path] = ()
) -> pd.DataFrame:
    """Return what was measured: one row per target and role, and one with empty cells for a target without subnets.

    The costs of a winner are those measured on the extracted module, all others are counted. A fine-tuned winner has
    one more row, of role ``finetuned``; it has no prediction and was not measured on the search split. Latencies, in
    columns ``latency_ms@DEVICE`` where a target bounds one, are by table.
    """
    results, measured, tuned = _read(searches, validations, finetunings)
    of_target = {result.target: result for result in results}
    rows = [
        row
        for target, validation in measured.items()
        for row in _tested_rows(validation, of_target[target], tuned.get(target))
    ]
    return pd.DataFrame(rows, columns=_with_latencies(VALIDATED, results))


def predictors_table(metrics: Sequence[str | Path]) -> pd.DataFrame:
    """Return the held-out quality of each predictor."""
    return pd.DataFrame([PredictorMetrics.read(path).model_dump(include={*PREDICTORS.columns}) for path in metrics])


def _read(
    searches: Sequence[str | Path], validations: Sequence[str | Path], finetunings: Sequence[str | Path]
) -> tuple[list[SearchResult], dict[str, Validation], dict[str, Finetuning]]:
    """Read the files of a run, by target where there is one of each."""
    results = [SearchResult.read(path) for path in searches]
    measured = read_validations(validations, results) if results else {}
    return results, measured, read_finetunings(finetunings, measured)


def _with_latencies(table: Table, results: Sequence[SearchResult]) -> list[str]:
    """Return the columns of a table with those of bounded latencies before the last two."""
    columns = list(table.columns)
    latencies = sorted({metric for result in results for metric in result.shown_costs} - COUNTED.keys())
    return [*columns[:-2], *latencies, *columns[-2:]]


def _limits(result: SearchResult) -> str:
    """Write what a target asks for, with every digit."""
    bounds = [f"{limit.name} <= {limit.limit:.15g}" for limit in result.constraints]
    return "; ".join([*bounds, *(f"{name} = {value}" for name, value in result.fixed.items())])


def _about(subnet: Subnet | Winner, space: StagedSpace) -> Row:
    """Return what the tables say of a subnet itself."""
    about: Row = {"arch_id": subnet.arch_id, "predicted_accuracy": subnet.predicted_accuracy}
    return about | space.choices_of(subnet.arch)


def _outcome_rows(outcome: Outcome) -> Iterable[Row]:
    """Yield the rows of one target in `targets_table`."""
    search, winner, space = outcome.search, outcome.winner, outcome.search.space.whole()
    shared: Row = {"target": outcome.target, "predictor": search.predictor, "limits": _limits(search)}
    if winner is None:
        message = outcome.validation.message if outcome.validation else search.message
        yield shared | {"searcher": search.searcher, "claim": outcome.optimum_claim, "message": message}
        return
    row = shared | {"subnet": "winner", "searcher": winner.searcher, "claim": winner.claim} | _about(winner, space)
    row |= {metric: winner.costs[metric] for metric in search.shown_costs}
    if winner.test:
        row |= dict(zip(("measured_accuracy", "measured_lower", "measured_upper"), winner.test.interval, strict=True))
    yield row | {"finetuned_epochs": winner.finetuned_epochs, "within_limits": winner.within_limits}
    if other := outcome.other_optimum:
        row = shared | {"subnet": "optimum", "searcher": search.searcher, "claim": outcome.optimum_claim}
        row |= _about(other, space) | {metric: other.costs[metric] for metric in search.shown_costs}
        yield row | {"within_limits": search.within_limits(other.costs)}


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
    space = result.space.whole()
    if not validation.tested:
        yield about
    for role, contender in validation.tested.items():
        n_measured = sum(other.role == role for other in validation.contenders)
        measured = validation.winner if role == "found" else None
        costs = measured.costs_measured if measured else contender.costs
        satisfied = measured.satisfies_target if measured else result.within_limits(costs)
        figures: Row = {name: getattr(contender, name) for name in FIGURES}
        row = about | {"role": role, "n_measured": n_measured} | figures | space.choices_of(contender.arch)
        row |= {metric: contender.costs[metric] for metric in result.shown_costs if metric not in COUNTED}
        row |= {metric: costs[metric] for metric in COUNTED} | {"satisfies_target": satisfied}
        yield row
        if measured and tuned and tuned.winner:
            unknown: Row = dict.fromkeys(("predicted_accuracy", "search_accuracy", "search_loss"))
            yield row | unknown | {"role": "finetuned", "n_measured": 1} | tuned.winner.after.model_dump()
