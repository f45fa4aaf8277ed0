"""Costs measured on a network itself, by hooks during one forward pass: a check on the tables of `nascore.efficiency`.

The definitions are those of `nascore.efficiency.counting`; nothing of its code or of the space's shapes is used here.
"""

from typing import Any

import torch
from torch import Tensor, nn

from nascore.supernet import Subnet
from nascore.supernet.static_layers import Block


class _Counter:
    """Adds up what each layer is seen to do with one image."""

    def __init__(self) -> None:
        self.macs = self.batch_norm_outputs = self.peak_memory_bytes = self.flash_bytes = 0
        self._kept = 0

    def layer(self, module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        """Count a convolution or a linear layer."""
        assert isinstance(module, nn.Conv2d | nn.Linear)
        weights = module.weight.numel()
        positions = output.numel() // len(module.weight)
        self.macs += weights * positions
        self.flash_bytes += weights + 4 * len(module.weight)
        depthwise = isinstance(module, nn.Conv2d) and module.groups > 1
        working_set = inputs[0].numel() + output.numel() + (self._kept if depthwise else 0)
        self.peak_memory_bytes = max(self.peak_memory_bytes, working_set)

    def batch_norm(self, _: nn.Module, __: Any, output: Tensor) -> None:
        """Count a batch normalisation, which the published count of MACs has."""
        self.batch_norm_outputs += output.numel()

    def block(self, module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        """Remember the input that a residual block keeps."""
        assert isinstance(module, Block)
        self._kept = inputs[0].numel() if module.residual else 0


@torch.inference_mode()
def measured_costs(subnet: Subnet) -> dict[str, int]:
    """Return every counted metric of an unfolded subnet, from one forward pass of one image.

    Returns
    -------
    dict
        `macs`, `thop_macs`, `peak_memory_bytes`, `params` and `flash_bytes`.
    """
    counter = _Counter()
    handles = []
    for module in subnet.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            handles.append(module.register_forward_hook(counter.layer))
        elif isinstance(module, nn.BatchNorm2d):
            handles.append(module.register_forward_hook(counter.batch_norm))
        elif isinstance(module, Block):
            handles.append(module.register_forward_pre_hook(counter.block))
    was_training = subnet.training
    try:
        # In training mode the pass would move the running statistics.
        subnet.eval()(torch.zeros(1, 3, subnet.resolution, subnet.resolution, device=next(subnet.parameters()).device))
    finally:
        subnet.train(was_training)
        for handle in handles:
            handle.remove()
    return {
        "macs": counter.macs,
        "thop_macs": counter.macs + 4 * counter.batch_norm_outputs,
        "peak_memory_bytes": counter.peak_memory_bytes,
        "params": sum(parameter.numel() for parameter in subnet.parameters()),
        "flash_bytes": counter.flash_bytes,
    }
