"""The result of one search as a file that people and the report read."""

from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import Any, Self

import numpy as np

from nascore.predictors.base import Predictor
from nascore.search.exact import TOLERANCE
from nascore.search.feasibility import Feasibility
from nascore.search.problem import Problem
from nascore.spaces.staged import Genes

INTERVAL_LEVEL = 0.9
"""Coverage of the prediction interval beside each predicted accuracy."""


@dataclass(frozen=True)
class Certificate:
    """The figures of a proof of optimality.

    Parameters
    ----------
    objective, best_bound, gap
        The best predicted accuracy, the proven upper bound on any subnet within the limits, and the difference.
    top_k_proven
        Whether every subnet of the list, not only the first, is proven to be among the best.
    root_bound
        The bound before enumeration: the Lagrangian dual.
    global_combinations, closed_by_bound, paths_enumerated
        The work: combinations of global choices, those excluded by a bound alone, and paths looked at in the others.
    binding
        Constraints without any one of which a better subnet exists.
    n_architectures
        Size of the searched space, all of which the proof covers.
    """

    objective: float
    best_bound: float
    gap: float
    top_k_proven: bool
    root_bound: float
    global_combinations: int
    closed_by_bound: int
    paths_enumerated: int
    binding: tuple[str, ...]
    n_architectures: int
    tolerance: float = TOLERANCE


@dataclass(frozen=True)
class SearchResult:
    """What one searcher found for one target.

    Parameters
    ----------
    problem, searcher, algorithm, predictor
        What was searched, and how.
    feasibility
        Whether anything satisfies the target, and the least of each bounded cost.
    genes
        The `(k, n_genes)` found subnets, best first.
    evaluations
        Number of predictions made; 0 for the exact search, which reads tables.
    certificate
        The proof, of an exact search.
    note
        What a reader should know beside the status.
    warning
        What is likely wrong with the target.
    """

    problem: Problem
    searcher: str
    algorithm: str
    predictor: Predictor
    feasibility: Feasibility
    genes: Genes = field(default_factory=lambda: np.zeros((0, 0), dtype=np.int8))
    evaluations: int = 0
    certificate: Certificate | None = None
    note: str = ""
    warning: str = ""

    def replace(self, **changes: Any) -> Self:
        """Return the result with some fields filled in."""
        return replace(self, **changes)

    @cached_property
    def status(self) -> str:
        """``optimal`` (proven), ``found``, ``infeasible`` (proven) or ``not_found``."""
        if len(self.genes):
            return "optimal" if self.certificate and self.certificate.gap <= TOLERANCE else "found"
        return "infeasible" if not len(self.feasibility.witness) and self.feasibility.proven else "not_found"

    @property
    def message(self) -> str:
        """One sentence on the outcome, and one on the target if something is likely wrong with it."""
        return f"{self._outcome}. Warning: {self.warning}" if self.warning else self._outcome

    @property
    def _outcome(self) -> str:
        """One sentence on the outcome."""
        if self.status == "infeasible":
            return f"infeasible: {self.feasibility.reason}"
        if self.status == "not_found":
            return self.note or "nothing found within the limits, and infeasibility is not proven"
        sentence = f"{len(self.genes)} subnets, best predicted accuracy {self.subnets[0]['predicted_accuracy']:.4f}"
        if self.status == "optimal":
            sentence += ", proven optimal"
        return f"{sentence}; {self.note}" if self.note else sentence

    @cached_property
    def subnets(self) -> list[dict[str, Any]]:
        """The found subnets with predicted accuracy, its interval, and every cost."""
        if not len(self.genes):
            return []
        space = self.problem.space
        predicted = self.predictor.predict(self.genes)
        lower, upper = self.predictor.interval(self.genes, INTERVAL_LEVEL)
        columns = {
            "arch_id": space.arch_id(self.genes),
            "arch": space.to_dicts(self.genes),
            "predicted_accuracy": predicted.tolist(),
            "lower": lower.tolist(),
            "upper": upper.tolist(),
            "costs": self.problem.costs(self.genes).to_dict("records"),
        }
        return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]

    def to_json(self) -> dict[str, Any]:
        """Return the result in the form of ``result.json``."""
        target, space = self.problem.target, self.problem.space
        return {
            "target": target.name,
            "searcher": self.searcher,
            "algorithm": self.algorithm,
            "predictor": self.predictor.name,
            "status": self.status,
            "message": self.message,
            "constraints": [asdict(constraint) for constraint in target.constraints],
            "device": asdict(target.device) if target.device else None,
            "fixed": dict(target.fixed),
            "space": {
                "name": space.name,
                "resolutions": [
                    v for choice in space.global_choices if choice.name == "resolution" for v in choice.values
                ],
                "n_architectures": space.size(),
                **space.options(),
                "kept_to": {name: list(values) for name, values in space.allowed},
            },
            "subnets": self.subnets,
            "interval_level": INTERVAL_LEVEL,
            "evaluations": self.evaluations,
            "certificate": asdict(self.certificate) if self.certificate else None,
            "infeasibility": self._infeasibility() if self.status == "infeasible" else None,
        }

    def _infeasibility(self) -> dict[str, Any]:
        """Return the proof that nothing satisfies the target: the least of each bounded cost, and who attains it."""
        space = self.problem.space
        return {
            "reason": self.feasibility.reason,
            "smallest": [
                {
                    "constraint": smallest.constraint.name,
                    "metric": smallest.constraint.metric,
                    "limit_in_metric": smallest.constraint.limit_in_metric,
                    "smallest": smallest.value,
                    "arch_id": space.arch_id(smallest.genes)[0],
                    "arch": space.to_dicts(smallest.genes)[0],
                }
                for smallest in self.feasibility.smallest
            ],
        }
