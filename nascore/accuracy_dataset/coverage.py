"""Which choices of a space an accuracy dataset has measured, and the part of the space that it covers.

A predictor knows nothing about a choice that no row has. The published table, for one, has no row with the
widest networks, and an unguarded predictor makes up a value for them.
"""

from typing import TypeVar

import numpy as np
import pandas as pd

from nascore.errors import DataError
from nascore.spaces.staged import Genes, StagedSpace

Space = TypeVar("Space", bound=StagedSpace)


def coverage(space: StagedSpace, genes: Genes) -> pd.DataFrame:
    """Count the rows that have each choice of each gene.

    Parameters
    ----------
    genes
        An `(n, n_genes)` canonical array.

    Returns
    -------
    pandas.DataFrame
        One row per gene and value: `gene`, `value`, `n_rows`. Choices of a block count only where the block runs.
    """
    executed = space.executed(genes)
    names: list[str] = []
    values: list[int] = []
    counts: list[int] = []
    for column, choice in enumerate(space.gene_choices):
        chosen = genes[:, column]
        if column >= space.depth_slice.stop:
            block = (column - space.depth_slice.stop) // len(space.block_choices)
            chosen = chosen[executed[:, block]]
        counts += np.bincount(chosen, minlength=len(choice.values)).tolist()
        names += [choice.name] * len(choice.values)
        values += choice.values
    return pd.DataFrame({"gene": names, "value": values, "n_rows": counts})


def covered_space(space: Space, counts: pd.DataFrame) -> Space:
    """Return `space` kept to the choices that have rows.

    Genes whose every choice has rows stay free, and so do those of blocks that no row executes: there the depth is what
    is not covered.

    Raises
    ------
    DataError
        If the counts are not those of the space.
    """
    expected = [(choice.name, value) for choice in space.gene_choices for value in choice.values]
    if list(zip(counts["gene"], counts["value"], strict=True)) != expected:
        raise DataError(f"the coverage counts are not those of space {space.name!r}: its genes or values differ")
    kept = {}
    for name, rows in counts.groupby("gene", sort=False):
        values = rows.loc[rows["n_rows"] > 0, "value"].tolist()
        if 0 < len(values) < len(rows):
            kept[str(name)] = values
    return space.restrict(kept)
