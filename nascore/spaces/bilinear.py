"""Quantities that are bilinear in operations and depths.

    value = fixed + depths @ beta + sum over blocks b that run of (blocks[b, op] + products[b, op] @ beta)

`beta` is the one-hot of the depths of all stages, and `op` the operation of block `b`. Blocks that do not run add
nothing; in the published encoding (Nayman et al., 2021) they have operations all the same, which makes equal networks
different. A `BlockTable` that is summed up is the case without depths and products.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from nascore.spaces.block_table import BlockTable
from nascore.spaces.staged import StagedSpace
from nascore.spaces.unfolded import Unfolded

Array = NDArray[np.float64]


@dataclass(frozen=True)
class BilinearForm:
    """A bilinear quantity of one space, for each global combination.

    Parameters
    ----------
    fixed
        A `(n_global_combinations,)` array.
    depths
        A `(n_global_combinations, n_depths)` array; the depths of one stage after the other.
    blocks
        A `(n_global_combinations, n_blocks, n_ops)` array.
    products
        A `(n_global_combinations, n_blocks, n_ops, n_depths)` array.
    """

    fixed: Array
    depths: Array
    blocks: Array
    products: Array

    @classmethod
    def of_table(cls, space: StagedSpace, table: BlockTable) -> Self:
        """Return an additive table in this form."""
        n_depths = sum(len(stage.depths) for stage in space.stages)
        fixed, blocks = table.fixed.astype(np.float64), table.blocks.astype(np.float64)
        return cls(fixed, np.zeros((len(fixed), n_depths)), blocks, np.zeros((*blocks.shape, n_depths)))

    def table(self, unfolded: Unfolded) -> BlockTable:
        """Return the additive table that the form is, given all depths, of the unfolded space."""
        beta = unfolded.depth_one_hot
        shape = (len(unfolded.space.global_values), *self.blocks.shape[1:])
        fixed = self.fixed[:, None] + self.depths @ beta.T
        blocks = self.blocks[:, None] + np.einsum("gbod,nd->gnbo", self.products, beta, optimize=True)
        return BlockTable(fixed.ravel(), np.where(unfolded.runs[:, :, None], blocks.reshape(shape), 0))
