"""The gradients of one training step: several subnets on one batch."""

from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor
from torch.nn import functional

from nascore.spaces.staged import Genes
from nascore.supernet import Supernet
from nascore.training.batches import Batch


def accumulate_gradients(
    supernet: Supernet, batch: Batch, *, teacher: Supernet | None, sandwich: bool, label_smoothing: float
) -> Tensor:
    """Add up the gradients of all subnets of a step and return their mean loss.

    Each subnet's graph is freed before the next one's is made, so memory is that of the largest.

    Parameters
    ----------
    teacher
        The largest network as an earlier phase left it. Every subnet learns its probabilities beside the labels, each
        with weight 1 (knowledge distillation at temperature 1, as published for progressive shrinking). It is in
        evaluation mode, so that what it says about an image does not depend on the others of the batch.
    sandwich
        The first subnet, the largest, learns from the labels, and the others from its probabilities alone (in-place
        distillation; Yu & Huang, 2019, Universally Slimmable Networks).
    label_smoothing
        Of the labels.

    Returns
    -------
    torch.Tensor
        A scalar; its sum over processes is the mean loss over the whole batch and all subnets.
    """
    total = torch.zeros((), device=batch.images.device)
    taught = _taught(teacher, batch) if teacher else None
    for number, genes in enumerate(batch.subnets):
        with mixed_precision(batch.images.device):
            logits = supernet(batch.images, genes).float()
        loss = torch.zeros((), device=batch.images.device)
        if number == 0 or not sandwich:
            loss = functional.cross_entropy(logits, batch.labels, reduction="sum", label_smoothing=label_smoothing)
        if taught is not None:
            loss = loss + functional.cross_entropy(logits, taught, reduction="sum")
        loss = loss / (batch.n_global * len(batch.subnets))
        loss.backward()
        total += loss.detach()
        if number == 0 and sandwich:
            taught = logits.detach().softmax(1)
    return total


@torch.no_grad()
def _taught(teacher: Supernet, batch: Batch) -> Tensor:
    """Return the `(n, n_classes)` probabilities of the largest network at the batch's resolution."""
    with mixed_precision(batch.images.device):
        return teacher(batch.images, largest_at(teacher, batch.images.shape[-1])).float().softmax(1)


def largest_at(supernet: Supernet, resolution: int) -> Genes:
    """Return the largest architecture of one resolution."""
    return supernet.space.restrict({"resolution": [resolution]}).largest()


def mixed_precision(device: torch.device) -> AbstractContextManager[object]:
    """Return the context in which networks run: bfloat16 where it is fast, on GPUs."""
    return torch.autocast("cuda", torch.bfloat16) if device.type == "cuda" else nullcontext()
