"""Numeric features of architectures for predictors, in families that share a prior.

Every block has contrasts of its choices: orthonormal polynomials of a choice's rank, so three kernel sizes give a
slope and a curvature. Blocks that some depths leave out also have a presence feature. Features of a block that does
not run are 0. Global combinations have contrasts of their numeric values, products across the global choices.
"""

from functools import cached_property
from itertools import combinations, product

import numpy as np
from numpy.typing import NDArray

from nascore.spaces.staged import Genes, StagedSpace

Array = NDArray[np.float64]


def orthonormal_polynomials(nodes: Array, points: Array) -> Array:
    """Return the `(n_points, n_nodes)` values of the polynomials that are orthonormal over `(n_nodes,)` nodes.

    Column `k` has degree `k`; over the nodes, the mean of a product of two columns is 1 for the same column and 0
    otherwise. Uses the three-term recurrence of Forsythe (1957), which stays accurate for many nodes and goes on
    beyond them.

    Parameters
    ----------
    nodes, points
        Distinct nodes, and where to evaluate, in the same unit.
    """
    centre, half_range = nodes.mean(), max(np.ptp(nodes) / 2, 1e-12) if len(nodes) > 1 else 1.0
    x = (np.concatenate([nodes, points]) - centre) / half_range
    n = len(nodes)
    columns = [np.ones(len(x))]
    previous = np.zeros(len(x))
    for _ in range(1, n):
        last = columns[-1]
        following = (x - (x[:n] * last[:n] ** 2).mean()) * last - (x[:n] * last[:n] * previous[:n]).mean() * previous
        columns.append(following / np.sqrt((following[:n] ** 2).mean()))
        previous = last
    return np.stack(columns, axis=1)[n:]


def global_contrasts(space: StagedSpace, seen: NDArray[np.int64]) -> Array:
    """Return the `(n_global_combinations, n_contrasts)` contrasts of global combinations.

    Products, over the global choices, of orthonormal polynomials of the values that occur in training; at values
    that do not occur they extrapolate. Column 0 is constant.

    Parameters
    ----------
    seen
        Indices of the global combinations in the training rows, each once.
    """
    contrasts = np.ones((len(space.global_values), 1))
    for column in space.global_values.T.astype(np.float64):
        polynomials = orthonormal_polynomials(np.unique(column[seen]), column)
        contrasts = (contrasts[:, :, None] * polynomials[:, None, :]).reshape(len(column), -1)
    return contrasts


class BlockFeatures:
    """Features of the blocks of one space.

    The columns are: presence of the optional blocks, then for each block its choices' contrasts, then for each
    block the products of contrasts of two or more choices.
    """

    def __init__(self, space: StagedSpace) -> None:
        self.space = space
        shortest = np.array([min(stage.depths) for stage in space.stages])
        self.optional = np.flatnonzero(space.place_in_stage >= shortest[space.stage_of_block])
        contrasts = []
        for position, choice in enumerate(space.block_choices):
            ranks = np.arange(len(choice.values), dtype=np.float64)
            values = np.searchsorted(choice.values, space.op_values[:, position]).astype(np.float64)
            contrasts.append(orthonormal_polynomials(ranks, values)[:, 1:])
        products = [
            np.prod(columns, axis=0)
            for size in range(2, len(contrasts) + 1)
            for subset in combinations(contrasts, size)
            for columns in product(*(matrix.T for matrix in subset))
        ]
        self.op_main = np.concatenate([np.zeros((space.n_ops, 0)), *contrasts], axis=1)
        """A `(n_ops, n_main)` array: contrasts of the single choices."""
        self.op_products = np.stack(products, axis=1) if products else np.zeros((space.n_ops, 0))
        """A `(n_ops, n_products)` array: products of contrasts across choices."""
        self._main_choice = np.repeat(np.arange(len(contrasts)), [matrix.shape[1] for matrix in contrasts])

    @cached_property
    def n_main(self) -> int:
        """Number of presence and single-choice features of an architecture."""
        return len(self.optional) + self.space.n_blocks * self.op_main.shape[1]

    @cached_property
    def main_family(self) -> NDArray[np.int64]:
        """An `(n_main,)` array: 0 for presence, 1 + the choice's position for a choice."""
        return np.concatenate([np.zeros(len(self.optional), int), np.tile(1 + self._main_choice, self.space.n_blocks)])

    @cached_property
    def main_block(self) -> NDArray[np.int64]:
        """An `(n_main,)` array: the block that each feature belongs to."""
        return np.concatenate([self.optional, np.repeat(np.arange(self.space.n_blocks), self.op_main.shape[1])])

    def main(self, genes: Genes) -> Array:
        """Return the `(n, n_main)` presence and single-choice features."""
        executed = self.space.executed(genes)
        return np.concatenate(
            [executed[:, self.optional].astype(np.float64), self._of_ops(genes, self.op_main)], axis=1
        )

    def products(self, genes: Genes) -> Array:
        """Return the `(n, n_blocks * n_products)` within-block products of contrasts."""
        return self._of_ops(genes, self.op_products)

    def _of_ops(self, genes: Genes, per_op: Array) -> Array:
        """Look a table of operations up for all blocks; 0 where a block does not run."""
        values = per_op[self.space.op_index(genes)] * self.space.executed(genes)[:, :, None]
        return values.reshape(len(genes), self.space.n_blocks * per_op.shape[1])
