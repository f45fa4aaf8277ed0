"""A space whose depths are global choices: for what depends on all depths at once.

Accuracy may depend on which depths go together (a bilinear predictor), or on a block and the depth of another stage.
Given the depths, it is a sum over the blocks again. So each combination of depths becomes a global combination of the
*unfolded* space, in which every stage has its full depth and the blocks that do not run have operation 0 alone, which
is worth nothing and costs nothing. What works on tables per global combination then works here too.
"""

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from nascore.spaces.block_table import BlockTable
from nascore.spaces.staged import Choice, Genes, Stage, StagedSpace


class Unfolded:
    """The unfolded form of a space.

    Parameters
    ----------
    folded
        The space; what it is restricted to, the unfolded one is too.
    """

    def __init__(self, folded: StagedSpace) -> None:
        self.folded = folded
        depths = [Choice(_depth_name(stage), stage.depths) for stage in folded.stages]
        renamed = {f"{stage.name}.depth": _depth_name(stage) for stage in folded.stages}
        self.space = StagedSpace(
            name=folded.name,
            global_choices=(*folded.global_choices, *depths),
            stages=tuple(Stage(stage.name, (stage.n_blocks,)) for stage in folded.stages),
            block_choices=folded.block_choices,
            allowed=tuple((renamed.get(name, name), values) for name, values in folded.allowed),
        )

    @cached_property
    def runs(self) -> NDArray[np.bool_]:
        """A `(n_combinations, n_blocks)` mask of the blocks that run."""
        depths = self.space.global_values[:, self.folded.n_globals :]
        return self.folded.place_in_stage < depths[:, self.folded.stage_of_block]

    @cached_property
    def folded_index(self) -> NDArray[np.int64]:
        """The `(n_combinations,)` global combination of the folded space that each combination belongs to."""
        return np.repeat(np.arange(len(self.folded.global_values)), self.n_depth_combinations)

    @property
    def n_depth_combinations(self) -> int:
        """How many combinations of depths there are."""
        return len(self.space.global_values) // len(self.folded.global_values)

    @cached_property
    def depth_one_hot(self) -> NDArray[np.float64]:
        """A `(n_depth_combinations, n_depths)` array: the one-hot depths of all stages, one stage after the other."""
        depths = self.space.global_values[: self.n_depth_combinations, self.folded.n_globals :]
        groups = [depths[:, [s]] == np.array(stage.depths) for s, stage in enumerate(self.folded.stages)]
        return np.concatenate(groups, axis=1).astype(np.float64)

    def table(self, table: BlockTable) -> BlockTable:
        """Return a table of the folded space as one of the unfolded."""
        blocks = table.blocks[self.folded_index]
        return BlockTable(table.fixed[self.folded_index], np.where(self.runs[:, :, None], blocks, 0), table.reduce)

    def unfold(self, genes: Genes) -> Genes:
        """Return `(n, n_genes)` canonical genes of the folded space as genes of the unfolded."""
        stages = np.zeros((len(genes), len(self.folded.stages)), dtype=np.int8)
        start, end = self.folded.depth_slice.start, self.folded.depth_slice.stop
        return np.concatenate([genes[:, :start], genes[:, start:end], stages, genes[:, end:]], axis=1)

    def fold(self, genes: Genes) -> Genes:
        """Return genes of the unfolded space as canonical genes of the folded; the inverse of `unfold`."""
        start, end = self.folded.depth_slice.start, self.folded.depth_slice.stop
        n_stages = end - start
        return self.folded.canonical(np.concatenate([genes[:, :end], genes[:, end + n_stages :]], axis=1))


def _depth_name(stage: Stage) -> str:
    return f"{stage.name}.executed"
