"""The elastic supernet of a space: the weights of every subnet, shared.

The state dict has the names of the published `vww_supernet.pth` (MIT 6.5940 lab 3), and for OFA-MCUNet its shapes.
Unlike there, the supernet itself can run: its forward pass uses the very weights that an extracted subnet gets, and the
SE width is that of the shape, for OFA-MCUNet the *active* block input // 4.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import compress
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from nascore.spaces.layers import Conv, Unit
from nascore.spaces.staged import Genes, StagedSpace
from nascore.supernet.batch_norm import ElasticBatchNorm
from nascore.supernet.containers import BlockLayers, Blocks, Classifier
from nascore.supernet.layers import ACTIVATIONS, ElasticConvBatchNorm, ElasticLinear
from nascore.supernet.static_layers import Block, ConvBatchNorm, activation
from nascore.supernet.subnet import Subnet, as_genes, check_resolution

LayerPair = tuple[ElasticConvBatchNorm, ConvBatchNorm, Conv]
"""An elastic layer, the static one of a subnet, and the shape that it has there."""


class ElasticBlock(nn.Module):
    """A block that can be any of some units, which have the same layers in other sizes.

    Parameters
    ----------
    units
        The block with the widest global choice and each operation.
    eps
        What batch normalisations add to variances.
    """

    def __init__(self, units: Sequence[Unit], eps: float) -> None:
        super().__init__()
        first = units[0]
        gates = [unit.squeeze_excite for unit in units if unit.squeeze_excite]
        gate = tuple(_widest(layers) for layers in zip(*gates, strict=True))
        layers = [
            _elastic(convs, eps, gate if number == first.gated else ())
            for number, convs in enumerate(zip(*(unit.convs for unit in units), strict=True))
        ]
        self.mobile_inverted_conv = BlockLayers(first.layer_names, layers)
        self.residual = first.residual
        shortcuts = [unit.shortcut for unit in units if unit.shortcut]
        self.shortcut = _elastic(shortcuts, eps) if shortcuts else None
        self.act = ACTIVATIONS[first.activation] if first.activation else None

    def forward(self, x: Tensor, unit: Unit) -> Tensor:
        """Apply the block as one unit to `(n, c_in, in_size, in_size)` activations."""
        y = x
        for layer, shape in zip(self.mobile_inverted_conv, unit.convs, strict=True):
            y = layer(y, shape, unit.squeeze_excite)
        if not self.residual:
            return y
        y = (x if self.shortcut is None else self.shortcut(x, unit.shortcut)) + y
        return y if self.act is None else self.act(y, inplace=True)

    def last_batch_norms(self) -> list[ElasticBatchNorm]:
        """Return what normalises the block's output."""
        return [list(self.mobile_inverted_conv)[-1].bn]

    def pairs(self, static: Block, unit: Unit) -> Iterator[LayerPair]:
        """Yield each layer with that of a subnet's block, and its shape there."""
        yield from zip(self.mobile_inverted_conv, static.mobile_inverted_conv, unit.convs, strict=True)
        if self.shortcut is not None and static.shortcut is not None and unit.shortcut:
            yield self.shortcut, static.shortcut, unit.shortcut


def _elastic(convs: Sequence[Conv], eps: float, gate: tuple[Conv, ...] = ()) -> ElasticConvBatchNorm:
    """Return a layer that can be any of some convolutions."""
    kernels = tuple(sorted({conv.kernel for conv in convs}))
    return ElasticConvBatchNorm(_widest(convs), kernels, eps, squeeze_excite=gate)


def _widest(convs: Sequence[Conv]) -> Conv:
    """Return the convolution that has the most of everything."""
    return replace(
        convs[0], **{name: max(getattr(conv, name) for conv in convs) for name in ("c_in", "c_out", "kernel", "groups")}
    )


