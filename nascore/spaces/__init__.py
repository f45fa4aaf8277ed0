"""Design spaces: what an architecture is. NumPy only.

A space of one's own is a description, see `nascore.spaces.description`; the published ones are classes.
"""

import inspect
from collections.abc import Callable
from typing import Any

from nascore.errors import SpaceError, unknown_name
from nascore.spaces.binas import Binas
from nascore.spaces.described import DescribedSpace
from nascore.spaces.ofa_mcunet import OfaMcunet
from nascore.spaces.staged import Choice, Genes, Stage, StagedSpace

__all__ = [
    "Binas",
    "Choice",
    "DescribedSpace",
    "Genes",
    "OfaMcunet",
    "Stage",
    "StagedSpace",
    "get_space",
    "space_names",
]

_BUILDERS: dict[str, Callable[..., StagedSpace]] = {"ofa_mcunet": OfaMcunet.build, "binas": Binas.build}


DEFAULT_SPACE = "ofa_mcunet"
"""The space where none is named."""


def space_names() -> list[str]:
    """Return the names of the published spaces, which `get_space` knows."""
    return list(_BUILDERS)


def get_space(name: str, **options: Any) -> Any:
    """Return a design space by name.

    Parameters
    ----------
    name
        That of a published space, e.g. ``"ofa_mcunet"``, or of the description that is given.
    **options
        What the space lets a user choose, e.g. ``resolutions=(96, 160)``. A ``description`` makes the space that it
        describes; see `nascore.spaces.description`.

    Raises
    ------
    SpaceError
        If the name is unknown or an option is not valid.
    """
    if "description" in options:
        space = DescribedSpace.build(**options)
        if space.name != name:
            raise SpaceError(f"the description is of space {space.name!r}; expected {name!r}")
        return space
    if name not in _BUILDERS:
        raise SpaceError(unknown_name("space", name, _BUILDERS))
    builder = _BUILDERS[name]
    valid = inspect.signature(builder).parameters
    for option in options:
        if option not in valid:
            raise SpaceError(unknown_name(f"option of space {name!r}", option, valid))
    return builder(**options)
