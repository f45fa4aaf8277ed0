"""One target as an optimisation problem over the tables of one space.

For each global combination (resolution and width, say) it is a multiple-choice knapsack: one operation per block
that runs, values and additive costs that add up over the blocks, and limits on peaks that only forbid operations.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from nascore.efficiency import METRICS, cost, cost_tables
from nascore.errors import SpaceError, TargetError
from nascore.latency_schema import latency_metric
from nascore.results.costs import Constraint
from nascore.search.targets import Target
from nascore.search.trellis import Trellis
from nascore.spaces.block_table import BlockTable, BlockTableLookup
from nascore.spaces.staged import Genes, StagedSpace


def tables_of(space: StagedSpace, latencies: Mapping[str, BlockTable] | None) -> dict[str, BlockTable]:
    """Return all that a target may bound, by metric: the exact costs, and latencies on measured devices.

    Parameters
    ----------
    latencies
        The latency table of each measured device by name, milliseconds; see `nascore.efficiency.latency_table`.
    """
    return cost_tables(space) | {latency_metric(name): table for name, table in (latencies or {}).items()}


@dataclass(frozen=True)
class Problem:
    """Everything about one target that a searcher reasons on.

    Parameters
    ----------
    space
        The searched part of the space: restricted to the covered choices and to the target's fixed ones.
    target
        The constraints.
    tables
        The cost of every block, by metric.
    """

    space: StagedSpace
    target: Target
    tables: Mapping[str, BlockTable]

    @classmethod
    def of(cls, space: StagedSpace, target: Target, tables: Mapping[str, BlockTable]) -> Self:
        """Restrict `space` to the target's fixed choices and make the problem.

        Raises
        ------
        TargetError
            If a fixed choice is outside the part of the space that is searched.
        """
        try:
            inside = space.restrict({name: [value] for name, value in target.fixed.items()})
        except SpaceError:
            raise TargetError(_outside(space, target)) from None
        return cls(inside, target, tables)

    def without(self, constraint: Constraint) -> Self:
        """Return the problem with one constraint dropped."""
        kept = tuple(c for c in self.target.constraints if c != constraint)
        return replace(self, target=replace(self.target, constraints=kept))

    def costs(self, genes: Genes) -> pd.DataFrame:
        """Return every counted cost of `(n, n_genes)` architectures, and their latency on each measured device, ms."""
        names = [name for name in self.tables if name not in METRICS]
        latencies = BlockTableLookup(self.space, [self.tables[name] for name in names])(genes)
        return cost(self.space, genes).join(pd.DataFrame(latencies.T, columns=names))

    @cached_property
    def trellis(self) -> Trellis:
        """The graph whose paths are the architectures of one global combination."""
        return Trellis(self.space)

    @cached_property
    def sums(self) -> list[Constraint]:
        """The constraints on costs that add up over blocks."""
        return [c for c in self.target.constraints if self.tables[c.metric].reduce is np.add]

    @cached_property
    def peaks(self) -> list[Constraint]:
        """The constraints on costs whose largest block counts."""
        return [c for c in self.target.constraints if self.tables[c.metric].reduce is np.maximum]

    @cached_property
    def allowed(self) -> NDArray[np.bool_]:
        """A `(n_global_combinations, n_blocks, n_ops)` mask: inside the searched space and every peak limit."""
        shape = (len(self.space.global_values), self.space.n_blocks, self.space.n_ops)
        mask = np.broadcast_to(self.space.allowed_ops, shape).copy()
        inside = np.zeros(shape[0], dtype=bool)
        inside[self.space.allowed_globals] = True
        for constraint in self.peaks:
            table = self.tables[constraint.metric]
            mask &= constraint.holds(table.blocks)
            inside &= constraint.holds(table.fixed)
        return mask & inside[:, None, None]

    @cached_property
    def sum_costs(self) -> NDArray[np.float64]:
        """A `(n_sums, n_global_combinations, n_blocks, n_ops)` array: additive costs as a share of their limit."""
        shape = (len(self.sums), *self.allowed.shape)
        costs = [self.tables[c.metric].blocks / c.limit_in_metric for c in self.sums]
        return np.stack(costs) if costs else np.zeros(shape)

    @cached_property
    def room(self) -> NDArray[np.float64]:
        """A `(n_sums, n_global_combinations)` array: the share of each limit that the fixed part leaves."""
        rooms = [1 - self.tables[c.metric].fixed / c.limit_in_metric for c in self.sums]
        return np.stack(rooms) if rooms else np.zeros((0, len(self.allowed)))

    def fits(self, g: int, ops: NDArray[np.int8]) -> NDArray[np.bool_]:
        """Return an `(m,)` mask of the `(m, n_blocks)` operation rows whose additive costs are within bounds."""
        runs, blocks = ops >= 0, np.arange(ops.shape[1])
        inside = np.ones(len(ops), dtype=bool)
        for constraint in self.sums:
            table = self.tables[constraint.metric]
            spent = table.fixed[g] + np.where(runs, table.blocks[g][blocks, ops], 0).sum(axis=1)
            inside &= constraint.holds(spent)
        return inside


def _outside(space: StagedSpace, target: Target) -> str:
    """Say which fixed choice of a target is outside the searched part of the space."""
    for name, value in target.fixed.items():
        choice = next(c for c in space.global_choices if c.name == name)
        allowed = space.allowed_values(choice)
        if value not in allowed:
            return (
                f"target {target.name!r} fixes {name} {value}, but the search is kept to {name} "
                f"{', '.join(map(str, allowed))}: the accuracy dataset has no row with {name} {value}. "
                "Measure such subnets first, or set search.uncovered_choices to true to search there anyway."
            )
    raise AssertionError("only a fixed choice can make a restriction fail")
