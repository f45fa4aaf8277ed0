"""Data-parallel training with several processes: each has its share of a batch, and all make the same step.

Processes are started by `torchrun` (NCCL on GPUs, gloo on CPUs); a single one needs none of this.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
import torch.distributed as dist
from torch import Tensor, nn


@contextmanager
def process_group(device: torch.device) -> Iterator[tuple[int, int]]:
    """Join the processes that `torchrun` started and yield rank and number; 0 and 1 without it."""
    if "WORLD_SIZE" not in os.environ:
        yield 0, 1
        return
    dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield dist.get_rank(), dist.get_world_size()
    finally:
        dist.destroy_process_group()


def is_first() -> bool:
    """Say whether this process is the one that writes."""
    return not dist.is_initialized() or dist.get_rank() == 0


def sum_over_processes(loss: Tensor, parameters: Sequence[nn.Parameter]) -> float:
    """Sum gradients, in place, and the loss over all processes; return the loss.

    All processes train the same subnets, so the same parameters have gradients in each. They travel as one vector.
    """
    if dist.is_initialized():
        gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
        vector = torch.cat([loss.reshape(1), *(gradient.reshape(-1) for gradient in gradients)])
        dist.all_reduce(vector)
        loss = vector[0]
        parts = vector[1:].split([gradient.numel() for gradient in gradients])
        for gradient, part in zip(gradients, parts, strict=True):
            gradient.copy_(part.view(gradient.shape))
    return float(loss)
