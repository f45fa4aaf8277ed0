"""The teacher from outside: the largest network of an earlier phase, which no step changes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from nascore.data.store import ImageStore
from nascore.evaluation.measure import calibrate_on_store, fold
from nascore.spaces.staged import Genes
from nascore.supernet import AnySupernet, Subnet
from nascore.supernet.inputs import channels_last
from nascore.training.precision import mixed_precision


@dataclass(frozen=True)
class Teacher:
    """The largest network of a supernet, with its own batch statistics at every resolution.

    The supernet's running statistics are those of whatever subnets and resolutions were trained last, and in training
    mode what it says about an image would depend on the others of the batch (as in the published code).

    Parameters
    ----------
    networks
        Calibrated networks in evaluation mode, by resolution in pixels.
    """

    networks: Mapping[int, Subnet]

    @classmethod
    def of(
        cls,
        supernet: AnySupernet,
        store: ImageStore,
        resolutions: Iterable[int],
        *,
        n_images: int,
        device: torch.device,
    ) -> "Teacher":
        """Extract the largest network at every resolution and calibrate it on `n_images` of `calibration`."""
        networks = {}
        for resolution in resolutions:
            subnet = supernet.subnet(largest_at(supernet, resolution)).to(device)
            calibrate_on_store(subnet, store, n_images=n_images, device=device)
            networks[resolution] = channels_last(fold(subnet), device)
        return cls(networks)

    @torch.no_grad()
    def probabilities(self, images: Tensor) -> Tensor:
        """Return the `(n, n_classes)` probabilities of `(n, 3, resolution, resolution)` normalised images."""
        with mixed_precision(images.device):
            logits = self.networks[images.shape[-1]](images)
        return logits.float().softmax(1)

    @torch.no_grad()
    def logits_and_maps(self, images: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Return the `(n, n_classes)` logits of `(n, 3, resolution, resolution)` images, and `Subnet.maps` of them."""
        network = self.networks[images.shape[-1]]
        with mixed_precision(images.device):
            maps = list(network.maps(images))
            logits: Tensor = network.classifier(maps[-1])
        return logits.float(), maps


def largest_at(supernet: AnySupernet, resolution: int) -> Genes:
    """Return the largest architecture of one resolution, `(n_genes,)`."""
    return supernet.space.restrict({"resolution": [resolution]}).largest()
