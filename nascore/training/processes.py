"""Data-parallel training with several processes: each has its share of a batch, and all make the same step.

Processes are started by `torchrun` (NCCL on GPUs, gloo on CPUs); a single one needs none of this.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import torch
import torch.distributed as dist
from torch import Tensor, nn

from nascore.errors import ConfigError


class Process(NamedTuple):
    """One of the processes of a training: its number, how many there are, and its device."""

    rank: int
    processes: int
    device: torch.device


@contextmanager
def process_group(device: torch.device, processes: int) -> Iterator[Process]:
    """Join the processes that `torchrun` started, if there is to be more than one.

    Parameters
    ----------
    device
        The device of a single process; of several on GPUs each has its own.
    processes
        How many the training is for. It is part of what the weights depend on.

    Raises
    ------
    ConfigError
        If `torchrun` started another number, or there are fewer GPUs than processes.
    """
    started = int(os.environ["WORLD_SIZE"]) if dist.is_torchelastic_launched() else 1
    if started != processes:
        raise ConfigError(
            f"training.processes is {processes}, but torchrun started {started}; "
            "`nascore.training.launch.run_phase` starts as many as it should"
        )
    if processes == 1:
        yield Process(0, 1, device)
        return
    if device.type == "cuda":
        device = _own_gpu(int(os.environ["LOCAL_RANK"]), processes)
    dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield Process(dist.get_rank(), processes, device)
    finally:
        dist.destroy_process_group()


def _own_gpu(rank: int, processes: int) -> torch.device:
    """Return the GPU of a process and make it the one that collective operations use."""
    if processes > torch.cuda.device_count():
        raise ConfigError(
            f"training.processes is {processes}, but this machine shows {torch.cuda.device_count()} GPUs; expected at "
            "most one process per GPU"
        )
    torch.cuda.set_device(rank)
    return torch.device("cuda", rank)


def is_first() -> bool:
    """Say whether this process is the one that measures, writes and reports."""
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
