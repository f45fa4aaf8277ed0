"""Shapes of layers: what a cost, a latency table or a network builder needs to know about one.

No weights and no arithmetic of costs; see `nascore.efficiency` and `nascore.supernet` for those.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate


def make_divisible(value: float, divisor: int = 8) -> int:
    """Round a channel count to a multiple of `divisor`, as MobileNet does.

    Rounds half up, never below `divisor`, and never loses more than 10 % of `value`
    (Sandler et al., 2018, reference implementation).
    """
    rounded = max(divisor, int(value + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < 0.9 * value else rounded


@dataclass(frozen=True)
class Conv:
    """A square convolution with an odd kernel; a linear layer is a 1x1 one on a 1x1 map.

    Parameters
    ----------
    c_in, c_out, kernel, stride, groups
        As usual. `groups` equals `c_in` for a depthwise convolution.
    in_size
        Height and width of the input map, pixels.
    batch_norm
        Whether a batch normalisation follows, which inference folds into the weights and a bias.
    bias
        Whether the layer has a bias of its own.
    activation
        What follows: ``"relu"``, ``"relu6"``, ``"hswish"``, ``"hsigmoid"``, or nothing.
    padding
        ``"symmetric"``: `kernel // 2` zeros on every side, as in PyTorch; ``"same"``: as few as the output needs, more
        behind the map than before it, as in TensorFlow. They differ where the stride is above 1.
    """

    c_in: int
    c_out: int
    kernel: int
    stride: int
    in_size: int
    groups: int = 1
    batch_norm: bool = True
    bias: bool = False
    activation: str = ""
    padding: str = "symmetric"

    @property
    def out_size(self) -> int:
        """Height and width of the output map, pixels; the same for both kinds of padding."""
        return (self.in_size - 1) // self.stride + 1

    @property
    def pads(self) -> tuple[int, int]:
        """Rows (and columns) of zeros before and behind the map."""
        if self.padding == "symmetric":
            return self.kernel // 2, self.kernel // 2
        total = max((self.out_size - 1) * self.stride + self.kernel - self.in_size, 0)
        return total // 2, total - total // 2


@dataclass(frozen=True)
class Unit:
    """Layers that run one after the other: a block, or a fixed layer such as the stem.

    Parameters
    ----------
    convs
        The layers on feature maps, in order.
    squeeze_excite
        The two 1x1 layers of a squeeze-and-excitation gate on the pooled map, or empty. It stands behind layer number
        `gated`.
    residual
        Whether the unit's input is kept and added to its output.
    pooled_from
        Height and width of the map that is averaged to one pixel before the first layer; 0: none is.
    shortcut
        The layer that brings the kept input to the shape of the output, where it has another.
    activation
        What follows the sum of a residual unit; see `Conv`.
    """

    convs: tuple[Conv, ...]
    squeeze_excite: tuple[Conv, ...] = ()
    residual: bool = False
    pooled_from: int = 0
    shortcut: Conv | None = None
    activation: str = ""

    @property
    def gated(self) -> int:
        """Number of the layer that the gate stands behind: the depthwise or grouped one, or else the last."""
        return next((number for number, conv in enumerate(self.convs) if conv.groups > 1), len(self.convs) - 1)

    @property
    def layer_names(self) -> tuple[str, ...]:
        """Names of `convs`, those of the published OFA-MCUNet checkpoint where it has such a layer."""
        names = []
        for number, conv in enumerate(self.convs):
            before_grouped = any(other.groups > 1 for other in self.convs[number + 1 :])
            if conv.groups > 1:
                names.append("depth_conv")
            elif conv.kernel == 1 and before_grouped:
                names.append("inverted_bottleneck")
            elif conv.kernel == 1 and number == len(self.convs) - 1:
                names.append("point_linear")
            else:
                names.append(f"conv{number + 1}")
        return tuple(names)

    @property
    def all_convs(self) -> tuple[Conv, ...]:
        """All layers: those on feature maps, the shortcut's, and the gate's."""
        return (*self.convs, *([self.shortcut] if self.shortcut else ()), *self.squeeze_excite)


def sizes_behind(size: int, strides: Sequence[int]) -> list[int]:
    """Return the height and width of a map behind each of some strided layers, pixels; see `Conv.out_size`."""
    return list(accumulate(strides, lambda before, stride: (before - 1) // stride + 1, initial=size))[1:]


def gate_layers(channels: int, inner: int, activation: str) -> tuple[Conv, Conv]:
    """Return the two layers of a squeeze-and-excitation gate on some channels; behind the second is an h-sigmoid."""
    return (
        Conv(channels, inner, 1, 1, 1, batch_norm=False, bias=True, activation=activation),
        Conv(inner, channels, 1, 1, 1, batch_norm=False, bias=True, activation="hsigmoid"),
    )


def inverted_residual(
    c_in: int,
    c_out: int,
    *,
    expand: int,
    kernel: int,
    stride: int,
    in_size: int,
    activation: str,
    gate_activation: str,
    se_channels: int = 0,
    residual: bool = False,
) -> Unit:
    """Return the mobile inverted bottleneck: expand 1x1, depthwise, optional SE, project 1x1.

    Parameters
    ----------
    activation
        What follows the expansion and the depthwise convolution.
    gate_activation
        What stands between the two layers of the SE gate; behind the second is an h-sigmoid.
    se_channels
        Width of the SE bottleneck; 0 for a block without SE.
    """
    mid = make_divisible(round(c_in * expand))
    depthwise = Conv(mid, mid, kernel, stride, in_size, groups=mid, activation=activation)
    out_size = depthwise.out_size
    gate = gate_layers(mid, se_channels, gate_activation) if se_channels else ()
    expansion = Conv(c_in, mid, 1, 1, in_size, activation=activation)
    return Unit((expansion, depthwise, Conv(mid, c_out, 1, 1, out_size)), gate, residual)
