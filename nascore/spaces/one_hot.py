"""One-hot encoding of architectures, in the published layout.

`[one-hot of each global choice | first block choice of all blocks | second block choice of all blocks | ...]`.
A block that is not executed is all zero, and depth has no feature of its own. For OFA-MCUNet with five
resolutions these are the 128 features of MIT 6.5940 lab 3: 5 + 3 + 20*3 kernel sizes + 20*3 expand ratios.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nascore.errors import SpaceError
from nascore.spaces.structure import Genes, GeneSpace


class OneHotLayout:
    """Where each gene's features stand in the encoding of one space."""

    def __init__(self, space: GeneSpace) -> None:
        self.space = space
        self.global_slices: list[slice] = []
        start = 0
        for choice in space.global_choices:
            self.global_slices.append(slice(start, start + len(choice.values)))
            start += len(choice.values)
        self.choice_slices: list[slice] = []
        for choice in space.block_choices:
            width = space.n_blocks * len(choice.values)
            self.choice_slices.append(slice(start, start + width))
            start += width
        self.n_features = start

    def encode(self, genes: Genes) -> NDArray[np.float32]:
        """Return the `(n, n_features)` encoding of `(n, n_genes)` genes."""
        space, n = self.space, len(genes)
        features = np.zeros((n, self.n_features), dtype=np.float32)
        for position, where in enumerate(self.global_slices):
            features[np.arange(n), where.start + genes[:, position]] = 1
        rows, blocks = np.nonzero(space.executed(genes))
        for position, where in enumerate(self.choice_slices):
            n_values = len(space.block_choices[position].values)
            chosen = space.block_genes(genes)[rows, blocks, position]
            features[rows, where.start + blocks * n_values + chosen] = 1
        return features

    def decode(self, features: ArrayLike) -> Genes:
        """Return the canonical genes behind an encoding; the exact inverse of `encode`.

        Raises
        ------
        SpaceError
            If the features are not an encoding: another shape, a group without exactly one 1, or
            executed blocks that are not the first ones of their stage. Names the row and the group.
        """
        space = self.space
        array = np.asarray(features)
        if array.ndim != 2 or array.shape[1] != self.n_features:
            raise SpaceError(f"an encoding of space {space.name!r} has shape (n, {self.n_features}); got {array.shape}")
        if not np.isin(array, (0, 1)).all():
            raise SpaceError("an encoding holds only 0 and 1")
        genes = np.zeros((len(array), space.n_genes), dtype=np.int8)
        for position, where in enumerate(self.global_slices):
            group = array[:, where]
            self._refuse(group.sum(axis=1) != 1, f"{space.global_choices[position].name} is not one-hot")
            genes[:, position] = group.argmax(axis=1)
        executed = self._decode_blocks(array, genes)
        self._decode_depths(executed, genes)
        return genes

    def _decode_blocks(self, array: NDArray[np.generic], genes: Genes) -> NDArray[np.bool_]:
        """Fill the block genes; return the `(n, n_blocks)` mask of executed blocks."""
        space = self.space
        executed = None
        for position, where in enumerate(self.choice_slices):
            name, values = space.block_choices[position].name, space.block_choices[position].values
            group = array[:, where].reshape(len(array), space.n_blocks, len(values))
            present = group.sum(axis=2)
            for block, label in enumerate(space.block_names):
                self._refuse(present[:, block] > 1, f"{label}.{name} is not one-hot")
                if executed is not None:
                    self._refuse(
                        (present[:, block] == 1) != executed[:, block],
                        f"{label} has some of its choices but not {name}, or the reverse",
                    )
            executed = present == 1
            space.block_genes(genes)[:, :, position] = group.argmax(axis=2)
        assert executed is not None
        return executed

    def _decode_depths(self, executed: NDArray[np.bool_], genes: Genes) -> None:
        """Fill the depth genes from the executed blocks."""
        space = self.space
        for index, stage in enumerate(space.stages):
            inside = executed[:, space.stage_of_block == index]
            depth = inside.sum(axis=1)
            prefix = np.arange(stage.n_blocks) < depth[:, None]
            self._refuse((inside != prefix).any(axis=1), f"{stage.name} skips a block before one that it executes")
            self._refuse(~np.isin(depth, stage.depths), f"{stage.name} has a depth that is not one of {stage.depths}")
            genes[:, space.depth_slice.start + index] = np.searchsorted(stage.depths, depth)

    @staticmethod
    def _refuse(wrong: NDArray[np.bool_], reason: str) -> None:
        """Raise with the first row where `wrong` is true."""
        if wrong.any():
            raise SpaceError(f"row {int(wrong.argmax())} is not an encoding: {reason}")
