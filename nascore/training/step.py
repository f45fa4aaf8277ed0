"""The gradients of one training step: several subnets on one batch, or a subnet for each of its images."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from nascore.supernet import MultiPathSupernet
from nascore.training.batches import Batch
from nascore.training.precision import mixed_precision
from nascore.training.teacher import Teacher

GAMMA = 1.0
"""Weight of what the teacher says, beside the labels (BINAS's `gamma_knowledge_distillation`)."""

FEATURE_DIVISOR = 50.0
"""What the errors of feature maps are divided by (BINAS's `ikd_dividor`)."""


def accumulate_gradients(
    supernet: nn.Module, batch: Batch, *, teacher: Teacher | None, sandwich: bool, label_smoothing: float
) -> Tensor:
    """Add up the gradients of all subnets of a step and return their mean loss.

    Each subnet's graph is freed before the next one's is made, so memory is that of the largest.

    Parameters
    ----------
    supernet
        Gets the gradients, beside those that it has; called with images and the genes of a subnet.
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


def accumulate_multi_path_gradients(
    supernet: MultiPathSupernet, batch: Batch, *, teacher: Teacher, label_smoothing: float
) -> Tensor:
    """Add the gradients of a step in which each image has a subnet of its own, and return the mean loss.

    Per image: `CE + gamma · (KL(teacher ‖ student) + sum of the maps' mean squared errors / 50)`, over the maps that
    stem, first block, stages and last convolution put out (Nayman et al., 2021).

    Parameters
    ----------
    supernet
        Gets the gradients, beside those that it has.
    batch
        The images of this process and as many subnets.
    teacher
        The largest network as the phase before left it.
    label_smoothing
        Of the labels.

    Returns
    -------
    torch.Tensor
        A scalar; its sum over processes is the mean loss over the whole batch.
    """
    taught, taught_maps = teacher.logits_and_maps(batch.images)
    with mixed_precision(batch.images.device):
        maps = list(supernet.maps(batch.images, batch.subnets))
        logits = supernet.classifier(maps[-1]).float()
    loss = functional.cross_entropy(logits, batch.labels, reduction="sum", label_smoothing=label_smoothing)
    log_probabilities = (logits.log_softmax(1), taught.log_softmax(1))
    distilled = functional.kl_div(*log_probabilities, reduction="sum", log_target=True)
    for student, other in zip(maps, taught_maps, strict=True):
        error = functional.mse_loss(student.float(), other.float(), reduction="sum")
        distilled = distilled + error / (student.shape[1:].numel() * FEATURE_DIVISOR)
    loss = (loss + GAMMA * distilled) / batch.n_global
    loss.backward()
    return loss.detach()
