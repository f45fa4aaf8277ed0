"""Batch normalisation over the first channels of the widest layer, and over all processes of a training.

`torch.nn.SyncBatchNorm` works on GPUs alone; here the processes exchange sums, so that gloo on CPUs does the same, and
several processes normalise by the statistics of the whole batch as one process would.
"""

from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn import functional

MOMENTUM = 0.1
"""As published (MIT 6.5940 lab 3)."""


def new_batch_norm(channels: int, eps: float) -> nn.BatchNorm2d:
    """Return a batch normalisation with the published momentum."""
    return nn.BatchNorm2d(channels, eps=eps, momentum=MOMENTUM)


class ElasticBatchNorm(nn.Module):
    """Normalises as many channels as it is given, by the first entries of the widest layer's weights and statistics.

    The running statistics are shared by all subnets and so are right for none of them: an extracted subnet is
    calibrated before it is measured (`nascore.evaluation`).

    A training batch with one value per channel has no variance; it is normalised by the running statistics, and these
    stay.
    """

    def __init__(self, max_channels: int, eps: float) -> None:
        super().__init__()
        self.bn = new_batch_norm(max_channels, eps)

    def forward(self, x: Tensor, start: int = 0) -> Tensor:
        """Normalise `(n, c, h, w)` activations, whose first channel is number `start` of the widest layer's."""
        mean, variance, weight, bias = self.active(x.shape[1], start)
        if self.training and dist.is_initialized() and dist.get_world_size() > 1:
            return _normalise_together(x, mean, variance, weight, bias, self.bn.eps)
        by_batch = self.training and x.numel() > x.shape[1]
        return functional.batch_norm(x, mean, variance, weight, bias, by_batch, MOMENTUM, self.bn.eps)

    def active(self, channels: int, start: int = 0) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return views of running mean and variance, weight and bias of `channels` channels from `start` on."""
        assert self.bn.running_mean is not None and self.bn.running_var is not None
        part = slice(start, start + channels)
        return (self.bn.running_mean[part], self.bn.running_var[part], self.bn.weight[part], self.bn.bias[part])

    def copy_from(self, source: nn.BatchNorm2d) -> None:
        """Take over the entries of a subnet's batch normalisation."""
        for entry, value in zip(
            self.active(source.num_features),
            (source.running_mean, source.running_var, source.weight, source.bias),
            strict=True,
        ):
            assert value is not None
            entry.copy_(value)

    def copy_to(self, target: nn.BatchNorm2d) -> None:
        """Copy the active entries into the batch normalisation of a subnet."""
        entries = (target.running_mean, target.running_var, target.weight, target.bias, target.num_batches_tracked)
        values = (*self.active(target.num_features), self.bn.num_batches_tracked)
        for entry, value in zip(entries, values, strict=True):
            assert entry is not None and value is not None
            entry.copy_(value)


def _normalise_together(x: Tensor, mean: Tensor, variance: Tensor, weight: Tensor, bias: Tensor, eps: float) -> Tensor:
    """Normalise by the statistics of the batches of all processes; gradients go through them."""
    wide = x.to(weight.dtype)  # the sums of half-precision activations need more digits than those have
    count = wide.new_tensor([wide.numel() / wide.shape[1]])
    sums = _SumOverProcesses.apply(torch.cat([wide.sum((0, 2, 3)), count]))
    total = sums[-1].detach()
    alone = total <= 1
    batch_mean = torch.where(alone, mean, sums[:-1] / total)
    centred = wide - batch_mean[:, None, None]
    # From the centred values: the difference of two large sums would lose digits.
    batch_variance = _SumOverProcesses.apply(centred.square().sum((0, 2, 3))) / total
    batch_variance = torch.where(alone, variance, batch_variance)
    with torch.no_grad():
        mean.lerp_(batch_mean, MOMENTUM)
        unbiased = torch.where(alone, variance, batch_variance * (total / (total - 1).clamp(min=1)))
        variance.lerp_(unbiased, MOMENTUM)
    scale = weight * torch.rsqrt(batch_variance + eps)
    return (centred * scale[:, None, None] + bias[:, None, None]).to(x.dtype)


class _SumOverProcesses(torch.autograd.Function):
    """The sum of a tensor over all processes, of which each process's loss has a part: so has the gradient."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        total = x.clone()
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        total = gradient.clone(memory_format=torch.contiguous_format)
        dist.all_reduce(total)
        return total
