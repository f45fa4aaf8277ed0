"""Layers of an extracted subnet: plain PyTorch, with the names of the published extracted subnets."""

from collections.abc import Callable

from torch import Tensor, nn
from torch.nn import functional

from nascore.spaces.layers import Conv, Unit
from nascore.supernet.batch_norm import new_batch_norm
from nascore.supernet.containers import BlockLayers, GateLayers


def gate(x: Tensor, reduce: Callable[[Tensor], Tensor], expand: Callable[[Tensor], Tensor]) -> Tensor:
    """Apply squeeze-and-excitation with ReLU6 and h-sigmoid to `(n, c, h, w)` activations (Howard et al., 2019).

    Parameters
    ----------
    reduce, expand
        The convolutions, from and to `(n, c, 1, 1)`.
    """
    hidden = functional.relu6(reduce(x.mean((2, 3), keepdim=True)))
    return x * functional.hardsigmoid(expand(hidden))


class SqueezeExcite(nn.Module):
    """A squeeze-and-excitation gate: two 1x1 convolutions on the pooled map."""

    def __init__(self, reduce: Conv, expand: Conv) -> None:
        super().__init__()
        self.fc = GateLayers(reduce, expand)

    def forward(self, x: Tensor) -> Tensor:
        """Gate `(n, c, h, w)` activations."""
        return gate(x, self.fc.reduce, self.fc.expand)


class ConvBatchNorm(nn.Module):
    """Convolution, batch normalisation, an optional ReLU6, an optional gate.

    Parameters
    ----------
    shape
        The shape of the convolution.
    activation
        Whether a ReLU6 follows.
    squeeze_excite
        The two layers of the gate, or empty.
    """

    def __init__(self, shape: Conv, *, activation: bool = True, squeeze_excite: tuple[Conv, ...] = ()) -> None:
        super().__init__()
        self.conv = nn.Conv2d(
            shape.c_in,
            shape.c_out,
            shape.kernel,
            stride=shape.stride,
            padding=shape.kernel // 2,
            groups=shape.groups,
            bias=False,
        )
        self.bn = new_batch_norm(shape.c_out)
        self.act = nn.ReLU6(inplace=True) if activation else nn.Identity()
        self.se = SqueezeExcite(*squeeze_excite) if squeeze_excite else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """Apply the layer to `(n, c_in, in_size, in_size)` activations."""
        return self.after_conv(self.conv(x))

    def after_conv(self, x: Tensor) -> Tensor:
        """Apply what follows the convolution to its output."""
        y: Tensor = self.se(self.act(self.bn(x)))
        return y


class Block(nn.Module):
    """A block: an inverted residual, or the linear 1x1 convolution that the first block is."""

    def __init__(self, unit: Unit) -> None:
        super().__init__()
        *before, project = unit.convs
        layers = [ConvBatchNorm(conv, squeeze_excite=unit.squeeze_excite if conv.groups > 1 else ()) for conv in before]
        self.mobile_inverted_conv = BlockLayers([*layers, ConvBatchNorm(project, activation=False)])
        self.residual = unit.residual

    def forward(self, x: Tensor) -> Tensor:
        """Apply the block to `(n, c_in, in_size, in_size)` activations."""
        y = x
        for layer in self.mobile_inverted_conv:
            y = layer(y)
        return x + y if self.residual else y
