"""Layers of an extracted subnet: plain PyTorch, with the names of the published extracted subnets."""

from collections.abc import Callable

from torch import Tensor, nn
from torch.nn import functional

from nascore.spaces.layers import Conv, Unit
from nascore.supernet.batch_norm import EPS, new_batch_norm
from nascore.supernet.containers import BlockLayers, Classifier, GateLayers

ACTIVATIONS: dict[str, type[nn.Module]] = {
    "relu": nn.ReLU,
    "relu6": nn.ReLU6,
    "hswish": nn.Hardswish,
    "hsigmoid": nn.Hardsigmoid,
}


def activation(shape: Conv) -> nn.Module:
    """Return what follows a layer; it works in place."""
    return ACTIVATIONS[shape.activation](inplace=True) if shape.activation else nn.Identity()


def gate(
    x: Tensor,
    reduce: Callable[[Tensor], Tensor],
    expand: Callable[[Tensor], Tensor],
    act: Callable[[Tensor], Tensor] = functional.relu6,
) -> Tensor:
    """Apply squeeze-and-excitation with an h-sigmoid to `(n, c, h, w)` activations (Howard et al., 2019).

    Parameters
    ----------
    reduce, expand
        The convolutions, from and to `(n, c, 1, 1)`.
    act
        What stands between them.
    """
    hidden = act(reduce(x.mean((2, 3), keepdim=True)))
    return x * functional.hardsigmoid(expand(hidden))


class SqueezeExcite(nn.Module):
    """A squeeze-and-excitation gate: two 1x1 convolutions on the pooled map."""

    def __init__(self, reduce: Conv, expand: Conv) -> None:
        super().__init__()
        self.fc = GateLayers(reduce, expand)
        self.act = activation(reduce)

    def forward(self, x: Tensor) -> Tensor:
        """Gate `(n, c, h, w)` activations."""
        return gate(x, self.fc.reduce, self.fc.expand, self.act)


class ConvBatchNorm(nn.Module):
    """Convolution, batch normalisation, an optional activation, an optional gate.

    Parameters
    ----------
    shape
        The shape of the convolution, with its activation.
    squeeze_excite
        The two layers of the gate, or empty.
    eps
        What the batch normalisation adds to variances.
    """

    def __init__(self, shape: Conv, *, squeeze_excite: tuple[Conv, ...] = (), eps: float = EPS) -> None:
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
        self.bn = new_batch_norm(shape.c_out, eps)
        self.act = activation(shape)
        self.se = SqueezeExcite(*squeeze_excite) if squeeze_excite else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """Apply the layer to `(n, c_in, in_size, in_size)` activations."""
        return self.after_conv(self.conv(x))

    def after_conv(self, x: Tensor) -> Tensor:
        """Apply what follows the convolution to its output."""
        y: Tensor = self.se(self.act(self.bn(x)))
        return y


class Block(nn.Module):
    """A block: an inverted residual, or the end of one that the first block is."""

    def __init__(self, unit: Unit, eps: float = EPS) -> None:
        super().__init__()
        gates = (unit.squeeze_excite if conv.groups > 1 else () for conv in unit.convs)
        layers = [
            ConvBatchNorm(conv, squeeze_excite=gate, eps=eps) for conv, gate in zip(unit.convs, gates, strict=True)
        ]
        self.mobile_inverted_conv = BlockLayers(layers)
        self.residual = unit.residual

    def forward(self, x: Tensor) -> Tensor:
        """Apply the block to `(n, c_in, in_size, in_size)` activations."""
        y = x
        for layer in self.mobile_inverted_conv:
            y = layer(y)
        return x + y if self.residual else y


def new_classifier(unit: Unit) -> Classifier[nn.Linear]:
    """Return the linear layers of a network's last unit, of which there may be two."""
    *hidden, last = unit.convs
    heads = [nn.Sequential(nn.Linear(conv.c_in, conv.c_out), activation(conv)) for conv in hidden]
    return Classifier(nn.Linear(last.c_in, last.c_out), *heads)
