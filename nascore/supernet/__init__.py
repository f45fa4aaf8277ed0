"""The once-for-all supernet: one set of weights, every subnet of a space; needs torch."""

from dataclasses import replace

from nascore.spaces import OfaMcunet
from nascore.supernet.subnet import Subnet
from nascore.supernet.supernet import Supernet

__all__ = ["Subnet", "Supernet", "build_supernet"]


def build_supernet(space: OfaMcunet, n_classes: int | None = None) -> Supernet:
    """Make the supernet of a space, with PyTorch's default weights; see `nascore.supernet.initialise` for others.

    Parameters
    ----------
    space
        The design space; whether it is restricted changes nothing.
    n_classes
        Outputs of the classifier, where they are not the space's.
    """
    return Supernet(space if n_classes is None else replace(space, n_classes=n_classes))
