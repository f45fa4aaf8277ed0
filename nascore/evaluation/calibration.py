"""BN calibration: a subnet's own batch statistics in place of the supernet's shared ones.

The statistics of each layer are the mean and the biased variance over *all* calibration images and positions, given
that the layers before it are already calibrated. They depend on no batch size. (The published code averages the
variances of batches, and calibrates at one resolution whatever is evaluated.)
"""

from collections.abc import Iterator
from contextlib import contextmanager
from types import MethodType

import torch
from torch import Tensor, nn

from nascore.supernet import Subnet

BLOCK = 8
"""Images whose statistics are taken at once."""


@torch.inference_mode()
def calibrate(subnet: Subnet, images: Tensor) -> None:
    """Set the statistics of every batch normalisation of a subnet to those of some images, in place.

    Parameters
    ----------
    subnet
        Is left in evaluation mode.
    images
        `(n, 3, resolution, resolution)` normalised images of the subnet's resolution, in one batch. Memory is that of
        two neighbouring activations: about 3 MB an image at 160 px.
    """
    subnet.eval()
    with _measuring([module for module in subnet.modules() if isinstance(module, nn.BatchNorm2d)]):
        subnet(images)


@contextmanager
def _measuring(layers: list[nn.BatchNorm2d]) -> Iterator[None]:
    """Let layers take the statistics of what they are given, also where the network ends in an error."""
    for layer in layers:
        layer.forward = MethodType(_measure_and_normalise, layer)  # type: ignore[method-assign]
    try:
        yield
    finally:
        for layer in layers:
            del layer.forward


def _measure_and_normalise(layer: nn.BatchNorm2d, x: Tensor) -> Tensor:
    """Take the statistics of `x` and normalise it in place, which halves the memory."""
    mean, variance = pooled_statistics(x)
    assert layer.running_mean is not None and layer.running_var is not None
    layer.running_mean.copy_(mean)
    layer.running_var.copy_(variance)
    scale = layer.weight * torch.rsqrt(variance + layer.eps)
    shift = layer.bias - mean * scale
    return x.mul_(scale[:, None, None]).add_(shift[:, None, None])


def pooled_statistics(x: Tensor) -> tuple[Tensor, Tensor]:
    """Return mean and biased variance of each channel over all images and positions of `(n, c, h, w)` activations.

    Blocks of images are pooled by Chan et al., 1979: `var_mean` over the whole takes four times as long with channels
    last, and PyTorch's own batch statistics over so many values lose three digits.
    """
    blocks = x.split(BLOCK)
    # The running statistics that the function moves are thrown away; it returns those of the block.
    thrown = torch.zeros(2, x.shape[1], dtype=x.dtype, device=x.device)
    parts = [torch.batch_norm_update_stats(block, thrown[0], thrown[1], 1.0) for block in blocks]
    share = torch.tensor([len(block) / len(x) for block in blocks], dtype=x.dtype, device=x.device)
    means, variances = (torch.stack(part) for part in zip(*parts, strict=True))
    mean = share @ means
    return mean, share @ (variances + (means - mean).square())
