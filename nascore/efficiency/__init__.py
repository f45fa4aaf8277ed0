"""What an architecture costs, without building it: exact counts by table look-up, a million a second. NumPy only."""

from functools import lru_cache

import numpy as np
import pandas as pd

from nascore.efficiency.counting import METRICS
from nascore.spaces.block_table import BlockTable, BlockTableLookup
from nascore.spaces.staged import Genes, StagedSpace

__all__ = ["METRICS", "cost", "cost_tables"]


def cost(space: StagedSpace, genes: Genes) -> pd.DataFrame:
    """Return every counted cost of many architectures.

    Parameters
    ----------
    space
        The design space; whether it is restricted changes nothing.
    genes
        An `(n, n_genes)` integer array of the space.

    Returns
    -------
    pandas.DataFrame
        `n` rows with the int64 columns `macs`, `thop_macs`, `peak_memory_bytes`, `params` and `flash_bytes`;
        `nascore.efficiency.counting` defines each.
    """
    values = _lookup(space.unrestricted())(genes)
    return pd.DataFrame(values.T, columns=list(METRICS), copy=False)


def cost_tables(space: StagedSpace) -> dict[str, BlockTable]:
    """Return the exact cost of every block of a space, by metric; searches reason on these."""
    return _tables(space.unrestricted())


@lru_cache(maxsize=16)
def _lookup(space: StagedSpace) -> BlockTableLookup:
    return BlockTableLookup(space, list(_tables(space).values()))


@lru_cache(maxsize=16)
def _tables(space: StagedSpace) -> dict[str, BlockTable]:
    """Count every unit of the space once."""
    shape = (len(space.global_values), space.n_blocks, space.n_ops)
    blocks = {name: np.zeros(shape, dtype=np.int64) for name in METRICS}
    fixed = {name: np.empty(shape[0], dtype=np.int64) for name in METRICS}
    for g in range(shape[0]):
        # Operations that a block cannot have cost nothing; no architecture takes them.
        units = [space.block_unit(g, int(block), int(op)) for block, op in np.argwhere(space.allowed_ops)]
        for name, (count, reduce) in METRICS.items():
            blocks[name][g, space.allowed_ops] = [count(unit) for unit in units]
            fixed[name][g] = reduce.reduce([count(unit) for unit in space.fixed_units(g)])
    return {name: BlockTable(fixed[name], blocks[name], METRICS[name][1]) for name in METRICS}
