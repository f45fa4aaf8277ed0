"""Which architectures a supernet's subnets are measured for: distinct, random, and the same for the same seed."""

from itertools import product
from math import prod
from typing import Literal, get_args

import numpy as np

from nascore.errors import SpaceError, unknown_name
from nascore.seeds import generator
from nascore.spaces.staged import Genes, StagedSpace

Strategy = Literal["uniform", "stratified"]

BATCH = 4096
"""Architectures drawn at a time; fixed, so that a draw does not depend on how many are asked for."""

STALLED = BATCH // 50
"""Fewer new architectures than this in a batch: drawing has seen nearly all that it is likely to see."""

ENUMERABLE = 1 << 17
"""Most architectures that a space may have for those that drawing left out to be listed."""


def sample_architectures(space: StagedSpace, n: int, seed: int, strategy: Strategy) -> Genes:
    """Draw distinct architectures; the first `m` of a draw of `n` are the draw of `m`.

    Parameters
    ----------
    space
        Where to draw, restricted or not.
    n
        How many.
    seed
        The root seed.
    strategy
        ``uniform`` draws every gene uniformly over its values, as the published tables did. That is not uniform over
        architectures: of those, nearly all have all stages at full depth, and a predictor would learn nothing about
        shallow ones. ``stratified`` does the same for every global combination (resolution and width) in turn, in
        an order that the seed decides, so their numbers are equal or differ by one.

    Returns
    -------
    Genes
        An `(n, n_genes)` canonical array.

    Raises
    ------
    SpaceError
        If `n` is below 1 or more than the space holds, or the strategy is unknown.
    """
    if strategy not in get_args(Strategy):
        raise SpaceError(unknown_name("sampling strategy", strategy, get_args(Strategy)))
    if not 1 <= n <= space.size():
        raise SpaceError(
            f"{n:,} different architectures were asked for; the searched part of space {space.name!r} holds "
            f"{space.size():,}, and at least 1 is needed"
        )
    if strategy == "uniform":
        return _distinct(space, n, generator(seed, "sampling", "uniform"))
    order = generator(seed, "sampling", "stratified").permutation(space.allowed_globals)
    drawn = np.empty((n, space.n_genes), dtype=np.int8)
    for turn, g in enumerate(order[:n]):
        values = [int(value) for value in space.global_values[g]]
        names = [choice.name for choice in space.global_choices]
        part = space.restrict({name: [value] for name, value in zip(names, values, strict=True)})
        rows = drawn[turn :: len(order)]
        rows[:] = _distinct(part, len(rows), generator(seed, "sampling", "stratified", *values))
    return drawn


def _distinct(space: StagedSpace, n: int, rng: np.random.Generator) -> Genes:
    """Draw `n` distinct architectures of a space that holds as many.

    Where drawing hardly brings new ones any more, the rest of a small space is listed and shuffled.
    """
    found = np.zeros((0, space.n_genes), dtype=np.int8)
    while len(found) < n:
        before = len(found)
        found = _first_of_each(np.concatenate([found, space.sample(BATCH, rng)]))
        if len(found) >= n or len(found) - before >= STALLED:
            continue
        if space.size() > ENUMERABLE:
            raise SpaceError(
                f"only {len(found):,} different architectures came out of many draws from space {space.name!r}, of "
                f"which {n:,} were asked for; ask for fewer"
            )
        found = _first_of_each(np.concatenate([found, rng.permutation(_every_architecture(space))]))
    return found[:n]


def _first_of_each(genes: Genes) -> Genes:
    """Return the rows without those that occurred before."""
    _, first = np.unique(genes, axis=0, return_index=True)
    return genes[np.sort(first)]


def _every_architecture(space: StagedSpace) -> Genes:
    """Return each architecture of the searched part of a small space once."""
    stages = zip(space.stages, space.allowed_indices[space.depth_slice], strict=True)
    depths = product(*([stage.depths[i] for i in indices] for stage, indices in stages))
    allowed = [np.flatnonzero(mask) for mask in space.allowed_ops]
    parts = []
    for chosen in depths:
        runs = np.flatnonzero(space.place_in_stage < np.asarray(chosen)[space.stage_of_block])
        ops = np.full((prod(len(allowed[block]) for block in runs), space.n_blocks), -1, dtype=np.int8)
        ops[:, runs] = list(product(*(allowed[block] for block in runs)))
        parts += [space.from_ops(np.full(len(ops), g), ops) for g in space.allowed_globals]
    return np.concatenate(parts)
