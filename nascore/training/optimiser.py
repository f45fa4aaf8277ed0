"""The optimiser and its learning rate."""

import math

import torch
from torch import nn

GRADIENT_NORM = 1.0
"""Gradients are scaled down to this norm at most: a rare steep step of one subnet must not undo the others."""


def new_optimiser(supernet: nn.Module, weight_decay: float) -> torch.optim.AdamW:
    """Return AdamW over a supernet; weight decay is for weights that multiply, not for biases, BN and kernel maps.

    A decayed kernel map would shrink from the identity that it starts as.
    """
    decayed: list[torch.nn.Parameter] = []
    others: list[torch.nn.Parameter] = []
    for name, parameter in supernet.named_parameters():
        (others if parameter.ndim == 1 or name.endswith("_matrix") else decayed).append(parameter)
    groups = [{"params": decayed, "weight_decay": weight_decay}, {"params": others, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups)


def learning_rate(peak: float, step: int, n_steps: int, warmup: float) -> float:
    """Return the learning rate of one step: a linear rise, then half a cosine to 0.

    Parameters
    ----------
    step
        Steps done so far, from 0 to `n_steps` - 1.
    warmup
        Share of the steps in which it rises.

    Returns
    -------
    float
        Above 0 in every step, and `peak` in the first one after the rise.
    """
    rising = math.floor(warmup * n_steps)
    if step < rising:
        return peak * (step + 1) / (rising + 1)
    return peak * 0.5 * (1 + math.cos(math.pi * (step - rising) / (n_steps - rising)))
