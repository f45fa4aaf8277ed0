"""Accuracy and loss of one subnet on one split of an image store."""

from copy import deepcopy
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_weights

from nascore.data.source import Pixels
from nascore.data.store import ImageStore
from nascore.evaluation.calibration import calibrate
from nascore.seeds import generator
from nascore.supernet import Subnet
from nascore.supernet.inputs import channels_last, normalise
from nascore.supernet.static_layers import ConvBatchNorm

BATCH_SIZE = 32
"""Images at a time: activations of larger batches fall out of a CPU's cache."""


@dataclass(frozen=True)
class Measurement:
    """What a subnet did on a split.

    Parameters
    ----------
    n_correct, n_images
        Images whose class has the largest logit, and all images.
    loss
        Mean cross-entropy, nats.
    """

    n_correct: int
    n_images: int
    loss: float

    @property
    def accuracy(self) -> float:
        """Top-1 accuracy, in [0, 1]."""
        return self.n_correct / self.n_images


def calibrate_on_store(subnet: Subnet, store: ImageStore, *, n_images: int, device: torch.device) -> None:
    """Calibrate a subnet at its own resolution on images of the `calibration` split, in place.

    Parameters
    ----------
    n_images
        How many; all where the split has fewer. See `chosen_images` for which.
    """
    images = store.images("calibration", subnet.resolution)
    chosen = images[chosen_images(store, "calibration", n_images)]
    calibrate(subnet, normalise(chosen, device, subnet.space.mean, subnet.space.std))


def chosen_images(store: ImageStore, split: str, n_images: int | None) -> NDArray[np.int64]:
    """Return the indices, increasing, of some images of a split that stand for all; all of them for None.

    They are drawn, always in the same way, because splits are sorted by class where they come from folders, and
    alternate between classes where they are rendered: the first ones or every k-th would be of one class. A larger
    number has all images of a smaller one.
    """
    drawn = generator(0, "evaluation", "chosen images").permutation(store.n_images(split))
    return np.sort(drawn[:n_images])


@torch.inference_mode()
def measure(
    subnet: Subnet,
    store: ImageStore,
    *,
    split: str,
    device: torch.device,
    batch_size: int = BATCH_SIZE,
    n_images: int | None = None,
) -> Measurement:
    """Measure a calibrated subnet.

    Parameters
    ----------
    split
        The named split of the store.
    batch_size
        Images at a time; changes time and memory, not the result.
    n_images
        Only so many images; all by default. See `chosen_images` for which.
    """
    chosen = chosen_images(store, split, n_images)
    labels = torch.from_numpy(store.labels(split)[chosen]).to(device)
    logits = logits_of(subnet, store.images(split, subnet.resolution), chosen, device=device, batch_size=batch_size)
    return Measurement(
        n_correct=int((logits.argmax(1) == labels).sum()),
        n_images=len(labels),
        loss=float(functional.cross_entropy(logits.double(), labels)),
    )


@torch.inference_mode()
def logits_of(
    subnet: Subnet, images: Pixels, chosen: NDArray[np.int64], *, device: torch.device, batch_size: int = BATCH_SIZE
) -> Tensor:
    """Return the `(n, n_classes)` logits of a calibrated subnet for the images at `n` indices, on the device."""
    network = channels_last(fold(subnet), device)
    batches = (chosen[start : start + batch_size] for start in range(0, len(chosen), batch_size))
    mean, std = subnet.space.mean, subnet.space.std
    return torch.cat([network(normalise(images[batch], device, mean, std)) for batch in batches])


def fold(subnet: Subnet) -> Subnet:
    """Return a copy of a subnet in which each batch normalisation is part of the convolution before it."""
    folded = deepcopy(subnet).eval()  # of batch normalisations in training mode there is nothing to fold
    for layer in folded.modules():
        if isinstance(layer, ConvBatchNorm):
            conv, bn = layer.conv, layer.bn
            assert bn.running_mean is not None and bn.running_var is not None
            # The convolution is a copy already: `fuse_conv_bn_eval` would make another.
            conv.weight, conv.bias = fuse_conv_bn_weights(
                conv.weight, conv.bias, bn.running_mean, bn.running_var, bn.eps, bn.weight, bn.bias
            )
            layer.bn = nn.Identity()  # type: ignore[assignment]
    return folded.eval()  # the layers that are new
