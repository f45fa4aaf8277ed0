"""Whether anything satisfies a target, with the proof either way."""

from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from nascore.latency_schema import LATENCY
from nascore.results.costs import Constraint
from nascore.search.exact import exact_search
from nascore.search.problem import Problem
from nascore.search.trellis import Trellis
from nascore.spaces.block_table import BlockTable
from nascore.spaces.staged import Genes

OTHER_UNIT = 1000
"""How far a limit is off that was meant in seconds, or in microseconds; taken for one from the square root of it on."""


@dataclass(frozen=True)
class Smallest:
    """The least of one bounded cost in the searched space, whatever the other costs are.

    Parameters
    ----------
    constraint
        The bound.
    value
        The least attainable, in the unit of the constraint's metric.
    genes
        A `(1, n_genes)` architecture that attains it.
    """

    constraint: Constraint
    value: float
    genes: Genes

    @property
    def within(self) -> bool:
        """Whether the bound can be met."""
        return bool(self.constraint.holds(self.value))

    @property
    def in_unit_of_limit(self) -> float:
        """The least attainable in the unit of the constraint's limit."""
        return self.value * self.constraint.limit / self.constraint.limit_in_metric


@dataclass(frozen=True)
class Feasibility:
    """The answer for one target.

    Parameters
    ----------
    witness
        A `(1, n_genes)` architecture that satisfies the target, or an empty array.
    proven
        Whether the answer is proven; a witness is its own proof.
    smallest
        The least of each bounded cost.
    """

    witness: Genes
    proven: bool
    smallest: tuple[Smallest, ...]

    @property
    def reason(self) -> str:
        """Why nothing satisfies the target."""
        beyond = [s for s in self.smallest if not s.within]
        if not beyond:
            return "each limit can be met alone, but no subnet of the searched space meets all of them"
        return "; ".join(
            f"{s.constraint.name} is at least {s.in_unit_of_limit:.6g} "
            f"in the searched space, the target allows {s.constraint.limit:.6g}"
            for s in beyond
        )


def check_feasibility(problem: Problem) -> Feasibility:
    """Find an architecture within all limits of a target, or prove that there is none."""
    smallest = tuple(_smallest(problem, constraint) for constraint in problem.target.constraints)
    nothing = np.zeros((0, problem.space.n_genes), dtype=np.int8)
    if not all(s.within for s in smallest):
        return Feasibility(nothing, True, smallest)
    shape = (len(problem.space.global_values), problem.space.n_blocks, problem.space.n_ops)
    found = exact_search(problem, BlockTable(np.zeros(shape[0]), np.zeros(shape)))
    return Feasibility(found.genes, found.proven or len(found.genes) > 0, smallest)


def _smallest(problem: Problem, constraint: Constraint) -> Smallest:
    """Return the least of one cost, and an architecture that has it."""
    space, table = problem.space, problem.tables[constraint.metric]
    least = least_cost(problem.trellis, table)
    outside = np.setdiff1d(np.arange(len(least)), space.allowed_globals)
    least[outside] = np.inf
    g = int(least.argmin())
    blocks = np.where(space.allowed_ops, table.blocks, np.inf)
    if table.reduce is np.maximum:
        blocks = np.where(blocks <= least[g], blocks, np.inf)
    _, ops, _ = problem.trellis.best_paths(-blocks[g], 1, np.zeros((0, *blocks[g].shape)), np.zeros(0))
    return Smallest(constraint, float(least[g]), space.from_ops(np.array([g]), ops))


def least_cost(trellis: Trellis, table: BlockTable) -> NDArray[np.float64]:
    """Return, per global combination, the least of one cost over the paths of a trellis."""
    blocks = np.where(trellis.allowed_ops, table.blocks, np.inf)
    if table.reduce is np.add:
        return table.fixed - trellis.best_weight(-blocks)
    per_block = blocks.min(axis=-1)
    peaks = [per_block[:, first : first + min(depths)].max(axis=1, initial=0) for first, _, depths in trellis.stages]
    return np.maximum(table.fixed, np.max(peaks, axis=0))


def implausible_latency(problem: Problem) -> str:
    """Say that a latency limit looks like one of another unit, with what is attainable; empty if it does not."""
    for constraint in problem.target.constraints:
        if constraint.name != LATENCY:
            continue
        table, globals_ = problem.tables[constraint.metric], problem.space.allowed_globals
        least = float(least_cost(problem.trellis, table)[globals_].min())
        # Negated, the least is the greatest.
        negated = BlockTable(-table.fixed, -table.blocks)
        greatest = -float(least_cost(problem.trellis, negated)[globals_].min())
        below = sqrt(OTHER_UNIT) < least / constraint.limit <= OTHER_UNIT
        above = sqrt(OTHER_UNIT) < constraint.limit / greatest <= OTHER_UNIT
        if below or above:
            meant = constraint.limit * OTHER_UNIT if below else constraint.limit / OTHER_UNIT
            return (
                f"{LATENCY} {constraint.limit:.6g} looks like {'seconds' if below else 'microseconds'}: attainable are "
                f"{least:.4g} to {greatest:.4g} milliseconds; did you mean {LATENCY} {meant:.6g}?"
            )
    return ""
