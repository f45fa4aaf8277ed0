"""First weights of a supernet, from a seed alone."""

import math

import torch
from torch import nn

from nascore.spaces.staged import StagedSpace
from nascore.supernet import AnySupernet, build_supernet
from nascore.supernet.layers import ElasticConv


def new_supernet(space: StagedSpace, seed: int) -> AnySupernet:
    """Return the supernet of a space with the weights of `initialise`; no other random generator is advanced."""
    with torch.random.fork_rng(devices=[]):  # PyTorch's default weights, which are not kept
        supernet: AnySupernet = build_supernet(space)
    initialise(supernet, seed)
    return supernet


@torch.no_grad()
def initialise(supernet: AnySupernet, seed: int) -> None:
    """Fill a supernet with the initial weights of Once-for-All's training ("he_fout"), in place.

    Convolutions are normal with variance `2 / (kernel² c_out)`, whatever their groups; batch normalisation is the
    identity; the classifier is uniform within `1 / sqrt(c_in)`; biases are 0 and kernel maps the identity.

    Unlike there, a residual block starts as its shortcut: each last batch normalisation has weight 0 (Goyal et al.,
    2017, §5.1). Without it the deeper subnets learn nothing in their first thousand steps, which may be all that a
    small budget has.

    Parameters
    ----------
    seed
        A non-negative integer; the same seed gives the same weights whatever else was drawn.
    """
    generator = torch.Generator().manual_seed(seed)
    for module in supernet.modules():
        if isinstance(module, nn.Conv2d):
            # Drawn on the CPU in the plain layout, so that device and memory format change nothing.
            spread = math.sqrt(2 / (module.kernel_size[0] ** 2 * module.out_channels))
            module.weight.copy_(torch.randn(module.weight.shape, generator=generator) * spread)
            if module.bias is not None:
                module.bias.zero_()
        elif isinstance(module, nn.Linear):
            bound = 1 / math.sqrt(module.in_features)
            module.weight.copy_((2 * torch.rand(module.weight.shape, generator=generator) - 1) * bound)
            module.bias.zero_()
        elif isinstance(module, nn.BatchNorm2d):
            module.reset_parameters()
        elif isinstance(module, ElasticConv):
            for kernel_map in module.parameters(recurse=False):
                kernel_map.copy_(torch.eye(len(kernel_map)))
    for block in supernet.blocks:
        if block.residual:
            for layer in block.last_batch_norms():
                layer.bn.weight.zero_()
