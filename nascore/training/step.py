"""The gradients of one training step: several subnets on one batch."""

import torch
from torch import Tensor
from torch.nn import functional

from nascore.supernet import Supernet
from nascore.training.batches import Batch
from nascore.training.precision import mixed_precision
from nascore.training.teacher import Teacher


def accumulate_gradients(
    supernet: Supernet, batch: Batch, *, teacher: Teacher | None, sandwich: bool, label_smoothing: float
) -> Tensor:
    """Add up the gradients of all subnets of a step and return their mean loss.

    Each subnet's graph is freed before the next one's is made, so memory is that of the largest.

    Parameters
    ----------
    supernet
        Gets the gradients, beside those that it has.
    batch
        The images of this process and the subnets.
    teacher
        The largest network as an earlier phase left it. Every subnet learns its probabilities and the labels, with
        equal weights (knowledge distillation at temperature 1, as published for progressive shrinking).
    sandwich
        The first subnet, the largest, learns from the labels and is the teacher of the others in the same step
        (in-place distillation; Yu & Huang, 2019, Universally Slimmable Networks). In that paper the others learn from
        the teacher alone; in a training of a few hundred steps they would wait for one that has nothing to say yet.
    label_smoothing
        Of the labels.

    Returns
    -------
    torch.Tensor
        A scalar; its sum over processes is the mean loss over the whole batch and all subnets.
    """
    total = torch.zeros((), device=batch.images.device)
    taught = teacher.probabilities(batch.images) if teacher else None
    for number, genes in enumerate(batch.subnets):
        with mixed_precision(batch.images.device):
            logits = supernet(batch.images, genes).float()
        loss = functional.cross_entropy(logits, batch.labels, reduction="sum", label_smoothing=label_smoothing)
        if taught is not None:
            loss = (loss + functional.cross_entropy(logits, taught, reduction="sum")) / 2
        loss = loss / (batch.n_global * len(batch.subnets))
        loss.backward()
        total += loss.detach()
        if number == 0 and sandwich:
            taught = logits.detach().softmax(1)
    return total
