"""The usual way to measure a subnet, for comparison.

torchvision's `ImageFolder` and a `DataLoader` that decode each time, NCHW, batch norms as they are, and BN calibration
by replaced forward methods, as in Once-for-All and MIT 6.5940 lab 3.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset, Subset

from nascore.spaces import Genes
from nascore.supernet import Subnet, Supernet
from nascore.torchvision_compat import import_torchvision

torchvision = import_torchvision()


class Plain:
    """Measures with what PyTorch and torchvision have."""

    def __init__(self, supernet: Supernet, images: Path, resolution: int, batch_size: int, workers: int) -> None:
        self.supernet, self.images, self.batch_size, self.workers = supernet, images, batch_size, workers
        steps = torchvision.transforms
        self.transform = steps.Compose(
            [steps.Resize((resolution, resolution)), steps.ToTensor(), steps.Normalize((0.5,) * 3, (0.5,) * 3)]
        )

    def answers_and_labels(self, genes: Genes) -> tuple[dict[str, int], list[int]]:
        """Extract, calibrate and measure: what the clock covers."""
        subnet = self.supernet.subnet(genes)
        validation = torchvision.datasets.ImageFolder(self.images / "val", self.transform)
        training = torchvision.datasets.ImageFolder(self.images / "train", self.transform)
        # Files are sorted by class, so evenly spaced ones have the shares of the classes.
        count = min(len(validation), len(training))
        spread = np.linspace(0, len(training) - 1, count).round().astype(int).tolist()
        calibrate_plainly(subnet, self.loader(Subset(training, spread)))
        with torch.no_grad():
            given = torch.cat([subnet(images).argmax(1) for images, _ in self.loader(validation)]).tolist()
        names = [str(Path(path).relative_to(self.images / "val")) for path, _ in validation.samples]
        return dict(zip(names, given, strict=True)), validation.targets

    def accuracy(self, genes: Genes) -> float:
        """Return the accuracy."""
        answers, labels = self.answers_and_labels(genes)
        return float(np.mean(np.array(list(answers.values())) == labels))

    def loader(self, dataset: Dataset) -> DataLoader:
        """Return a loader that decodes in order."""
        return DataLoader(dataset, self.batch_size, num_workers=self.workers)


@torch.no_grad()
def calibrate_plainly(subnet: Subnet, loader: DataLoader) -> None:
    """Set batch statistics to those of batches, averaged; replaces forward methods, as Once-for-All does."""
    layers = [module for module in subnet.modules() if isinstance(module, nn.BatchNorm2d)]
    with contextlib.ExitStack() as stack:
        averages = [stack.enter_context(averaging(layer)) for layer in layers]
        subnet.eval()
        for images, _ in loader:
            subnet(images)
    for layer, (mean, variance, count) in zip(layers, averages, strict=True):
        layer.running_mean.copy_(mean / count)
        layer.running_var.copy_(variance / count)


@contextlib.contextmanager
def averaging(layer: nn.BatchNorm2d) -> Iterator[list[Tensor]]:
    """Let a layer normalise by each batch, and add up means, biased variances and counts."""
    sums = [torch.zeros(layer.num_features), torch.zeros(layer.num_features), torch.zeros(())]

    def forward(x: Tensor) -> Tensor:
        mean = x.mean((0, 2, 3))
        variance = (x - mean[:, None, None]).square().mean((0, 2, 3))
        for total, value in zip(sums, (mean, variance, torch.ones(())), strict=True):
            total += value * len(x)
        return functional.batch_norm(x, mean, variance, layer.weight, layer.bias, False, 0.0, layer.eps)

    layer.forward = forward
    try:
        yield sums
    finally:
        del layer.forward
