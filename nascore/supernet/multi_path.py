"""A block of the one-shot network in which every image of a batch takes an operation of its own.

Images are grouped, so that a layer computes what was chosen and no more, and a batch normalisation sees the images
that chose it, and no others. (The published code computes every operation for every image and masks the results, so
its batch normalisations see the whole batch.)

Narrow operations use the first channels of the widest. The channels therefore form *bands*, between the widths that
there are; a band is computed for the images whose operation is wide enough to have it.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from nascore.spaces.layers import Unit
from nascore.supernet.batch_norm import ElasticBatchNorm
from nascore.supernet.containers import GateLayers
from nascore.supernet.static_layers import Block, ConvBatchNorm, SqueezeExcite, gate

Indices = NDArray[np.int64]

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {"relu": functional.relu, "hswish": functional.hardswish}


class MultiPathBlock(nn.Module):
    """An inverted residual whose operations share the 1x1 convolutions and the gate.

    Each kernel size has depthwise weights and a batch normalisation of its own; so has, behind the projection, each
    pair of a width and a gate, on or off.

    Parameters
    ----------
    units
        The block with each operation, in their order.
    eps
        What batch normalisations add to variances.
    """

    def __init__(self, units: Sequence[Unit], eps: float) -> None:
        super().__init__()
        widest = max(units, key=lambda unit: (unit.convs[0].c_out, len(unit.squeeze_excite)))
        expand, depthwise, project = widest.convs
        self.residual, self.stride, self.act = widest.residual, depthwise.stride, ACTIVATIONS[expand.activation]
        self.mid = np.array([unit.convs[0].c_out for unit in units])
        self.kernel = np.array([unit.convs[1].kernel for unit in units])
        self.bottleneck = np.array([unit.squeeze_excite[0].c_out if unit.squeeze_excite else 0 for unit in units])
        self.widths = sorted(set(self.mid.tolist()))

        self.expand = nn.Conv2d(expand.c_in, expand.c_out, 1, bias=False)
        self.bn1 = ElasticBatchNorm(expand.c_out, eps)
        self.depthwise, self.bn2, self.bn3 = nn.ModuleDict(), nn.ModuleDict(), nn.ModuleDict()
        for kernel in sorted(set(self.kernel.tolist())):
            self.depthwise[str(kernel)] = nn.Conv2d(expand.c_out, expand.c_out, kernel, groups=expand.c_out, bias=False)
            self.bn2[str(kernel)] = ElasticBatchNorm(expand.c_out, eps)
        self.gate = GateLayers(*widest.squeeze_excite)
        self.project = nn.Conv2d(project.c_in, project.c_out, 1, bias=False)
        for op in range(len(units)):
            self.bn3[self._pair(op)] = ElasticBatchNorm(project.c_out, eps)

    def forward(self, x: Tensor, ops: Indices, taken: NDArray[np.bool_]) -> Tensor:
        """Apply to each image its own operation.

        Parameters
        ----------
        x
            `(n, c_in, h, w)` activations; `n` may be 0.
        ops
            The `(n,)` operation of each image.
        taken
            `(n_ops,)`: which operations any image takes, in all processes of a training; the others are not run.
        """
        order = np.argsort(-self.mid[ops], kind="stable")  # the images of a band are then the first ones
        y = self._projected(self._bands(picked(x, order), ops[order], taken), ops[order], taken)
        y = picked(y, np.argsort(order, kind="stable"))
        return x + y if self.residual else y

    def _bands(self, x: Tensor, ops: Indices, taken: NDArray[np.bool_]) -> list[Tensor]:
        """Return the outputs of the depthwise convolution, one tensor per band of channels."""
        bands = []
        for start, stop in pairwise([0, *self.widths]):
            wide = taken & (self.mid >= stop)
            if not wide.any():
                break
            n = int((self.mid[ops] >= stop).sum())
            y = self.act(self.bn1(functional.conv2d(x[:n], self.expand.weight[start:stop]), start))
            bands.append(self._depthwise(y, ops[:n], wide, start))
        return bands

    def _depthwise(self, x: Tensor, ops: Indices, taken: NDArray[np.bool_], start: int) -> Tensor:
        """Apply to each image the depthwise convolution of its kernel size, for the channels from `start` on."""
        parts, rows = [], []
        for kernel in np.unique(self.kernel[taken]):
            rows.append(np.flatnonzero(self.kernel[ops] == kernel))
            weight = self._kernels(int(kernel))[start : start + x.shape[1]]
            y = functional.conv2d(
                picked(x, rows[-1]), weight, stride=self.stride, padding=int(kernel) // 2, groups=x.shape[1]
            )
            parts.append(self.act(self.bn2[str(kernel)](y, start)))
        return merged(parts, rows)

    def _projected(self, bands: Sequence[Tensor], ops: Indices, taken: NDArray[np.bool_]) -> Tensor:
        """Put the bands of each width together and apply gate and projection; widest first, as the images are."""
        parts = []
        for n_bands, width in reversed(list(enumerate(self.widths, start=1))):
            same = taken & (self.mid == width)
            if same.any():
                start, stop = int((self.mid[ops] > width).sum()), int((self.mid[ops] >= width).sum())
                y = torch.cat([band[start:stop] for band in bands[:n_bands]], 1)
                parts.append(self._project(y, ops[start:stop], same))
        return torch.cat(parts)

    def _project(self, x: Tensor, ops: Indices, taken: NDArray[np.bool_]) -> Tensor:
        """Apply gate and projection to images of one width."""
        parts, rows = [], []
        for bottleneck in np.unique(self.bottleneck[taken]):
            rows.append(np.flatnonzero(self.bottleneck[ops] == bottleneck))
            y = picked(x, rows[-1])
            if bottleneck:
                y = self._gated(y, int(bottleneck))
            y = functional.conv2d(y, self.project.weight[:, : x.shape[1]])
            op = int(np.flatnonzero(taken & (self.bottleneck == bottleneck))[0])
            parts.append(self.bn3[self._pair(op)](y))
        return merged(parts, rows)

    def _gated(self, x: Tensor, bottleneck: int) -> Tensor:
        """Apply the gate at the width of its input."""
        first, first_bias, second, second_bias = self.gate.active(x.shape[1], bottleneck)
        return gate(
            x,
            lambda pooled: functional.conv2d(pooled, first, first_bias),
            lambda hidden: functional.conv2d(hidden, second, second_bias),
            functional.relu,
        )

    def last_batch_norms(self) -> list[ElasticBatchNorm]:
        """Return what normalises the block's output, one for each pair of a width and a gate."""
        return [layer for layer in self.bn3.values() if isinstance(layer, ElasticBatchNorm)]

    def copy_to(self, target: Block, op: int) -> None:
        """Copy the entries that an operation uses into the block of a static network."""
        expand, depthwise, project = target.mobile_inverted_conv
        mid, kernel = int(self.mid[op]), int(self.kernel[op])
        copies: list[tuple[ConvBatchNorm, Tensor, nn.Module]] = [
            (expand, self.expand.weight[:mid], self.bn1),
            (depthwise, self._kernels(kernel)[:mid], self.bn2[str(kernel)]),
            (project, self.project.weight[:, :mid], self.bn3[self._pair(op)]),
        ]
        for layer, weight, batch_norm in copies:
            assert isinstance(batch_norm, ElasticBatchNorm)
            layer.conv.weight.copy_(weight)
            batch_norm.copy_to(layer.bn)
        if isinstance(depthwise.se, SqueezeExcite):
            weights = self.gate.active(mid, int(self.bottleneck[op]))
            for entry, value in zip(depthwise.se.parameters(), weights, strict=True):
                entry.copy_(value)

    def _kernels(self, size: int) -> Tensor:
        """Return the depthwise weights of a kernel size."""
        conv = self.depthwise[str(size)]
        assert isinstance(conv, nn.Conv2d)
        return conv.weight

    def _pair(self, op: int) -> str:
        """Return the name of the last batch normalisation of an operation."""
        return f"{self.mid[op]}_se" if self.bottleneck[op] else str(self.mid[op])


def picked(x: Tensor, rows: Indices) -> Tensor:
    """Return some rows of a tensor; the tensor itself where they are all, in their order."""
    if len(rows) == len(x) and (rows == np.arange(len(rows))).all():
        return x
    return x[torch.from_numpy(rows).to(x.device)]


def merged(parts: Sequence[Tensor], rows: Sequence[Indices]) -> Tensor:
    """Return one tensor of parts whose rows have the given numbers, each once."""
    return picked(torch.cat(list(parts)) if len(parts) > 1 else parts[0], np.argsort(np.concatenate(rows)))
