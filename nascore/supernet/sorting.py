"""Channel sorting: the most important middle channels of every block first, so that narrower blocks keep them.

Done once before elastic expand is trained (Cai et al., 2020, Once-for-All, §3.3). What a block computes at full width
stays the same. Outer channels are shared by all blocks of a stage and by their shortcuts, and are left alone.
"""

from itertools import pairwise

import torch
from torch import Tensor

from nascore.spaces.ofa_mcunet import EXPANDS
from nascore.supernet.batch_norm import ElasticBatchNorm
from nascore.supernet.containers import GateLayers
from nascore.supernet.supernet import Supernet


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
    trained = sorted(EXPANDS)[-n_trained:]
    _, *blocks = supernet.blocks
    for block in blocks:
        expand, depthwise, project = block.mobile_inverted_conv
        read = project.conv.conv.weight
        importance = read.abs().sum((0, 2, 3))
        order = _order(importance, [0, *(len(importance) * ratio // trained[-1] for ratio in trained)])
        read.copy_(read[:, order])
        for layer in (expand, depthwise):
            layer.conv.conv.weight.copy_(layer.conv.conv.weight[order])
            _permute_batch_norm(layer.bn, order)
        if depthwise.se is not None:
            _sort_gate(depthwise.se.fc, order)


def _order(importance: Tensor, bounds: list[int]) -> Tensor:
    """Return the order of descending importance within each band between two bounds."""
    return torch.cat(
        [start + importance[start:end].argsort(descending=True, stable=True) for start, end in pairwise(bounds)]
    )


def _permute_batch_norm(layer: ElasticBatchNorm, order: Tensor) -> None:
    """Permute the channels of a batch normalisation."""
    for entry in layer.active(len(order)):
        entry.copy_(entry[order])


def _sort_gate(gate: GateLayers, order: Tensor) -> None:
    """Permute the gated channels of an SE gate and sort its bottleneck."""
    reduce, expand = gate.reduce, gate.expand
    assert reduce.bias is not None and expand.bias is not None
    reduce.weight.copy_(reduce.weight[:, order])
    expand.weight.copy_(expand.weight[order])
    expand.bias.copy_(expand.bias[order])
    bottleneck = expand.weight.abs().sum((0, 2, 3)).argsort(descending=True, stable=True)
    reduce.weight.copy_(reduce.weight[bottleneck])
    reduce.bias.copy_(reduce.bias[bottleneck])
    expand.weight.copy_(expand.weight[:, bottleneck])
