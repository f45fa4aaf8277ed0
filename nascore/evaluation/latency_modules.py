"""Units of layers as plain PyTorch modules with random weights, to be timed: what a layer holds changes no latency.

They are what a deployed network is made of: no batch normalisation (it is folded: every convolution has a bias) and no
elastic layer. Any space whose units have a `LayerSignature` can be measured.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from nascore.seeds import integer_seed
from nascore.spaces.layers import Conv, Unit
from nascore.supernet.static_layers import activation, padded_conv


class Layer(nn.Module):
    """A convolution with the bias that the folded batch normalisation leaves, and its activation."""

    def __init__(self, shape: Conv) -> None:
        super().__init__()
        self.shape = shape
        self.pad, self.conv = padded_conv(shape, bias=True)
        self.act = activation(shape.activation)

    def forward(self, x: Tensor) -> Tensor:
        """Apply the layer."""
        y: Tensor = self.act(self.conv(self.pad(x)))
        return y


class PlainUnit(nn.Module):
    """One unit: pooling where it has any, its layers, the gate behind one of them, the residual sum."""

    def __init__(self, unit: Unit) -> None:
        super().__init__()
        self.unit = unit
        self.layers = nn.ModuleList(map(Layer, unit.convs))
        self.gate = nn.Sequential(*map(Layer, unit.squeeze_excite))
        self.shortcut = Layer(unit.shortcut) if unit.shortcut else None
        self.act = activation(unit.activation)

    def forward(self, x: Tensor) -> Tensor:
        """Apply the unit to `(batch, c_in, size, size)` activations."""
        y = x.mean((2, 3), keepdim=True) if self.unit.pooled_from else x
        for number, layer in enumerate(self.layers):
            y = layer(y)
            if len(self.gate) and number == self.unit.gated:
                y = y * self.gate(y.mean((2, 3), keepdim=True))
        if not self.unit.residual:
            return y
        total: Tensor = self.act((x if self.shortcut is None else self.shortcut(x)) + y)
        return total


def plain_network(units: Sequence[Unit]) -> nn.Sequential:
    """Return units that run one after the other, in evaluation mode, with weights that are the same every time."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(integer_seed(0, "latency", "weights"))
        return nn.Sequential(*map(PlainUnit, units)).eval().requires_grad_(False)


def example_input(unit: Unit, batch: int) -> Tensor:
    """Return random activations that a unit takes, `(batch, c_in, size, size)`."""
    size = unit.pooled_from or unit.convs[0].in_size
    random = torch.Generator().manual_seed(integer_seed(0, "latency", "activations"))
    return torch.randn((batch, unit.convs[0].c_in, size, size), generator=random)
