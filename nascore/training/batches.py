"""Training batches: which images, at which resolution, augmented how; functions of seed, phase and step."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from nascore.data.store import ImageStore
from nascore.seeds import generator
from nascore.spaces.staged import Genes
from nascore.supernet.inputs import from_centred, normalise
from nascore.training.phases import Phase

BRIGHTNESS = 0.25
CONTRAST = 0.4
"""Largest change of an image's brightness (of the range -1 to 1) and contrast (as a factor)."""


@dataclass(frozen=True)
class Batch:
    """What one step trains on.

    Parameters
    ----------
    images
        `(n, 3, resolution, resolution)` augmented and normalised images of this process.
    labels
        Their `(n,)` classes.
    n_global
        Images of the step over all processes.
    subnets
        The `(m, n_genes)` subnets of the step; in a multi-path phase one for each of the `n` images.
    """

    images: Tensor
    labels: Tensor
    n_global: int
    subnets: Genes


@dataclass(frozen=True)
class Batches:
    """The batches of one phase.

    Parameters
    ----------
    store, phase
        The images, of which `train` is used, and the phase.
    batch_size
        Images per step over all processes. The last, smaller batch of an epoch is left out, unless it is the only one.
    min_crop
        Smallest share of the area that a crop keeps.
    seed
        The root seed.
    device
        Where the batches go.
    rank, processes
        Which share of each batch is this process's.
    """

    store: ImageStore
    phase: Phase
    batch_size: int
    min_crop: float
    seed: int
    device: torch.device
    rank: int = 0
    processes: int = 1

    @property
    def steps_per_epoch(self) -> int:
        """Batches in an epoch."""
        return max(1, len(self.store.labels("train")) // self.batch_size)

    @property
    def resolutions(self) -> tuple[int, ...]:
        """Sizes of the images of the phase, of which each step has one, pixels."""
        return self.phase.space.allowed_values(self.phase.space.global_choices[0])

    @property
    def images_per_epoch(self) -> int:
        """Images that an epoch trains on, over all processes."""
        return min(self.steps_per_epoch * self.batch_size, len(self.store.labels("train")))

    def epoch(self, number: int) -> Iterator[Batch]:
        """Yield the batches of one epoch, counted from 0."""
        labels = self.store.labels("train")
        order = generator(self.seed, "training", self.phase.name, "order", number).permutation(len(labels))
        for step in range(self.steps_per_epoch):
            rng = generator(self.seed, "training", self.phase.name, "step", number, step)
            resolution = int(rng.choice(self.resolutions))
            chosen = order[step * self.batch_size : (step + 1) * self.batch_size]
            subnets = self.phase.subnets(rng, resolution, len(chosen))
            # Drawn for the whole batch, so that it does not depend on how many processes share it.
            views = _draw_views(len(chosen), self.min_crop, rng)
            mine = slice(self.rank, None, self.processes)
            pixels = self.store.images("train", resolution)[chosen[mine]]
            images = augment(normalise(pixels, self.device), views[mine])
            images = from_centred(images, self.phase.space.mean, self.phase.space.std)
            if self.phase.multi_path:
                subnets = subnets[mine]
            yield Batch(images, torch.from_numpy(labels[chosen[mine]]).to(self.device), len(chosen), subnets)


def _draw_views(n: int, min_crop: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """Draw `(n, 7)` views: horizontal and vertical scale, their offsets, flip, contrast, brightness.

    Scales keep a share of the area between `min_crop` and 1 with a ratio of the sides between 3:4 and 4:3.
    """
    side = np.sqrt(rng.uniform(min_crop, 1, n))
    # As oblong as the image has room for, so that the share of the area is what was drawn.
    ratio = np.exp(rng.uniform(math.log(3 / 4), math.log(4 / 3), n) / 2).clip(side, 1 / side)
    scales = np.stack([side * ratio, side / ratio], axis=1)
    offsets = rng.uniform(-1, 1, (n, 2)) * (1 - scales)
    flip = rng.choice([-1, 1], n)
    contrast = np.exp(rng.uniform(-CONTRAST, CONTRAST, n))
    brightness = rng.uniform(-BRIGHTNESS, BRIGHTNESS, n)
    return np.column_stack([scales, offsets, flip, contrast, brightness]).astype(np.float32)


def augment(images: Tensor, views: NDArray[np.float32]) -> Tensor:
    """Return each image as one view sees it: cropped and stretched, mirrored, darker or lighter.

    Parameters
    ----------
    images
        `(n, 3, r, r)` images in [-1, 1].
    views
        `(n, 7)`, as `_draw_views` draws them.

    Returns
    -------
    torch.Tensor
        `(n, 3, r, r)` images in [-1, 1], channels last in memory.
    """
    scale_x, scale_y, offset_x, offset_y, flip, contrast, brightness = torch.from_numpy(views).to(images.device).T
    zero = torch.zeros_like(scale_x)
    rows = (torch.stack([scale_x * flip, zero, offset_x], 1), torch.stack([zero, scale_y, offset_y], 1))
    grid = functional.affine_grid(torch.stack(rows, 1), list(images.shape), align_corners=False)
    seen = functional.grid_sample(images, grid, padding_mode="reflection", align_corners=False)
    seen = seen * contrast[:, None, None, None] + brightness[:, None, None, None]
    return seen.clamp_(-1, 1).contiguous(memory_format=torch.channels_last)
