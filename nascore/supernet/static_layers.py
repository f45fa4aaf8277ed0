"""Layers of an extracted subnet: plain PyTorch, with the names of the published extracted subnets."""

from collections.abc import Callable

from torch import Tensor, nn
from torch.nn import functional

from nascore.spaces.layers import Conv, Unit
from nascore.supernet.batch_norm import new_batch_norm
from nascore.supernet.containers import BlockLayers, Classifier, GateLayers

ACTIVATIONS: dict[str, type[nn.Module]] = {
    "": nn.Identity,
    "relu": nn.ReLU,
    "relu6": nn.ReLU6,
    "hswish": nn.Hardswish,
    "hsigmoid": nn.Hardsigmoid,
}


def activation(name: str) -> nn.Module:
    """Return an activation that works in place; the identity for no name."""
    return ACTIVATIONS[name](inplace=True)


def gate(
    x: Tensor,
    reduce: Callable[[Tensor], Tensor],
    expand: Callable[[Tensor], Tensor],
    act: Callable[[Tensor], Tensor],
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
        self.act = activation(reduce.activation)

    def forward(self, x: Tensor) -> Tensor:
        """Gate `(n, c, h, w)` activations."""
        return gate(x, self.fc.reduce, self.fc.expand, self.act)


class ConvBatchNorm(nn.Module):
    """Padding, convolution, batch normalisation, an optional activation, an optional gate.

    Parameters
    ----------
    shape
        The shape of the convolution, with its activation.
    squeeze_excite
        The two layers of the gate, or empty.
    eps
        What the batch normalisation adds to variances.
    """

    def __init__(self, shape: Conv, eps: float, *, squeeze_excite: tuple[Conv, ...] = ()) -> None:
        super().__init__()
        self.pad, self.conv = padded_conv(shape, bias=False)
        self.bn = new_batch_norm(shape.c_out, eps)
        self.act = activation(shape.activation)
        self.se = SqueezeExcite(*squeeze_excite) if squeeze_excite else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """Apply the layer to `(n, c_in, in_size, in_size)` activations."""
        return self.after_conv(self.convolved(x))

    def convolved(self, x: Tensor) -> Tensor:
        """Apply padding and convolution alone."""
        y: Tensor = self.conv(self.pad(x))
        return y

    def after_conv(self, x: Tensor) -> Tensor:
        """Apply what follows the convolution to its output."""
        y: Tensor = self.se(self.act(self.bn(x)))
        return y


class Block(nn.Module):
    """One unit of layers, with a residual sum where it has one."""

    def __init__(self, unit: Unit, eps: float) -> None:
        super().__init__()
        layers = [
            ConvBatchNorm(conv, eps, squeeze_excite=unit.squeeze_excite if number == unit.gated else ())
            for number, conv in enumerate(unit.convs)
        ]
        self.mobile_inverted_conv = BlockLayers(unit.layer_names, layers)
        self.residual = unit.residual
        self.shortcut = ConvBatchNorm(unit.shortcut, eps) if unit.shortcut else None
        self.act = activation(unit.activation)

    def forward(self, x: Tensor) -> Tensor:
        """Apply the block to `(n, c_in, in_size, in_size)` activations."""
        y = x
        for layer in self.mobile_inverted_conv:
            y = layer(y)
        return self.summed(x, y)

    def summed(self, x: Tensor, y: Tensor) -> Tensor:
        """Return the block's output from its input and that of its layers."""
        if not self.residual:
            return y
        total: Tensor = self.act((x if self.shortcut is None else self.shortcut(x)) + y)
        return total


def padded_conv(shape: Conv, *, bias: bool) -> tuple[nn.Module, nn.Conv2d]:
    """Return a convolution, and before it the padding that it cannot do itself: another one on each side."""
    before, behind = shape.pads
    own = before if before == behind else 0
    conv = nn.Conv2d(
        shape.c_in, shape.c_out, shape.kernel, shape.stride, padding=own, groups=shape.groups, bias=bias
    )  # fmt: skip
    return (nn.Identity() if before == behind else nn.ZeroPad2d((before, behind, before, behind))), conv


def new_classifier(unit: Unit) -> Classifier[nn.Linear]:
    """Return the linear layers of a network's last unit, of which there may be two."""
    *hidden, last = unit.convs
    heads = [nn.Sequential(nn.Linear(conv.c_in, conv.c_out), activation(conv.activation)) for conv in hidden]
    return Classifier(nn.Linear(last.c_in, last.c_out), *heads)
