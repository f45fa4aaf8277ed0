"""A subnet on its own: a plain static network, with the names of the published extracted subnets."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from torch import Tensor, nn

from nascore.errors import SpaceError
from nascore.spaces import OfaMcunet
from nascore.spaces.layers import Unit
from nascore.spaces.staged import Genes
from nascore.supernet.containers import Blocks, Classifier
from nascore.supernet.static_layers import Block, ConvBatchNorm

__all__ = ["Block", "ConvBatchNorm", "Subnet", "as_genes", "check_resolution", "units"]


def units(space: OfaMcunet, genes: Genes) -> tuple[Unit, ...]:
    """Return the shapes of every unit of one architecture, in order of execution.

    Parameters
    ----------
    genes
        A canonical `(n_genes,)` array.
    """
    row = genes[None]
    place = int(space.global_index(row)[0])
    stem, first, mix, classifier = space.fixed_units(place)
    ops, executed = space.op_index(row)[0], space.executed(row)[0]
    blocks = (space.block_unit(place, int(block), int(ops[block])) for block in np.flatnonzero(executed))
    return (stem, first, *blocks, mix, classifier)


def as_genes(space: OfaMcunet, arch: Genes | Mapping[str, Any]) -> Genes:
    """Return one architecture, given as genes or as the published dictionary, as canonical genes.

    Raises
    ------
    SpaceError
        If it is not one architecture of the space.
    """
    if isinstance(arch, Mapping):
        return space.from_dicts([arch])[0]
    genes = np.asarray(arch)
    if genes.ndim != 1:
        raise SpaceError(
            f"one architecture of space {space.name!r} is a list of {space.n_genes} genes, or a published dictionary; "
            f"got an array of shape {genes.shape}"
        )
    return space.canonical(genes[None])[0]


class Subnet(nn.Module):
    """One architecture of a space as a static network, with PyTorch's default weights.

    Made by `Supernet.subnet`, which gives it the supernet's weights.

    Parameters
    ----------
    space
        The design space.
    arch
        Genes of shape `(n_genes,)`, or the published dictionary.
    """

    def __init__(self, space: OfaMcunet, arch: Genes | Mapping[str, Any]) -> None:
        super().__init__()
        self.space = space
        self.genes = as_genes(space, arch)
        self.units = units(space, self.genes)
        stem, *blocks, mix, classifier = self.units
        self.first_conv = ConvBatchNorm(stem.convs[0])
        self.blocks = Blocks[Block](Block(unit) for unit in blocks)
        self.feature_mix_layer = ConvBatchNorm(mix.convs[0])
        self.classifier = Classifier(nn.Linear(classifier.convs[0].c_in, classifier.convs[0].c_out))

    @property
    def resolution(self) -> int:
        """Height and width of the input, pixels."""
        return self.units[0].convs[0].in_size

    @property
    def arch(self) -> dict[str, Any]:
        """The architecture as the published dictionary."""
        return self.space.to_dicts(self.genes[None])[0]

    @property
    def arch_id(self) -> str:
        """The short hash of the architecture."""
        return self.space.arch_id(self.genes[None])[0]

    def forward(self, images: Tensor) -> Tensor:
        """Return the `(n, n_classes)` logits of `(n, 3, resolution, resolution)` normalised images.

        Raises
        ------
        SpaceError
            If the images have another size.
        """
        check_resolution(images, self.resolution)
        x = self.first_conv(images)
        for block in self.blocks:
            x = block(x)
        logits: Tensor = self.classifier(self.feature_mix_layer(x))
        return logits


def check_resolution(images: Tensor, resolution: int) -> None:
    """Refuse images of another size than the architecture's.

    Raises
    ------
    SpaceError
        With both sizes.
    """
    if images.shape[1:] != (3, resolution, resolution):
        raise SpaceError(
            f"images have shape {tuple(images.shape)}; this architecture takes (n, 3, {resolution}, {resolution})"
        )
