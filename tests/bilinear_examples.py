"""Random bilinear quantities of a space, and their values straight from the formula."""

import numpy as np
from numpy.typing import NDArray

from nascore.spaces import Genes, StagedSpace
from nascore.spaces.bilinear import BilinearForm


def random_form(space: StagedSpace, rng: np.random.Generator) -> BilinearForm:
    """Return a form of standard normal numbers."""
    n_globals, n_depths = len(space.global_values), sum(len(stage.depths) for stage in space.stages)
    blocks = (n_globals, space.n_blocks, space.n_ops)
    return BilinearForm(
        *(rng.normal(size=s) for s in ((n_globals,), (n_globals, n_depths), blocks, (*blocks, n_depths)))
    )


def values_of(space: StagedSpace, form: BilinearForm, genes: Genes) -> NDArray[np.float64]:
    """Return a bilinear form's values, straight from its formula."""
    executed, ops, depths, g = (
        space.executed(genes),
        space.op_index(genes),
        space.depths(genes),
        space.global_index(genes),
    )
    values = []
    for row in range(len(genes)):
        beta = np.concatenate([depths[row, s] == np.array(stage.depths) for s, stage in enumerate(space.stages)])
        value = form.fixed[g[row]] + form.depths[g[row]] @ beta
        for block in np.flatnonzero(executed[row]):
            at = (g[row], block, ops[row, block])
            value += form.blocks[at] + form.products[at] @ beta
        values.append(value)
    return np.array(values)
