"""Latency as a cost like the others: a table of layer latencies becomes the `BlockTable` of a space. NumPy only.

The latency of a network is the sum over its layers, once the fixed ones, without what a call costs by itself, which a
network pays once; then the linear correction, where the table has one. All in milliseconds, float64.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nascore.errors import DataError
from nascore.latency_files import LayerLatencies
from nascore.layer_signature import LayerSignature
from nascore.spaces.block_table import BlockTable
from nascore.spaces.layers import Unit
from nascore.spaces.staged import StagedSpace

NEVER = 1e9
"""Milliseconds of what a restricted space does not allow: within no limit, and finite, so that 0 times it is 0."""

GRAIN = 2.0**-40
"""Milliseconds of which every entry is a whole number: sums of up to 8 s are then exact, in whatever order."""


def read_latency_table(path: str | Path, **expected: Any) -> LayerLatencies:
    """Read a table, and refuse one of another setting than the caller's.

    Parameters
    ----------
    **expected
        Fields of `nascore.latency_files.Setting` and what they must be, e.g. ``threads=1``.

    Raises
    ------
    DataError
        See `LayerLatencies.read` and `Setting.check`.
    """
    table = LayerLatencies.read(path)
    table.setting.check(expected, str(path))
    return table


def latency_block_table(space: StagedSpace, table: LayerLatencies) -> BlockTable:
    """Return the latency of every block of a space, milliseconds.

    Parameters
    ----------
    space
        The design space. Where it is restricted, only what it allows must be in the table; the rest is `NEVER`.

    Raises
    ------
    DataError
        If a layer is missing from the table, or its correction is of another space.
    """
    own = _own_times(table)
    shape = (len(space.global_values), space.n_blocks, space.n_ops)
    fixed, blocks = np.full(shape[0], NEVER), np.full(shape, NEVER)
    for g in space.allowed_globals.tolist():
        fixed[g] = sum(_look_up(own, unit, table) for unit in space.fixed_units(g)) + _call_ms(table)
        for block, op in np.argwhere(space.allowed_ops).tolist():
            blocks[g, block, op] = _look_up(own, space.block_unit(g, block, op), table)
    correction = table.correction
    if correction is None:
        return BlockTable(_exact(fixed), _exact(blocks))
    if correction.space != space.identity:
        raise DataError(
            f"the latency table of {table.setting.device!r} is corrected for space {correction.space!r}; "
            f"expected {space.identity!r}: fit the correction on networks of the space"
        )
    return BlockTable(_exact(correction.slope * fixed + correction.intercept_ms), _exact(correction.slope * blocks))


def latencies_by_device(paths: Iterable[str | Path], space: StagedSpace) -> dict[str, BlockTable]:
    """Return the latency of every block of a space, milliseconds, by the device that each file says it is of.

    Raises
    ------
    DataError
        If a file is not a latency table, lacks a layer of the space, or two are of one device.
    """
    found: dict[str, BlockTable] = {}
    for path in paths:
        table = read_latency_table(path)
        if table.setting.device in found:
            raise DataError(f"{path} is a second latency table of device {table.setting.device!r}")
        found[table.setting.device] = latency_block_table(space, table)
    return found


def _exact(milliseconds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return times in whole grains, so that no search and no check differ on whether a sum is within a limit."""
    rounded: NDArray[np.float64] = np.round(milliseconds / GRAIN) * GRAIN
    return rounded


def _own_times(table: LayerLatencies) -> dict[LayerSignature, float]:
    """Return the milliseconds of each layer without the call around it."""
    own = np.maximum(table.rows["median_ms"] - table.rows["call_ms"], 0)
    return dict(zip(table.signatures, own.tolist(), strict=True))


def _call_ms(table: LayerLatencies) -> float:
    """Return what one call costs by itself."""
    return float(table.rows["call_ms"].median())


def _look_up(own: Mapping[LayerSignature, float], unit: Unit, table: LayerLatencies) -> float:
    """Return the latency of a unit, or say how to measure it."""
    signature = LayerSignature.of(unit)
    if signature not in own:
        setting = table.setting
        raise DataError(
            f"the latency table of {setting.device!r} ({setting.backend}, {len(own)} layers) has no entry for "
            f"{signature}. Measure what is missing on that machine: nascore.evaluation.latency.measure_layers with "
            "layers_of(space) keeps the entries that are there."
        )
    return own[signature]


def without_correction(table: LayerLatencies) -> LayerLatencies:
    """Return a table as it was measured."""
    return replace(table, correction=None)
