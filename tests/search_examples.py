"""Small search problems that can be solved by looking at every architecture."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray
from space_examples import SMALL, all_genes, restrictions_of

from nascore.results.costs import Constraint
from nascore.search.problem import Problem
from nascore.search.targets import Target
from nascore.spaces import Choice, Genes, Stage, StagedSpace
from nascore.spaces.block_table import BlockTable, BlockTableLookup

PLAIN = StagedSpace(
    name="plain",
    global_choices=(Choice("resolution", (32, 64)),),
    stages=(Stage("early", (1, 2)), Stage("late", (1, 2, 3))),
    block_choices=(Choice("kernel", (3, 5, 7)),),
)
"""936 architectures, every stage runs."""


@lru_cache(maxsize=64)
def every_architecture(space: StagedSpace) -> Genes:
    """Return each architecture of the searched part of a small space once."""
    genes = np.unique(space.canonical(all_genes(space)), axis=0)
    return genes[space.allows(genes)]


def look_up(space: StagedSpace, table: BlockTable, genes: Genes) -> NDArray[np.float64]:
    """Return the `(n,)` values of one table."""
    return BlockTableLookup(space, [table])(genes)[0]


def random_table(space: StagedSpace, rng: np.random.Generator, *, low: int = 0, whole: bool = False) -> BlockTable:
    """Return a table of numbers from `low` to 5; whole ones make many ties."""
    n_globals = len(space.global_values)
    draw = (
        (lambda size: rng.integers(low, 6, size).astype(float)) if whole else (lambda size: rng.uniform(low, 5, size))
    )
    return BlockTable(draw(n_globals), draw((n_globals, space.n_blocks, space.n_ops)))


def problem_of(space: StagedSpace, limits: list[tuple[BlockTable, float]]) -> Problem:
    """Return a problem whose costs are called `cost0`, `cost1`, ..."""
    constraints = tuple(
        Constraint(name=f"cost{i}", metric=f"cost{i}", limit=limit, limit_in_metric=limit)
        for i, (_, limit) in enumerate(limits)
    )
    return Problem(space, Target("target", constraints), {f"cost{i}": table for i, (table, _) in enumerate(limits)})


@dataclass(frozen=True)
class Solved:
    """A problem, a table of values, and every architecture that satisfies the problem, best first."""

    problem: Problem
    values: BlockTable

    @property
    def space(self) -> StagedSpace:
        return self.problem.space

    def fits(self, genes: Genes) -> NDArray[np.bool_]:
        """Return which architectures are within the limits and the searched part."""
        inside = self.space.allows(genes)
        for constraint in self.problem.target.constraints:
            cost = look_up(self.space, self.problem.tables[constraint.metric], genes)
            inside &= cost <= constraint.limit_in_metric
        return inside

    def value(self, genes: Genes) -> NDArray[np.float64]:
        return look_up(self.space, self.values, genes)

    def best(self, k: int) -> NDArray[np.float64]:
        """Return the `k` best values."""
        genes = every_architecture(self.space)
        return np.sort(self.value(genes[self.fits(genes)]))[::-1][:k]


@st.composite
def solved_problems(draw: st.DrawFn, max_sums: int = 3, peaks: bool = True) -> Solved:
    """Return problems with random tables, limits from just too tight to no limit at all, and restricted spaces."""
    space = draw(restrictions_of(draw(st.sampled_from([SMALL, PLAIN]))))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    whole = draw(st.booleans())
    genes, limits = every_architecture(space), []
    for reduce in [np.add] * draw(st.integers(0, max_sums)) + [np.maximum] * (peaks and draw(st.integers(0, 1))):
        table = random_table(space, rng, whole=whole)
        table = BlockTable(table.fixed, table.blocks, reduce)
        costs = look_up(space, table, genes)
        # Mostly tight, and never off an attainable cost by so little that a solver's tolerance decides.
        share = (draw(st.integers(-1, 20)) / 20) ** 3
        limit = costs.min() + share * (costs.max() - costs.min())
        limits.append((table, max(float(limit), 0.001) + 1e-9))
    return Solved(problem_of(space, limits), random_table(space, rng, low=-5, whole=whole))


def genes_of(result):
    """Return the `(k, n_genes)` subnets of a search result."""
    return result.space.whole().from_dicts([subnet.arch for subnet in result.subnets])
