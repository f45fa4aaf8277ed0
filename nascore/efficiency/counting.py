"""What one unit of layers costs, from its shapes.

Everything is for batch size 1. The definitions, with sums over the layers of an architecture:

`macs`
    Multiply-accumulates of convolutions and linear layers: output elements x input channels per group x kernel area.
`thop_macs`
    The count that MIT 6.5940 lab 3 publishes. Its profiler (thop 0.1.1) also counts 4 per element of every batch
    normalisation input, although the lab means to leave those out: `macs + 4 * elements`.
`params`
    Weights, biases, and two per batch-normalisation channel.
`flash_bytes`
    The deployed int8 model after batch normalisation is folded: 1 byte per weight and 4 bytes (int32) per bias, where
    every layer has one bias per output channel. Quantisation scales and code are not part of it.
`peak_memory_bytes`
    The largest working set of activations, int8, tensors kept whole: input + output of a layer, and beside every
    layer of a residual unit but the first, whose input it is, the kept input of the unit. A shortcut's layer runs last,
    beside the output of the others. Weights, SE gates and pooling
    are not part of it. The published definition keeps it beside the depthwise layer alone, which in an inverted
    residual comes to the same maximum.
"""

from collections.abc import Callable

import numpy as np

from nascore.spaces.layers import Conv, Unit


def _weights(conv: Conv) -> int:
    return conv.c_out * (conv.c_in // conv.groups) * conv.kernel**2


def _inputs(conv: Conv) -> int:
    return conv.c_in * conv.in_size**2


def _outputs(conv: Conv) -> int:
    return conv.c_out * conv.out_size**2


def macs(unit: Unit) -> int:
    """Return the multiply-accumulates of a unit."""
    return sum(_weights(conv) * conv.out_size**2 for conv in unit.all_convs)


def thop_macs(unit: Unit) -> int:
    """Return the published count of multiply-accumulates of a unit."""
    return macs(unit) + 4 * sum(_outputs(conv) for conv in unit.all_convs if conv.batch_norm)


def params(unit: Unit) -> int:
    """Return the number of trainable parameters of a unit."""
    return sum(_weights(conv) + conv.c_out * (2 * conv.batch_norm + conv.bias) for conv in unit.all_convs)


def flash_bytes(unit: Unit) -> int:
    """Return the bytes of a unit's int8 weights and int32 biases."""
    return sum(_weights(conv) + 4 * conv.c_out for conv in unit.all_convs)


def peak_memory_bytes(unit: Unit) -> int:
    """Return the largest int8 working set of a unit, bytes."""
    first = unit.convs[0]
    kept = _inputs(first) if unit.residual else 0
    sets = [_inputs(conv) + _outputs(conv) + (kept if conv is not first else 0) for conv in unit.convs]
    if unit.shortcut:
        sets.append(_inputs(unit.shortcut) + _outputs(unit.shortcut) + _outputs(unit.convs[-1]))
    return max(sets)


METRICS: dict[str, tuple[Callable[[Unit], int], np.ufunc]] = {
    "macs": (macs, np.add),
    "thop_macs": (thop_macs, np.add),
    "peak_memory_bytes": (peak_memory_bytes, np.maximum),
    "params": (params, np.add),
    "flash_bytes": (flash_bytes, np.add),
}
"""Every counted metric: its cost of one unit, and how units combine."""
