"""Supernets: one set of weights, every subnet of a space; needs torch."""

from dataclasses import replace
from typing import overload

from nascore.spaces import Binas, OfaMcunet
from nascore.supernet.binas import BinasSupernet
from nascore.supernet.subnet import Subnet
from nascore.supernet.supernet import Supernet

__all__ = ["AnySupernet", "BinasSupernet", "Subnet", "Supernet", "build_supernet"]

AnySupernet = Supernet | BinasSupernet


@overload
def build_supernet(space: OfaMcunet, n_classes: int | None = None) -> Supernet: ...


@overload
def build_supernet(space: Binas, n_classes: int | None = None) -> BinasSupernet: ...


def build_supernet(space: OfaMcunet | Binas, n_classes: int | None = None) -> AnySupernet:
    """Make the supernet of a space, with PyTorch's default weights; see `nascore.supernet.initialise` for others.

    Parameters
    ----------
    space
        The design space; whether it is restricted changes nothing.
    n_classes
        Outputs of the classifier, where they are not the space's.
    """
    if n_classes is not None:
        space = replace(space, n_classes=n_classes)
    return BinasSupernet(space) if isinstance(space, Binas) else Supernet(space)
