"""The exact search under predictors that depend on all depths at once, such as bilinear ones.

Given all depths such a predictor is additive, so the target on the unfolded space (`nascore.spaces.unfolded`) is the
problem that `exact_search` solves: a knapsack for each combination of depths, the best bound first. The published
way is a general solver on the whole integer quadratically constrained quadratic program (Nayman et al., 2021).
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from nascore.search.exact import ExactResult, exact_search
from nascore.search.problem import Problem
from nascore.spaces.block_table import BlockTable
from nascore.spaces.unfolded import Unfolded


@dataclass(frozen=True, kw_only=True)
class UnfoldedProblem(Problem):
    """A target on an unfolded space, where blocks that do not run have one operation."""

    runs: NDArray[np.bool_]

    @cached_property
    def allowed(self) -> NDArray[np.bool_]:
        """A `(n_combinations, n_blocks, n_ops)` mask: inside the searched space and every peak limit."""
        allowed = super().allowed
        first = np.arange(self.space.n_ops) == 0
        return np.where(self.runs[:, :, None], allowed, first) & allowed.any(axis=(1, 2), keepdims=True)


def exact_search_given_depths(problem: Problem, values: BlockTable, top_k: int = 1) -> ExactResult:
    """Return the `top_k` best subnets under a predictor that is additive given all depths.

    Parameters
    ----------
    problem
        The target on its space.
    values
        The predictor's table on the unfolded space (`Predictor.conditional_table`).
    top_k
        How many distinct subnets to return.

    Returns
    -------
    ExactResult
        As of `exact_search`; its global combinations are those of global choices and depths.
    """
    unfolded = Unfolded(problem.space)
    tables = {name: unfolded.table(table) for name, table in problem.tables.items()}
    inside = UnfoldedProblem(space=unfolded.space, target=problem.target, tables=tables, runs=unfolded.runs)
    found = exact_search(inside, values, top_k)
    return replace(found, genes=unfolded.fold(found.genes))
