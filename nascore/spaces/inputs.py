"""What spaces of image classifiers ask of their input resolutions and their number of classes."""

from collections.abc import Sequence

from nascore.errors import SpaceError


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