class ElasticClassifier(Classifier[ElasticLinear]):
    """The linear layers of a network's last unit, of which there may be two, on as many features as a subnet has."""

    def __init__(self, unit: Unit) -> None:
        *hidden, last = unit.convs
        heads = [nn.Sequential(ElasticLinear(c.c_in, c.c_out), activation(c.activation)) for c in hidden]
        super().__init__(ElasticLinear(last.c_in, last.c_out), *heads)

    def pairs(self, static: Classifier[nn.Linear]) -> Iterator[tuple[ElasticLinear, nn.Linear]]:
        """Yield the linear layers with those of a subnet's classifier."""
        own = [layer for layer in self.modules() if isinstance(layer, ElasticLinear)]
        others = [layer for layer in static.modules() if isinstance(layer, nn.Linear)]
        yield from zip(own, others, strict=True)


class Supernet(nn.Module):
    """The shared weights of all subnets of a space, with PyTorch's default weights at first.

    Parameters
    ----------
    space
        The design space, with its number of classes; whether it is restricted changes nothing.
    """

    def __init__(self, space: StagedSpace) -> None:
        super().__init__()
        self.space = space.unrestricted()
        eps, widest = space.batch_norm_eps, int(self.space.global_index(self.space.largest()[None])[0])
        stem, *first = self.space.first_units(widest)
        *mix, classifier = self.space.last_units(widest)
        blocks = [[unit] for unit in first] + [
            [self.space.block_unit(widest, block, int(op)) for op in np.flatnonzero(ops)]
            for block, ops in enumerate(self.space.allowed_ops)
        ]
        self.first_conv = _elastic(stem.convs, eps)
        self.blocks = Blocks[ElasticBlock](ElasticBlock(units, eps) for units in blocks)
        self.feature_mix_layer = _elastic(mix[0].convs, eps) if mix else None
        self.classifier = ElasticClassifier(classifier)

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
        stem, *units = self.space.units(genes)
        check_resolution(images, stem.convs[0])
        x: Tensor = self.first_conv(images, stem.convs[0])
        executed = self._executed(genes)
        for block, unit in zip(executed, units, strict=False):
            x = block(x, unit)
        if self.feature_mix_layer is not None:
            x = self.feature_mix_layer(x, units[len(executed)].convs[0])
        logits: Tensor = self.classifier(x)
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
        for own, copy, shape in self._pairs(target):
            own.copy_to(copy, shape)
        for linear, copied in self.classifier.pairs(target.classifier):
            linear.copy_to(copied)
        return target.train(self.training)

    @torch.no_grad()
    def copy_from(self, subnet: Subnet) -> None:
        """Take over the weights and statistics of one subnet; what it does not use stays as it is.

        Every subnet that computes with the same layers then computes the same, with larger kernels too: they are zero
        around the smaller ones.
        """
        for own, source, shape in self._pairs(subnet):
            own.copy_from(source, shape)
        for linear, given in self.classifier.pairs(subnet.classifier):
            linear.copy_from(given)

    def _pairs(self, subnet: Subnet) -> Iterator[LayerPair]:
        """Yield each convolution with that of a subnet, and its shape there."""
        stem, *units = subnet.units
        yield self.first_conv, subnet.first_conv, stem.convs[0]
        for own, block, unit in zip(self._executed(subnet.genes), subnet.blocks, units, strict=False):
            yield from own.pairs(block, unit)
        if self.feature_mix_layer is not None and subnet.feature_mix_layer is not None:
            yield self.feature_mix_layer, subnet.feature_mix_layer, units[len(subnet.blocks)].convs[0]

    def _executed(self, genes: Genes) -> list[ElasticBlock]:
        """Return the blocks that an architecture runs: the fixed ones, then those of the space that it executes."""
        blocks, n_fixed = list(self.blocks), len(self.blocks) - self.space.n_blocks
        return [*blocks[:n_fixed], *compress(blocks[n_fixed:], self.space.executed(genes[None])[0])]
