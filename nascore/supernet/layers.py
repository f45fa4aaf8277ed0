"""Elastic layers: the widest weights, of which each subnet uses the first channels.

A layer is told what to be by a shape of `nascore.spaces.layers`; it keeps no active state, so two subnets can be in
the same step. `copy_to` gives a static layer the very weights that `forward` uses.

The names of modules follow the published checkpoint (`vww_supernet.pth`).
"""

from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from nascore.spaces.layers import Conv
from nascore.supernet.batch_norm import ElasticBatchNorm
from nascore.supernet.containers import GateLayers
from nascore.supernet.static_layers import ConvBatchNorm, SqueezeExcite, gate

ACTIVATIONS: dict[str, Callable[..., Tensor]] = {
    "relu": functional.relu,
    "relu6": functional.relu6,
    "hswish": functional.hardswish,
}


class ElasticConv(nn.Module):
    """A convolution of which a subnet uses the first output and input channels, with one of several kernel sizes.

    Smaller kernels are linear maps of the centres of larger ones: a kernel of 3 comes from that of 5, never straight
    from 7. The maps are learnt, shared by all channels of the layer, and start as the identity, i.e. as a plain crop
    (Cai et al., 2020, Once-for-All, §3.3). Of a grouped convolution a subnet uses the first groups.

    Parameters
    ----------
    widest
        The convolution with the most channels and the largest kernel.
    kernels
        The kernel sizes to choose from, ascending.
    """

    def __init__(self, widest: Conv, kernels: tuple[int, ...]) -> None:
        super().__init__()
        self.conv = nn.Conv2d(widest.c_in, widest.c_out, widest.kernel, groups=widest.groups, bias=False)
        self.kernels = kernels
        for small, large in pairwise(kernels):
            self.register_parameter(f"{large}to{small}_matrix", nn.Parameter(torch.eye(small**2)))

    def active(self, shape: Conv) -> Tensor:
        """Return the `(c_out, c_in / groups, kernel, kernel)` weights of a shape; a view of the largest kernel."""
        weight = self.conv.weight[: shape.c_out, : shape.c_in // shape.groups]
        for large, small in pairwise(reversed(self.kernels)):
            if large <= shape.kernel:
                break
            margin = (large - small) // 2
            centre = weight[:, :, margin : large - margin, margin : large - margin]
            kernel_map = self.get_parameter(f"{large}to{small}_matrix")
            weight = functional.linear(centre.reshape(-1, small**2), kernel_map).view(*weight.shape[:2], small, small)
        return weight

    def copy_from(self, weight: Tensor, shape: Conv) -> None:
        """Take over the weights of a shape, such that `active` gives them back while the maps are crops."""
        margin = (self.kernels[-1] - shape.kernel) // 2
        own = self.conv.weight[: shape.c_out, : shape.c_in // shape.groups]
        own.zero_()
        end = margin + shape.kernel
        own[:, :, margin:end, margin:end] = weight


class ElasticSqueezeExcite(nn.Module):
    """A squeeze-and-excitation gate whose bottleneck is as wide as the shape says."""

    def __init__(self, reduce: Conv, expand: Conv) -> None:
        super().__init__()
        self.fc = GateLayers(reduce, expand)
        self.act = ACTIVATIONS[reduce.activation]

    def forward(self, x: Tensor, bottleneck: int) -> Tensor:
        """Gate `(n, c, h, w)` activations."""
        reduce, reduce_bias, expand, expand_bias = self.active(x.shape[1], bottleneck)
        return gate(
            x,
            lambda pooled: functional.conv2d(pooled, reduce, reduce_bias),
            lambda hidden: functional.conv2d(hidden, expand, expand_bias),
            self.act,
        )

    def active(self, mid: int, bottleneck: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return views of weight and bias of both layers, for `mid` gated channels."""
        return self.fc.active(mid, bottleneck)

    def copy_from(self, source: SqueezeExcite) -> None:
        """Take over the entries of a subnet's gate."""
        reduce = source.fc.reduce
        for entry, value in zip(self.active(reduce.in_channels, reduce.out_channels), source.parameters(), strict=True):
            entry.copy_(value)

    def copy_to(self, target: SqueezeExcite) -> None:
        """Copy the active entries into the gate of a subnet."""
        reduce = target.fc.reduce
        for entry, value in zip(target.parameters(), self.active(reduce.in_channels, reduce.out_channels), strict=True):
            entry.copy_(value)


class ElasticConvBatchNorm(nn.Module):
    """An elastic convolution, its batch normalisation, an optional activation, and an optional gate.

    Parameters
    ----------
    widest, kernels
        See `ElasticConv`.
    eps
        What the batch normalisation adds to variances.
    squeeze_excite
        The two layers of the gate at their widest, or empty.
    """

    def __init__(
        self, widest: Conv, kernels: tuple[int, ...], eps: float, *, squeeze_excite: tuple[Conv, ...] = ()
    ) -> None:
        super().__init__()
        self.conv = ElasticConv(widest, kernels)
        self.bn = ElasticBatchNorm(widest.c_out, eps)
        self.act = ACTIVATIONS[widest.activation] if widest.activation else None
        self.se = ElasticSqueezeExcite(*squeeze_excite) if squeeze_excite else None

    def forward(self, x: Tensor, shape: Conv, squeeze_excite: tuple[Conv, ...] = ()) -> Tensor:
        """Apply the layer as one shape to `(n, c_in, in_size, in_size)` activations."""
        weight, (padding, behind) = self.conv.active(shape), shape.pads
        if padding != behind:
            x, padding = functional.pad(x, (padding, behind, padding, behind)), 0
        # Taps that reach over the whole map see padding alone. Without them the gradient of a 7x7 kernel on a 2x2 map
        # takes a tenth of the time.
        elif (margin := padding - (shape.in_size - 1)) > 0:
            weight, padding = weight[:, :, margin:-margin, margin:-margin], padding - margin
        x = functional.conv2d(x, weight, stride=shape.stride, padding=padding, groups=shape.groups)
        x = self.bn(x)
        if self.act is not None:
            x = self.act(x, inplace=True)
        return self.se(x, squeeze_excite[0].c_out) if self.se is not None and squeeze_excite else x

    def copy_from(self, source: ConvBatchNorm, shape: Conv) -> None:
        """Take over the entries of a subnet's layer."""
        self.conv.copy_from(source.conv.weight, shape)
        self.bn.copy_from(source.bn)
        if self.se is not None and isinstance(source.se, SqueezeExcite):
            self.se.copy_from(source.se)

    def copy_to(self, target: ConvBatchNorm, shape: Conv) -> None:
        """Copy the active entries into the layer of a subnet."""
        target.conv.weight.copy_(self.conv.active(shape))
        self.bn.copy_to(target.bn)
        if self.se is not None and isinstance(target.se, SqueezeExcite):
            self.se.copy_to(target.se)


class ElasticLinear(nn.Module):
    """A linear layer of which a subnet uses the first inputs."""

    def __init__(self, max_inputs: int, outputs: int) -> None:
        super().__init__()
        self.linear = nn.Linear(max_inputs, outputs)

    def forward(self, x: Tensor) -> Tensor:
        """Apply to `(n, c)` activations."""
        return functional.linear(x, self.linear.weight[:, : x.shape[1]], self.linear.bias)

    def copy_to(self, target: nn.Linear) -> None:
        """Copy the active entries into the linear layer of a subnet."""
        target.weight.copy_(self.linear.weight[:, : target.in_features])
        target.bias.copy_(self.linear.bias)

    def copy_from(self, source: nn.Linear) -> None:
        """Take over the entries of a subnet's linear layer."""
        self.linear.weight[:, : source.in_features] = source.weight
        self.linear.bias.copy_(source.bias)
