"""BN calibration: a subnet's own batch statistics in place of the supernet's shared ones.

The statistics of each layer are the mean and the biased variance over *all* calibration images and positions, given
that the layers before it are already calibrated. They depend on no batch size. (The published code averages the
variances of batches, and calibrates at one resolution whatever is evaluated.)
"""

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from nascore.supernet import Subnet
from nascore.supernet.static_layers import ConvBatchNorm
from nascore.supernet.subnet import check_resolution

CHUNK = 16
"""Images that go through the network at once: activations of more fall out of a CPU's cache."""

PRECISE = 8
"""Images whose statistics are taken at once: over more, PyTorch's own loses digits."""


@torch.inference_mode()
def calibrate(subnet: Subnet, images: Tensor) -> None:
    """Set the statistics of every batch normalisation of a subnet to those of some images, in place.

    The widest activations, those between expand and depthwise convolution, are computed twice instead of kept for all
    images; what is kept is about 1.3 MB an image at 160 px.

    Parameters
    ----------
    subnet
        Is left in evaluation mode.
    images
        `(n, 3, resolution, resolution)` normalised images.

    Raises
    ------
    SpaceError
        If the images have another resolution than the subnet.
    """
    check_resolution(images, subnet.units[0].convs[0])
    subnet.eval()
    chunks = list(images.split(CHUNK))
    chunks = _through([subnet.first_conv], chunks)
    for block in subnet.blocks:
        outputs = _through(list(block.mobile_inverted_conv), chunks)
        if block.shortcut is not None:
            _set_statistics(block.shortcut, (block.shortcut.convolved(chunk) for chunk in chunks))
        chunks = [block.summed(x, y) for x, y in zip(chunks, outputs, strict=True)]
    if subnet.feature_mix_layer is not None:
        _through([subnet.feature_mix_layer], chunks)


def _through(layers: list[ConvBatchNorm], chunks: list[Tensor]) -> list[Tensor]:
    """Calibrate layers, one after the other, and return their output."""
    before: nn.Module = nn.Identity()
    if len(layers) > 1:
        expand, *layers = layers
        _set_statistics(expand, (expand.convolved(chunk) for chunk in chunks))
        before = expand
    for layer in layers:
        convolved = [layer.convolved(before(chunk)) for chunk in chunks]
        _set_statistics(layer, convolved)
        # Each output takes the place of what it is made from.
        chunks, before = [layer.after_conv(convolved.pop(0)) for _ in chunks], nn.Identity()
    return chunks


def _set_statistics(layer: ConvBatchNorm, convolved: Iterable[Tensor]) -> None:
    """Give a batch normalisation the statistics of what its convolution puts out."""
    mean, variance = pooled_statistics(convolved)
    assert layer.bn.running_mean is not None and layer.bn.running_var is not None
    layer.bn.running_mean.copy_(mean)
    layer.bn.running_var.copy_(variance)


def pooled_statistics(chunks: Iterable[Tensor]) -> tuple[Tensor, Tensor]:
    """Return mean and biased variance of each channel over all images and positions.

    Those of a few images at a time are pooled (Chan et al., 1979): `var_mean` takes four times as long with channels
    last.

    Parameters
    ----------
    chunks
        Activations `(n, c, h, w)` of some images each.
    """
    parts = [_statistics(few) for chunk in chunks for few in chunk.split(PRECISE)]
    counts, means, variances = (torch.stack(part) for part in zip(*parts, strict=True))
    share = counts / counts.sum()
    mean = share @ means
    return mean, share @ (variances + (means - mean).square())


def _statistics(x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return number of images, mean and biased variance of each channel."""
    # The running statistics that the function moves are thrown away; it returns those of its input.
    thrown = torch.zeros(2, x.shape[1], dtype=x.dtype, device=x.device)
    mean, variance = torch.batch_norm_update_stats(x, thrown[0], thrown[1], 1.0)
    return torch.tensor(len(x), dtype=x.dtype, device=x.device), mean, variance
