"""Channel sorting: the most important middle channels of every block first, so that narrower blocks keep them.

Done once before narrower blocks are trained: by L1 norms (Cai et al., 2020, Once-for-All, §3.3), or by gradients for
BINAS. What a block computes at full width stays the same. Outer channels are shared by all blocks of a stage and by
their shortcuts, and are left alone.
"""

from collections.abc import Iterator
from itertools import pairwise

import torch
from torch import Tensor, nn

from nascore.supernet.batch_norm import ElasticBatchNorm
from nascore.supernet.containers import GateLayers
from nascore.supernet.layers import ElasticConvBatchNorm
from nascore.supernet.multi_path_supernet import MultiPathSupernet
from nascore.supernet.supernet import ElasticBlock, Supernet


@torch.no_grad()
def sort_channels(supernet: Supernet, n_trained: int = 1) -> None:
    """Sort the middle channels and the SE bottleneck of every block by importance, in place.

    The importance of a middle channel is the L1 norm of the weights that read it, in the projection; that of an SE
    bottleneck channel the L1 norm of the SE expansion's weights that read it.

    Parameters
    ----------
    n_trained
        How many of the expand ratios, from the widest, are trained already. Channels keep to the bands between those
        widths, so the trained narrower blocks stay what they are too; 1 sorts all channels.
    """
    expands = next((choice.values for choice in supernet.space.block_choices if choice.name == "expand"), (1,))
    for block in supernet.blocks:
        for making, reading in _middles(block):
            read = reading.conv.conv.weight
            importance = read.abs().sum((0, 2, 3))
            trained = expands[-n_trained:]
            order = _order(importance, [0, *(len(importance) * ratio // trained[-1] for ratio in trained)])
            read.copy_(read[:, order])
            for layer in making:
                layer.conv.conv.weight.copy_(layer.conv.conv.weight[order])
                _permute_batch_norm(layer.bn, order)
                if layer.se is not None:
                    # In the new order of what is summed up, so that sorting twice changes nothing.
                    weights = layer.se.fc.expand.weight[order].abs().sum((0, 2, 3))
                    _permute_gate(layer.se.fc, order, weights.argsort(descending=True, stable=True))


def _middles(block: ElasticBlock) -> Iterator[tuple[list[ElasticConvBatchNorm], ElasticConvBatchNorm]]:
    """Yield the layers that make the channels of one width within a block, and the layer that reads them.

    The first makes them from others, and depthwise ones keep them apart. Channels that come from outside of the block
    are not its own, and those of groups cannot change their places.
    """
    making: list[ElasticConvBatchNorm] = []
    for layer in block.mobile_inverted_conv:
        conv = layer.conv.conv
        if conv.groups == conv.in_channels > 1:
            making += [layer] if making else []
        else:
            if making and conv.groups == 1:
                yield making, layer
            making = [layer] if conv.groups == 1 else []


@torch.no_grad()
def sort_by_gradients(supernet: MultiPathSupernet) -> None:
    """Sort the middle channels and the SE bottleneck of every block by Taylor importance, in place.

    The importance of a channel is the sum of `|weight · gradient|` over the weights that make it: those of the expand
    convolution, of every depthwise convolution and of the second layer of the gate; for a bottleneck channel, those of
    the first layer of the gate (Nayman et al., 2021). Weights without a gradient count nothing.

    Parameters
    ----------
    supernet
        Has the gradients of a loss, summed over the batches; they are cleared, because they are not sorted.
    """
    for block in supernet.blocks:
        convs = [conv for conv in block.depthwise.values() if isinstance(conv, nn.Conv2d)]
        making = (block.expand, *convs, block.gate.expand)
        order = torch.stack([_taylor(conv) for conv in making]).sum(0).argsort(descending=True, stable=True)
        bottleneck = _taylor(block.gate.reduce).argsort(descending=True, stable=True)
        for conv in (block.expand, *convs):
            conv.weight.copy_(conv.weight[order])
        for layer in (block.bn1, *block.bn2.values()):
            assert isinstance(layer, ElasticBatchNorm)
            _permute_batch_norm(layer, order)
        block.project.weight.copy_(block.project.weight[:, order])
        _permute_gate(block.gate, order, bottleneck)
    supernet.zero_grad()


def _taylor(conv: nn.Conv2d) -> Tensor:
    """Return the Taylor importance of each output channel of a convolution."""
    if conv.weight.grad is None:
        return conv.weight.new_zeros(conv.out_channels)
    return (conv.weight * conv.weight.grad).abs().sum((1, 2, 3))


def _order(importance: Tensor, bounds: list[int]) -> Tensor:
    """Return the order of descending importance within each band between two bounds."""
    return torch.cat(
        [start + importance[start:end].argsort(descending=True, stable=True) for start, end in pairwise(bounds)]
    )


def _permute_batch_norm(layer: ElasticBatchNorm, order: Tensor) -> None:
    """Permute the channels of a batch normalisation."""
    for entry in layer.active(len(order)):
        entry.copy_(entry[order])


def _permute_gate(gate: GateLayers, order: Tensor, bottleneck: Tensor) -> None:
    """Permute the gated channels of an SE gate and the channels of its bottleneck."""
    reduce, expand = gate.reduce, gate.expand
    assert reduce.bias is not None and expand.bias is not None
    reduce.weight.copy_(reduce.weight[:, order][bottleneck])
    reduce.bias.copy_(reduce.bias[bottleneck])
    expand.weight.copy_(expand.weight[order][:, bottleneck])
    expand.bias.copy_(expand.bias[order])
