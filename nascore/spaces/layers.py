"""Shapes of layers: what a cost, a latency table or a network builder needs to know about one.

No weights and no arithmetic of costs; see `nascore.efficiency` and `nascore.supernet` for those.
"""

from dataclasses import dataclass


def make_divisible(value: float, divisor: int = 8) -> int:
    """Round a channel count to a multiple of `divisor`, as MobileNet does.

    Rounds half up, never below `divisor`, and never loses more than 10 % of `value`
    (Sandler et al., 2018, reference implementation).
    """
    rounded = max(divisor, int(value + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < 0.9 * value else rounded


@dataclass(frozen=True)
class Conv:
    """A square convolution with padding `kernel // 2`; a linear layer is a 1x1 one on a 1x1 map.

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

    @property
    def out_size(self) -> int:
        """Height and width of the output map, pixels."""
        return (self.in_size - 1) // self.stride + 1


@dataclass(frozen=True)
class Unit:
    """Layers that run one after the other: a block, or a fixed layer such as the stem.

    Parameters
    ----------
    convs
        The layers on feature maps, in order.
    squeeze_excite
        The two 1x1 layers of a squeeze-and-excitation gate on the pooled map, or empty.
    residual
        Whether the unit's input is kept and added to its output.
    pooled_from
        Height and width of the map that is averaged to one pixel before the first layer; 0: none is.
    """

    convs: tuple[Conv, ...]
    squeeze_excite: tuple[Conv, ...] = ()
    residual: bool = False
    pooled_from: int = 0


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
    gate: tuple[Conv, ...] = ()
    if se_channels:
        gate = (
            Conv(mid, se_channels, 1, 1, 1, batch_norm=False, bias=True, activation=gate_activation),
            Conv(se_channels, mid, 1, 1, 1, batch_norm=False, bias=True, activation="hsigmoid"),
        )
    expansion = Conv(c_in, mid, 1, 1, in_size, activation=activation)
    return Unit((expansion, depthwise, Conv(mid, c_out, 1, 1, out_size)), gate, residual)
