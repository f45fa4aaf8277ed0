"""Reads the files of a run for the report, and checks that they belong together."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from nascore.errors import DataError, SpaceError, unknown_name
from nascore.results.bundle import Bundle
from nascore.results.costs import check_costs
from nascore.results.finetuning import Finetuning
from nascore.results.search import SearchResult
from nascore.results.training import CURVE
from nascore.results.validation import Validation


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
        validation = Validation.read(path)
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
    bounded = [metric for result in results for metric in result.bounded]
    try:
        arch_ids = space.arch_id(space.from_dicts([contender.arch for contender in validation.contenders]))
        for contender in validation.contenders:
            check_costs(contender.arch_id, contender.costs, bounded)
    except (SpaceError, DataError) as error:
        raise DataError(f"{path}: contenders: {error}") from None
    for row, (contender, arch_id) in enumerate(zip(validation.contenders, arch_ids, strict=True)):
        if contender.arch_id != arch_id:
            raise DataError(f"{path}: contender {row} is called {contender.arch_id}; its architecture is {arch_id}")


def read_finetunings(paths: Sequence[str | Path], validations: Mapping[str, Validation]) -> dict[str, Finetuning]:
    """Read the records of fine-tuning, by target.

    Raises
    ------
    DataError
        If a file is no such record, two are of one target, or one is of a winner that `validations` do not have.
    """
    found: dict[str, Finetuning] = {}
    for path in paths:
        finetuning = Finetuning.read(path)
        if finetuning.target in found:
            raise DataError(f"{path} is a second fine-tuning of target {finetuning.target!r}")
        validation = validations.get(finetuning.target)
        winner = validation.winner if validation else None
        given = finetuning.winner.arch_id if finetuning.winner else None
        if validation is None or given != (winner.arch_id if winner else None):
            raise DataError(f"{path} fine-tunes {given} for target {finetuning.target!r}, which is not its winner")
        found[finetuning.target] = finetuning
    return found


def read_bundles(folders: Sequence[str | Path], targets: Sequence[str]) -> dict[str, Bundle]:
    """Read the bundles of some of a run's targets, by target.

    Raises
    ------
    DataError
        If a folder holds no bundle, two are of one target, or one is of a target that is not among `targets`.
    """
    found: dict[str, Bundle] = {}
    for folder in folders:
        bundle = Bundle.of_folder(folder)
        if bundle.target is None or bundle.target not in targets:
            raise DataError(f"{folder}: {unknown_name('target', str(bundle.target), dict.fromkeys(targets))}")
        if bundle.target in found:
            raise DataError(f"{folder} is a second bundle of target {bundle.target!r}")
        found[bundle.target] = bundle
    return found


def read_training_curves(paths: Sequence[str | Path]) -> tuple[pd.DataFrame, ...]:
    """Read the learning curves of training, each of a phase of its own and with at least one epoch."""
    curves = tuple(map(CURVE.read, paths))
    seen: set[str] = set()
    for path, curve in zip(paths, curves, strict=True):
        if not len(curve):
            raise DataError(f"{path} has no rows")
        phases = set(map(str, curve["phase"].unique()))
        if twice := sorted(seen & phases):
            raise DataError(f"two training curves are of phase {twice[0]!r}")
        seen |= phases
    return curves
