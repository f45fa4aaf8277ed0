"""Supernets: one set of weights, every subnet of a space; needs torch."""

from dataclasses import replace
from typing import Any

from nascore.spaces.staged import StagedSpace
from nascore.supernet.multi_path_supernet import MultiPathSupernet
from nascore.supernet.subnet import Subnet
from nascore.supernet.supernet import Supernet

__all__ = ["AnySupernet", "MultiPathSupernet", "Subnet", "Supernet", "build_supernet"]

AnySupernet = Supernet | MultiPathSupernet


def build_supernet(space: StagedSpace, n_classes: int | None = None) -> Any:
    """Make the supernet of a space, with PyTorch's default weights; see `nascore.supernet.initialise` for others.

    Parameters
    ----------
    space
        The design space; whether it is restricted changes nothing.
    n_classes
        Outputs of the classifier, where they are not the space's.

    Returns
    -------
    AnySupernet
        Of the kind that the space says; see `nascore.spaces.staged.StagedSpace.supernet`.
    """
    if n_classes is not None:
        options: dict[str, Any] = {"n_classes": n_classes}
        space = replace(space, **options)
    return MultiPathSupernet(space) if space.supernet == "multi_path" else Supernet(space)
