"""Checks that the spaces share: of input resolutions, the number of classes, and architectures as dictionaries."""

from collections.abc import Mapping, Sequence
from typing import Any

from nascore.errors import SpaceError, unknown_name


def check_resolutions(resolutions: Sequence[int]) -> tuple[int, ...]:
    """Return input resolutions in increasing order, pixels.

    Raises
    ------
    SpaceError
        If they are empty, repeated, or not multiples of 8 from 32 to 1024 px.
    """
    valid = resolutions and all(isinstance(r, int) and 32 <= r <= 1024 and r % 8 == 0 for r in resolutions)
    if not valid or len(set(resolutions)) < len(resolutions):
        raise SpaceError(f"resolutions must be different multiples of 8, 32 to 1024 px; got {list(resolutions)}")
    return tuple(sorted(resolutions))


def check_classes(n_classes: int) -> int:
    """Return a number of classes.

    Raises
    ------
    SpaceError
        If it is not a whole number of at least 2.
    """
    if not isinstance(n_classes, int) or n_classes < 2:
        raise SpaceError(f"n_classes must be a whole number of at least 2; got {n_classes!r}")
    return n_classes


def check_keys(entry: Mapping[str, Any], keys: Sequence[str]) -> None:
    """Check that an architecture is a mapping with all of some keys and no others.

    Raises
    ------
    SpaceError
        Names the key.
    """
    if not isinstance(entry, Mapping):
        raise SpaceError(f"an architecture is a mapping with the keys {', '.join(keys)}; got {entry!r}")
    for key in entry:
        if key not in keys:
            raise SpaceError(unknown_name("architecture key", key, keys))
    for key in keys:
        if key not in entry:
            raise SpaceError(f"architecture key {key!r} is missing; expected {', '.join(keys)}")
