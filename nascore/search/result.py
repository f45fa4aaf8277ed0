"""Puts together the record of one search: what was found, predicted and proven, and one sentence on it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nascore.predictors.base import Predictor
from nascore.results.search import (
    INTERVAL_LEVEL,
    Algorithm,
    Certificate,
    Device,
    Infeasibility,
    SearchedSpace,
    SearchResult,
    Smallest,
    Status,
    Subnet,
    out_of_range,
)
from nascore.search.exact import TOLERANCE
from nascore.search.feasibility import Feasibility
from nascore.search.problem import Problem
from nascore.spaces.staged import Genes


@dataclass(frozen=True)
class Found:
    """What an algorithm found.

    Parameters
    ----------
    genes
        The `(k, n_genes)` found subnets, best first.
    evaluations
        Number of predictions made; 0 for the exact search, which reads tables.
    certificate
        The proof, of an exact search.
    note
        What a reader should know beside the status.
    """

    genes: Genes
    evaluations: int = 0
    certificate: Certificate | None = None
    note: str = ""

    def status(self, feasibility: Feasibility) -> Status:
        """Return what this comes to."""
        if len(self.genes):
            return "optimal" if self.certificate and self.certificate.gap <= TOLERANCE else "found"
        return "infeasible" if not len(feasibility.witness) and feasibility.proven else "not_found"


def search_result(
    problem: Problem,
    predictor: Predictor,
    feasibility: Feasibility,
    found: Found,
    *,
    searcher: str,
    algorithm: Algorithm,
    warning: str = "",
) -> SearchResult:
    """Return the record of a search.

    Parameters
    ----------
    problem, predictor
        What was searched.
    feasibility
        Whether anything satisfies the target, and the least of each bounded cost.
    found
        The subnets.
    searcher, algorithm
        The searcher's name, and what it does.
    warning
        What is likely wrong with the target.
    """
    target, status = problem.target, found.status(feasibility)
    subnets = _subnets(problem, predictor, found.genes)
    message = _message(status, subnets, feasibility, found.note)
    return SearchResult(
        target=target.name,
        searcher=searcher,
        algorithm=algorithm,
        predictor=predictor.name,
        status=status,
        message=f"{message}. Warning: {warning}" if warning else message,
        constraints=list(target.constraints),
        device=Device(**vars(target.device)) if target.device else None,
        fixed=dict(target.fixed),
        space=_searched_space(problem),
        subnets=subnets,
        evaluations=found.evaluations,
        certificate=found.certificate,
        infeasibility=_infeasibility(problem, feasibility) if status == "infeasible" else None,
    )


def _message(status: Status, subnets: Sequence[Subnet], feasibility: Feasibility, note: str) -> str:
    """Return one sentence on the outcome."""
    if status == "infeasible":
        return f"infeasible: {feasibility.reason}"
    if status == "not_found":
        return note or "nothing found within the limits, and infeasibility is not proven"
    sentence = f"{len(subnets)} subnets, best predicted accuracy {subnets[0].predicted_accuracy:.4f}"
    if status == "optimal":
        sentence += ", the proven optimum of the prediction"
    sentence += out_of_range(subnets[0].predicted_accuracy)
    return f"{sentence}; {note}" if note else sentence


def _subnets(problem: Problem, predictor: Predictor, genes: Genes) -> list[Subnet]:
    """Return subnets with predicted accuracy, its interval, and every cost."""
    if not len(genes):
        return []
    lower, upper = predictor.interval(genes, INTERVAL_LEVEL)
    columns = {
        "arch_id": problem.space.arch_id(genes),
        "arch": problem.space.to_dicts(genes),
        "predicted_accuracy": predictor.predict(genes).tolist(),
        "lower": np.asarray(lower).tolist(),
        "upper": np.asarray(upper).tolist(),
        "costs": problem.costs(genes).to_dict("records"),
    }
    rows = zip(*columns.values(), strict=True)
    return [Subnet.model_validate(dict(zip(columns, row, strict=True))) for row in rows]


def _searched_space(problem: Problem) -> SearchedSpace:
    """Return what was searched, as data."""
    space = problem.space
    return SearchedSpace(
        name=space.name,
        resolutions=[v for choice in space.global_choices if choice.name == "resolution" for v in choice.values],
        n_architectures=space.size(),
        kept_to={name: list(values) for name, values in space.allowed if (name, values) not in space.structure},
        **space.options(),
    )


def _infeasibility(problem: Problem, feasibility: Feasibility) -> Infeasibility:
    """Return the proof that nothing satisfies the target: the least of each bounded cost, and who attains it."""
    smallest = [
        Smallest(
            constraint=found.constraint.name,
            metric=found.constraint.metric,
            limit_in_metric=found.constraint.limit_in_metric,
            smallest=found.value,
            arch_id=problem.space.arch_id(found.genes)[0],
            arch=problem.space.to_dicts(found.genes)[0],
        )
        for found in feasibility.smallest
    ]
    return Infeasibility(reason=feasibility.reason, smallest=smallest)
