"""Exact Pareto fronts of predicted accuracy against one cost.

Every architecture of the searched space is considered. For a cost that adds up, the front of all ways to finish from
a block is made of the fronts of the blocks behind it, because what dominates a part dominates the whole. For a peak,
the best architecture under each distinct peak is a longest path.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from nascore.efficiency import cost_tables
from nascore.errors import PredictorError
from nascore.predictors import Predictor
from nascore.search.trellis import NOT_EXECUTED, Trellis
from nascore.spaces.block_table import BlockTable
from nascore.spaces.staged import Genes, StagedSpace


@dataclass(frozen=True)
class ParetoFront:
    """Non-dominated architectures, cheapest first: both columns increase strictly.

    Parameters
    ----------
    genes
        An `(m, n_genes)` array.
    cost, value
        The `(m,)` costs and predicted accuracies.
    """

    genes: Genes
    cost: NDArray[np.float64]
    value: NDArray[np.float64]


def pareto_front(space: StagedSpace, values: BlockTable, costs: BlockTable) -> ParetoFront:
    """Return the exact front of the searched part of a space.

    Parameters
    ----------
    space
        The space, restricted to what may be searched.
    values
        An additive predictor's table.
    costs
        The cost to trade against, added up or maximised.
    """
    trellis = Trellis(space)
    of_one = _front_of_sums if costs.reduce is np.add else _front_of_peaks
    parts = [of_one(trellis, values, costs, int(g)) for g in space.allowed_globals]
    g = np.repeat(space.allowed_globals, [len(ops) for ops, _, _ in parts])
    ops, cost, value = (np.concatenate(column) for column in zip(*parts, strict=True))
    keep = _non_dominated(cost, value)
    return ParetoFront(space.from_ops(g[keep], ops[keep]), cost[keep], value[keep])


def pareto_table(space: StagedSpace, predictor: Predictor, metric: str) -> pd.DataFrame:
    """Return the exact front of a predictor against one cost as a table.

    Returns
    -------
    pandas.DataFrame
        The cost, `predicted_accuracy`, `arch_id` and the global choices of each subnet, cheapest first.

    Raises
    ------
    PredictorError
        If the predictor is not additive.
    """
    table = predictor.additive_table()
    if table is None:
        raise PredictorError(f"an exact Pareto front needs an additive predictor; {predictor.name!r} is not one")
    front = pareto_front(space, table, cost_tables(space)[metric])
    return pd.DataFrame(
        {
            metric: front.cost.astype(np.int64),
            "predicted_accuracy": front.value,
            "arch_id": space.arch_id(front.genes),
            **space.global_columns(front.genes),
        }
    )


_Part = tuple[NDArray[np.int8], NDArray[np.float64], NDArray[np.float64]]


def _front_of_sums(trellis: Trellis, values: BlockTable, costs: BlockTable, g: int) -> _Part:
    """Return (operations, cost, value) of the front of one global combination, for a cost that adds up."""
    allowed = trellis.allowed_ops
    cost, value = np.array([costs.fixed[g]]), np.array([values.fixed[g]])
    ops = np.full((1, trellis.n_blocks), NOT_EXECUTED, dtype=np.int8)
    for first, n_blocks, depths in reversed(trellis.stages):
        after = cost, value, ops
        for place in reversed(range(n_blocks)):
            block = first + place
            if place + 1 == n_blocks and n_blocks not in depths:
                cost, value, ops = cost[:0], value[:0], ops[:0]
            usable = np.flatnonzero(allowed[block])
            m = len(cost)
            cost = np.add.outer(costs.blocks[g, block, usable], cost).ravel()
            value = np.add.outer(values.blocks[g, block, usable], value).ravel()
            source = np.tile(np.arange(m), len(usable))
            op = np.repeat(usable.astype(np.int8), m)
            if place in depths:
                cost, value = np.concatenate([cost, after[0]]), np.concatenate([value, after[1]])
            keep = _non_dominated(cost, value)
            executed = keep < len(op)
            kept = np.empty((len(keep), trellis.n_blocks), dtype=np.int8)
            kept[executed] = ops[source[keep[executed]]]
            kept[executed, block] = op[keep[executed]]
            kept[~executed] = after[2][keep[~executed] - len(op)]
            cost, value, ops = cost[keep], value[keep], kept
    return ops, cost, value


def _front_of_peaks(trellis: Trellis, values: BlockTable, costs: BlockTable, g: int) -> _Part:
    """Return (operations, cost, value) of the front of one global combination, for a peak."""
    blocks = np.where(trellis.allowed_ops, np.maximum(costs.blocks[g], costs.fixed[g]), np.inf)
    peaks = np.unique(blocks[np.isfinite(blocks)])
    weights = np.where(blocks <= peaks[:, None, None], values.blocks[g], -np.inf)
    best = trellis.best_weight(weights)
    keep = np.flatnonzero(best > -np.inf)
    keep = keep[_non_dominated(peaks[keep], best[keep])]
    free = np.zeros((0, *blocks.shape)), np.zeros(0)
    found = [trellis.best_paths(weights[i], 1, *free)[1] for i in keep]
    return np.concatenate([np.zeros((0, trellis.n_blocks), np.int8), *found]), peaks[keep], values.fixed[g] + best[keep]


def _non_dominated(cost: NDArray[np.float64], value: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return the rows that no other row beats in both, cheapest first; of equal rows the first."""
    order = np.lexsort((-value, cost))
    best_before = np.concatenate([[-np.inf], np.maximum.accumulate(value[order])[:-1]])
    return order[value[order] > best_before]
