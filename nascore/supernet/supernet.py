"""The OFA-MCUNet supernet: the weights of every subnet, shared.

The state dict has the names and shapes of the published `vww_supernet.pth` (MIT 6.5940 lab 3). Unlike there, the
supernet itself can run: its forward pass uses the very weights that an extracted subnet gets, with one rule for the SE
width, the *active* block input // 4.
"""

from collections.abc import Mapping
from itertools import compress
from typing import Any

import torch
from torch import Tensor, nn

from nascore.spaces import OfaMcunet
from nascore.spaces.layers import Conv, Unit
from nascore.spaces.ofa_mcunet import KERNELS
from nascore.spaces.staged import Genes
from nascore.supernet.batch_norm import ElasticBatchNorm
from nascore.supernet.containers import BlockLayers, Blocks, Classifier
from nascore.supernet.layers import ElasticConv, ElasticConvBatchNorm, ElasticDepthwise, ElasticLinear
from nascore.supernet.static_layers import Block
from nascore.supernet.subnet import Subnet, as_genes, check_resolution, units


class ElasticBlock(nn.Module):
    """A block that can have every operation of the space.

    Parameters
    ----------
    widest
        The block with the largest width, kernel and expand ratio.
    """

    def __init__(self, widest: Unit) -> None:
        super().__init__()
        self.residual = widest.residual
        *before, project = widest.convs
        layers = [_expand_or_depthwise(conv, widest) for conv in before]
        self.mobile_inverted_conv = BlockLayers([*layers, ElasticConvBatchNorm(ElasticConv(project), activation=False)])

    def forward(self, x: Tensor, unit: Unit) -> Tensor:
        """Apply the block as one unit to `(n, c_in, in_size, in_size)` activations."""
        y = x
        for layer, shape in zip(self.mobile_inverted_conv, unit.convs, strict=True):
            y = layer(y, shape, unit.squeeze_excite)
        return x + y if self.residual else y

    def last_batch_norms(self) -> list[ElasticBatchNorm]:
        """Return what normalises the block's output."""
        return [self.mobile_inverted_conv.point_linear.bn]

    def copy_to(self, target: Block, unit: Unit) -> None:
        """Copy the active entries into the block of a subnet."""
        layers = zip(self.mobile_inverted_conv, target.mobile_inverted_conv, unit.convs, strict=True)
        for source, copy, shape in layers:
            source.copy_to(copy, shape)


def _expand_or_depthwise(conv: Conv, widest: Unit) -> ElasticConvBatchNorm:
    """Return one of the two layers before the projection; the depthwise one has the gate."""
    if conv.groups == 1:
        return ElasticConvBatchNorm(ElasticConv(conv))
    return ElasticConvBatchNorm(ElasticDepthwise(conv, KERNELS), squeeze_excite=widest.squeeze_excite)


class Supernet(nn.Module):
    """The shared weights of all subnets of a space, with PyTorch's default weights at first.

    Parameters
    ----------
    space
        The design space, with its number of classes; whether it is restricted changes nothing.
    """

    def __init__(self, space: OfaMcunet) -> None:
        super().__init__()
        self.space = space.unrestricted()
        stem, *blocks, mix, classifier = units(self.space, self.space.largest())
        self.first_conv = ElasticConvBatchNorm(ElasticConv(stem.convs[0]))
        self.blocks = Blocks[ElasticBlock](ElasticBlock(unit) for unit in blocks)
        self.feature_mix_layer = ElasticConvBatchNorm(ElasticConv(mix.convs[0]))
        self.classifier = Classifier(ElasticLinear(classifier.convs[0].c_in, classifier.convs[0].c_out))

    def forward(self, images: Tensor, arch: Genes | Mapping[str, Any]) -> Tensor:
        """Return the `(n, n_classes)` logits of one subnet.

        Parameters
        ----------
        images
            `(n, 3, resolution, resolution)` normalised images of the architecture's resolution.
        arch
            Genes of shape `(n_genes,)`, or the published dictionary.

        Raises
        ------
        SpaceError
            If the architecture is not of the space, or the images have another size.
        """
        genes = as_genes(self.space, arch)
        stem, *shapes, mix, _ = units(self.space, genes)
        check_resolution(images, stem.convs[0].in_size)
        x = self.first_conv(images, stem.convs[0])
        for block, unit in zip(self._executed(genes), shapes, strict=True):
            x = block(x, unit)
        logits: Tensor = self.classifier(self.feature_mix_layer(x, mix.convs[0]))
        return logits

    @torch.no_grad()
    def subnet(self, arch: Genes | Mapping[str, Any]) -> Subnet:
        """Return one architecture as a static network with a copy of its weights.

        It has the supernet's device, number format and mode. Its batch normalisation has the supernet's statistics,
        which are no subnet's own; calibrate it before measuring.

        Raises
        ------
        SpaceError
            If the architecture is not of the space.
        """
        weight = self.first_conv.conv.conv.weight
        with torch.random.fork_rng(devices=[]):  # its initial weights, which are not kept, are drawn on the CPU
            target = Subnet(self.space, arch).to(weight)
        stem, *shapes, mix, _ = target.units
        self.first_conv.copy_to(target.first_conv, stem.convs[0])
        for source, copy, unit in zip(self._executed(target.genes), target.blocks, shapes, strict=True):
            source.copy_to(copy, unit)
        self.feature_mix_layer.copy_to(target.feature_mix_layer, mix.convs[0])
        self.classifier.linear.copy_to(target.classifier.linear)
        return target.train(self.training)

    def _executed(self, genes: Genes) -> list[ElasticBlock]:
        """Return the blocks that an architecture runs: the first one, then those of the space that it executes."""
        first, *others = self.blocks
        return [first, *compress(others, self.space.executed(genes[None])[0])]
