"""Numbers that belong to single blocks, added up (or maximised) over the blocks that run.

Costs such as MACs, latency and peak memory, and the contributions of an additive predictor, all have one shape:
a value per (global combination, block, operation) and a fixed part per global combination. This module looks
whole populations up at once.

The look-up merges neighbouring blocks of a stage into *segments*. The state of a segment is the depth of its
stage and the choices of its blocks, and its number is a linear function of the genes: one matrix product gives
every index, one `take` per metric gives every value, and inert genes never matter.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nascore.spaces.staged import Genes, StagedSpace

BLOCKS_PER_SEGMENT = 2
CHUNK = 8192
"""Architectures looked up at a time, so that the intermediate arrays stay in cache."""


@dataclass(frozen=True)
class BlockTable:
    """A separable quantity of one space.

    Parameters
    ----------
    fixed
        A `(n_global_combinations,)` array of floats or of integers: the part that no block changes.
    blocks
        A `(n_global_combinations, n_blocks, n_ops)` array.
    reduce
        `np.add` for sums, `np.maximum` for peaks.
    """

    fixed: NDArray[Any]
    blocks: NDArray[Any]
    reduce: np.ufunc = np.add


class BlockTableLookup:
    """Fast evaluation of several `BlockTable`s of one space."""

    def __init__(self, space: StagedSpace, tables: Sequence[BlockTable]) -> None:
        self._space = space
        self._segments = _segments(space)
        self._flat = [self._flatten(table) for table in tables]
        self._reduce = [table.reduce for table in tables]

    def __call__(self, genes: Genes) -> NDArray[Any]:
        """Return the `(n_tables, n)` values of `(n, n_genes)` architectures; integers if all tables hold integers."""
        dtype = np.result_type(*self._flat) if self._flat else np.float64
        values = np.empty((len(self._flat), len(genes)), dtype=dtype)
        weights, offsets = self._index_map
        for start in range(0, len(genes), CHUNK):
            chunk = genes[start : start + CHUNK].T.astype(weights.dtype)
            index = (weights @ chunk + offsets).astype(np.intp)
            for row, (flat, reduce) in enumerate(zip(self._flat, self._reduce, strict=True)):
                reduce.reduce(flat.take(index), axis=0, out=values[row, start : start + CHUNK])
        return values

    @cached_property
    def _states(self) -> list[int]:
        """Number of states of each segment, for one global combination."""
        return [
            len(stage.depths) * self._space.n_ops ** len(blocks)
            for stage, blocks in ((self._space.stages[s], blocks) for s, blocks in self._segments)
        ]

    @cached_property
    def _index_map(self) -> tuple[NDArray[Any], NDArray[Any]]:
        """The `(n_segments + 1, n_genes)` weights and the offsets that turn genes into table indices.

        The last row is the index of the fixed part. The numbers are as narrow as holds every index exactly.
        """
        space = self._space
        weights = np.zeros((len(self._segments) + 1, space.n_genes))
        global_strides = _strides([len(c.values) for c in space.global_choices])
        offsets, start = [], 0
        for row, ((stage, blocks), states) in enumerate(zip(self._segments, self._states, strict=True)):
            weights[row, : space.n_globals] = np.multiply(global_strides, states)
            weights[row, space.depth_slice.start + stage] = space.n_ops ** len(blocks)
            radices = [len(c.values) for _ in blocks for c in space.block_choices]
            first = space.depth_slice.stop + blocks[0] * len(space.block_choices)
            weights[row, first : first + len(radices)] = _strides(radices)
            offsets.append(start)
            start += len(space.global_values) * states
        weights[-1, : space.n_globals] = global_strides
        narrow = start + len(space.global_values) < 2**24  # the whole numbers that float32 holds
        dtype = np.float32 if narrow else np.float64
        return weights.astype(dtype), np.array([*offsets, start], dtype=dtype)[:, None]

    def _flatten(self, table: BlockTable) -> NDArray[Any]:
        """Lay a table out by segment state: `[segment, global combination, depth, operations]`, then the fixed part.

        Blocks that a state's depth leaves out hold 0, which changes neither a sum nor a maximum of costs.
        """
        space, parts = self._space, []
        for stage, blocks in self._segments:
            n_globals, by_depth = len(table.fixed), []
            for depth in space.stages[stage].depths:
                merged = np.zeros((n_globals, 1), dtype=table.blocks.dtype)
                for block in blocks:
                    runs = space.place_in_stage[block] < depth
                    values = (
                        table.blocks[:, block] if runs else np.zeros((n_globals, space.n_ops), dtype=table.blocks.dtype)
                    )
                    merged = table.reduce(merged[:, :, None], values[:, None, :]).reshape(n_globals, -1)
                by_depth.append(merged)
            parts.append(np.stack(by_depth, axis=1).ravel())
        return np.concatenate([*parts, table.fixed])


def _segments(space: StagedSpace) -> list[tuple[int, list[int]]]:
    """Return (stage, blocks) pairs: each stage cut into runs of at most `BLOCKS_PER_SEGMENT` blocks."""
    segments, first = [], 0
    for index, stage in enumerate(space.stages):
        blocks = list(range(first, first + stage.n_blocks))
        first += stage.n_blocks
        segments += [(index, blocks[i : i + BLOCKS_PER_SEGMENT]) for i in range(0, len(blocks), BLOCKS_PER_SEGMENT)]
    return segments


def _strides(radices: Sequence[int]) -> list[int]:
    """Return the weights that turn mixed-radix digits, most significant first, into one number."""
    strides, step = [], 1
    for radix in reversed(radices):
        strides.append(step)
        step *= radix
    return strides[::-1]
