"""Random architectures as array operations: sampling, mutation, crossover.

The distributions are the published ones (once-for-all's evolution finder, as in MIT 6.5940 lab 3): every gene
uniform over its choices; a mutation redraws each global choice with one probability, each block (all its
choices at once) and each depth with another; a crossover takes every gene from either parent. One thing is
better: a block that a deeper mutant wakes up takes fresh choices, not whatever an inert gene held.
"""

import numpy as np

from nascore.spaces.structure import Genes, GeneSpace


def sample(space: GeneSpace, n: int, rng: np.random.Generator) -> Genes:
    """Draw `n` canonical architectures, every gene uniform over its allowed values.

    Returns
    -------
    Genes
        An `(n, n_genes)` integer array.
    """
    return _silence_inert(space, _draw(space, n, rng))


def mutate(space: GeneSpace, genes: Genes, rng: np.random.Generator, *, arch_prob: float, global_prob: float) -> Genes:
    """Return one mutant per row of `genes`.

    Parameters
    ----------
    genes
        An `(n, n_genes)` canonical array.
    arch_prob
        Probability that a block's choices, or a stage's depth, are redrawn.
    global_prob
        Probability that a global choice is redrawn. A redraw may return the same value.
    """
    n = len(genes)
    fresh = _draw(space, n, rng)
    redraw = np.empty(genes.shape, dtype=bool)
    redraw[:, : space.n_globals] = rng.random((n, space.n_globals)) < global_prob
    redraw[:, space.depth_slice] = rng.random((n, len(space.stages))) < arch_prob
    space.block_genes(redraw)[:] = (rng.random((n, space.n_blocks)) < arch_prob)[:, :, None]
    mutant = np.where(redraw, fresh, genes)
    woken = space.executed(mutant) & ~space.executed(genes)
    space.block_genes(mutant)[woken] = space.block_genes(fresh)[woken]
    return _silence_inert(space, mutant)


def crossover(space: GeneSpace, first: Genes, second: Genes, rng: np.random.Generator) -> Genes:
    """Return one child per pair of rows, each gene from either parent with equal probability.

    A block that only one parent executes is inherited from that parent.
    """
    child = np.where(rng.random(first.shape) < 0.5, first, second)
    in_first, in_second = space.executed(first), space.executed(second)
    for only, parent in ((in_first & ~in_second, first), (in_second & ~in_first, second)):
        space.block_genes(child)[only] = space.block_genes(parent)[only]
    return _silence_inert(space, child)


def _draw(space: GeneSpace, n: int, rng: np.random.Generator) -> Genes:
    """Draw every gene, inert ones too, uniformly over its allowed values."""
    genes = np.empty((n, space.n_genes), dtype=np.int8)
    for column, allowed in enumerate(space.allowed_indices):
        genes[:, column] = allowed[rng.integers(len(allowed), size=n)]
    return genes


def _silence_inert(space: GeneSpace, genes: Genes) -> Genes:
    """Set the genes of blocks that do not run to 0, in place."""
    space.block_genes(genes)[~space.executed(genes)] = 0
    return genes
