"""The importance of channels, measured before narrower networks are trained."""

import math
from itertools import islice

import torch
from torch.nn import functional

from nascore.supernet import MultiPathSupernet
from nascore.supernet.sorting import sort_by_gradients
from nascore.training.batches import Batches
from nascore.training.precision import mixed_precision
from nascore.training.processes import sum_over_processes
from nascore.training.teacher import largest_at

SHARE = 0.1
"""Of the training images that importance is measured on, as published."""


def order_channels(supernet: MultiPathSupernet, batches: Batches) -> None:
    """Sort channels by what they mean to the largest network on a share of the training images, in place.

    Only what the largest network has is measured: no smaller depthwise kernel.

    Parameters
    ----------
    supernet
        As the largest network was trained, on the device of the batches; it is left in evaluation mode.
    batches
        The first ones of epoch 0 are used.
    """
    supernet.eval()
    for batch in islice(batches.epoch(0), math.ceil(SHARE * batches.steps_per_epoch)):
        with mixed_precision(batches.device):
            logits = supernet(batch.images, largest_at(supernet, batch.images.shape[-1])).float()
        (functional.cross_entropy(logits, batch.labels, reduction="sum") / batch.n_global).backward()
    parameters = [parameter for parameter in supernet.parameters() if parameter.grad is not None]
    sum_over_processes(torch.zeros((), device=batches.device), parameters)
    sort_by_gradients(supernet)
