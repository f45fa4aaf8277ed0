"""Weights that were read from somewhere become a network's, or an error says which of them does not fit."""

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import TypeVar

import torch
from torch import Tensor, nn

from nascore.errors import DataError

Network = TypeVar("Network", bound=nn.Module)


def filled(make: Callable[[], Network], tensors: Mapping[str, Tensor], where: str | Path) -> Network:
    """Return a new network with the given weights, on the CPU; no random generator is advanced.

    Parameters
    ----------
    make
        Makes the network.
    tensors
        The state dict.
    where
        What errors call the place that the state dict is from.

    Raises
    ------
    DataError
        If a weight is missing, surplus, not finite, or of another shape or type.
    """
    with torch.random.fork_rng(devices=[]):
        network = make()
    expected = network.state_dict()
    _check_names(tensors, expected, where)
    for name, entry in expected.items():
        value = tensors[name]
        if _described(value) != _described(entry):
            raise DataError(f"{where}: {name!r} is {_described(value)}; expected {_described(entry)}")
        if not value.isfinite().all():
            raise DataError(f"{where}: {name!r} holds values that are not finite")
    network.load_state_dict(tensors)
    return network


def _check_names(tensors: Mapping[str, Tensor], expected: Mapping[str, Tensor], where: str | Path) -> None:
    """Raise if a name is missing or surplus."""
    missing = [name for name in expected if name not in tensors]
    surplus = [name for name in tensors if name not in expected]
    if missing:
        near = get_close_matches(missing[0], surplus, n=1)
        instead = f"; there is {near[0]!r}, which no weight is called" if near else ""
        raise DataError(
            f"{where}: {missing[0]!r} is missing, {len(missing)} of {len(expected)} in all; expected "
            f"{_described(expected[missing[0]])}{instead}"
        )
    if surplus:
        raise DataError(
            f"{where}: {surplus[0]!r} is no weight of this network, {len(surplus)} such names in all; expected its "
            f"{len(expected)} and no others"
        )


def _described(value: Tensor) -> str:
    """Return type and shape of a tensor."""
    layout = "" if value.layout is torch.strided else ", sparse"
    return f"{str(value.dtype).removeprefix('torch.')} of shape {tuple(value.shape)}{layout}"
