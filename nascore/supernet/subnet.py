"""A subnet on its own: a plain static network, with the names of the published extracted subnets."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from torch import Tensor, nn

from nascore.errors import SpaceError
from nascore.spaces.layers import Conv
from nascore.spaces.staged import Genes, StagedSpace
from nascore.supernet.containers import Blocks
from nascore.supernet.static_layers import Block, ConvBatchNorm, new_classifier


def as_genes(space: StagedSpace, arch: Genes | Mapping[str, Any]) -> Genes:
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

    def __init__(self, space: StagedSpace, arch: Genes | Mapping[str, Any]) -> None:
        super().__init__()
        self.space = space
        self.genes = as_genes(space, arch)
        self.units = tuple(space.units(self.genes))
        stem, *blocks = self.units[: len(self.units) - len(space.last_units(0))]
        *mix, classifier = self.units[1 + len(blocks) :]
        eps = space.batch_norm_eps
        self.first_conv = ConvBatchNorm(stem.convs[0], eps)
        self.blocks = Blocks[Block](Block(unit, eps) for unit in blocks)
        self.feature_mix_layer = ConvBatchNorm(mix[0].convs[0], eps) if mix else None
        self.classifier = new_classifier(classifier)

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
        x = images
        for x in self.maps(images):  # noqa: B007 - the last one; the others need not be kept
            pass
        logits: Tensor = self.classifier(x)
        return logits

    def maps(self, images: Tensor) -> Iterator[Tensor]:
        """Yield what the stem, the first block, each stage and the last convolution put out, `(n, c, h, w)` each.

        Raises
        ------
        SpaceError
            If the images have another size.
        """
        check_resolution(images, self.units[0].convs[0])
        depths = self.space.depths(self.genes[None])[0]
        # The blocks that are fixed belong to what is before the first stage.
        ends = np.cumsum([len(self.blocks) - depths.sum() - 1, *depths])
        x = self.first_conv(images)
        yield x
        for number, block in enumerate(self.blocks):
            x = block(x)
            if number in ends:
                yield x
        if self.feature_mix_layer is not None:
            yield self.feature_mix_layer(x)


def check_resolution(images: Tensor, stem: Conv) -> None:
    """Refuse images of another size than the stem of the architecture takes.

    Raises
    ------
    SpaceError
        With both sizes.
    """
    if images.shape[1:] != (stem.c_in, stem.in_size, stem.in_size):
        raise SpaceError(
            f"images have shape {tuple(images.shape)}; this architecture takes (n, {stem.c_in}, {stem.in_size}, "
            f"{stem.in_size})"
        )
