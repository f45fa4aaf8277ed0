"""What makes two layers equally fast on one machine: the key of a latency table.

A signature holds everything about a unit that its latency depends on, and nothing else: what is measured is built from
the signature, so two units of one signature are one measurement. The batch, the data type, the backend with its version
and the number of threads are the same for a whole table; see `nascore.latency_files.Setting`.
"""

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Self

import numpy as np

from nascore.errors import DataError
from nascore.spaces.layers import Conv, Unit
from nascore.spaces.staged import StagedSpace

LINEAR = "-"
"""How a layer without activation is written."""


@dataclass(frozen=True, order=True)
class LayerSignature:
    """The signature of one unit.

    Parameters
    ----------
    operation
        ``"conv"``; ``"separable"`` (depthwise, 1x1); ``"inverted_residual"`` (1x1, depthwise, 1x1); ``"classifier"``
        (average over the map, then one or two linear layers).
    c_in, c_mid, c_out
        Channels; `c_mid` is that of the depthwise convolution, or of the first of two linear layers, else 0.
    kernel, stride
        Of the depthwise convolution where there is one.
    height, width
        Of the input map, pixels.
    se
        Channels inside the squeeze-and-excitation gate; 0 without one.
    activation
        What follows each layer, in order, and each layer of the gate: ``"relu6,relu6,-;relu6,hsigmoid"``.
    residual
        Whether the input is added to the output.
    """

    operation: str
    c_in: int
    c_mid: int
    c_out: int
    kernel: int
    stride: int
    height: int
    width: int
    se: int
    activation: str
    residual: bool

    def __str__(self) -> str:
        channels = "→".join(str(c) for c in (self.c_in, self.c_mid, self.c_out) if c)
        gate = f", SE {self.se}" if self.se else ""
        residual = ", residual" if self.residual else ""
        return (
            f"{self.operation} {channels}, kernel {self.kernel}, stride {self.stride}, {self.height}x{self.width}"
            f"{gate}, {self.activation}{residual}"
        )

    @classmethod
    def of(cls, unit: Unit) -> Self:
        """Return the signature of a unit.

        Raises
        ------
        DataError
            If the unit is something that a signature cannot say, so that no entry would stand for it.
        """
        key = next((conv for conv in unit.convs if conv.groups > 1), unit.convs[0])
        signature = cls(
            operation="classifier" if unit.pooled_from else _OPERATIONS.get(len(unit.convs), "unknown"),
            c_in=unit.convs[0].c_in,
            c_mid=unit.convs[-1].c_in if len(unit.convs) > 1 else 0,
            c_out=unit.convs[-1].c_out,
            kernel=key.kernel,
            stride=key.stride,
            height=unit.pooled_from or unit.convs[0].in_size,
            width=unit.pooled_from or unit.convs[0].in_size,
            se=unit.squeeze_excite[0].c_out if unit.squeeze_excite else 0,
            activation=";".join(_written(convs) for convs in (unit.convs, unit.squeeze_excite) if convs),
            residual=unit.residual,
        )
        if signature.operation == "unknown" or signature.unit() != _deployed(unit):
            raise DataError(
                f"latency tables hold single convolutions, separable convolutions, inverted residuals and classifiers "
                f"on square maps; this unit is none of them: {unit}"
            )
        return signature

    def unit(self) -> Unit:
        """Return the unit to measure: as deployed, each batch normalisation folded into a bias."""
        written, _, gate_written = self.activation.partition(";")
        activations = ["" if name == LINEAR else name for name in written.split(",")]
        size, mid, k, s = self.height, self.c_mid, self.kernel, self.stride
        if self.operation == "classifier":
            widths = [self.c_in, *([mid] if mid else []), self.c_out]
            convs = [Conv(a, b, 1, 1, 1) for a, b in pairwise(widths)]
        elif self.operation == "conv":
            convs = [Conv(self.c_in, self.c_out, k, s, size)]
        else:
            depthwise = Conv(mid, mid, k, s, size, groups=mid)
            convs = [depthwise, Conv(mid, self.c_out, 1, 1, depthwise.out_size)]
            if self.operation == "inverted_residual":
                convs = [Conv(self.c_in, mid, 1, 1, size), *convs]
        gate = [Conv(mid, self.se, 1, 1, 1), Conv(self.se, mid, 1, 1, 1)] if self.se else []
        return Unit(
            _with(convs, activations),
            _with(gate, gate_written.split(",")) if gate else (),
            self.residual,
            size if self.operation == "classifier" else 0,
        )


_OPERATIONS = {1: "conv", 2: "separable", 3: "inverted_residual"}
"""Number of layers on the map -> operation."""


def _written(convs: tuple[Conv, ...]) -> str:
    """Write the activations of layers."""
    return ",".join(conv.activation or LINEAR for conv in convs)


def _with(convs: list[Conv], activations: list[str]) -> tuple[Conv, ...]:
    """Return layers as deployed, with their activations."""
    pairs = zip(convs, activations, strict=True)
    return tuple(replace(conv, batch_norm=False, bias=True, activation=name) for conv, name in pairs)


def _deployed(unit: Unit) -> Unit:
    """Return a unit with its batch normalisations folded."""
    convs, gate = (
        tuple(replace(conv, batch_norm=False, bias=True) for conv in part) for part in (unit.convs, unit.squeeze_excite)
    )
    return replace(unit, convs=convs, squeeze_excite=gate)


def layers_of(space: StagedSpace) -> list[LayerSignature]:
    """Return the distinct signatures of the searched part of a space: what its latency table must hold."""
    units: set[Unit] = set()
    for g in space.allowed_globals:
        units |= set(space.fixed_units(int(g)))
        units |= {space.block_unit(int(g), int(b), int(op)) for b, op in np.argwhere(space.allowed_ops)}
    return sorted({LayerSignature.of(unit) for unit in units})
