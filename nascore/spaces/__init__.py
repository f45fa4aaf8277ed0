"""Design spaces: what an architecture is. NumPy only.

A new space is one file here and one line in `_BUILDERS`.
"""

import inspect
from collections.abc import Callable
from typing import Any

from nascore.errors import SpaceError, unknown_name
from nascore.spaces.binas import Binas
from nascore.spaces.ofa_mcunet import OfaMcunet
from nascore.spaces.staged import Choice, Genes, Stage, StagedSpace

__all__ = ["Binas", "Choice", "Genes", "OfaMcunet", "Stage", "StagedSpace", "get_space", "space_names"]

_BUILDERS: dict[str, Callable[..., StagedSpace]] = {"ofa_mcunet": OfaMcunet.build, "binas": Binas.build}


def space_names() -> list[str]:
    """Return the names that `get_space` knows."""
    return list(_BUILDERS)


def get_space(name: str, **options: Any) -> Any:
    """Return a design space by name.

    Parameters
    ----------
    name
        A registered name, e.g. ``"ofa_mcunet"``.
    **options
        What the space lets a user choose, e.g. ``resolutions=(96, 160)``.

    Raises
    ------
    SpaceError
        If the name is unknown or an option is not valid.
    """
    if name not in _BUILDERS:
        raise SpaceError(unknown_name("space", name, _BUILDERS))
    builder = _BUILDERS[name]
    valid = inspect.signature(builder).parameters
    for option in options:
        if option not in valid:
            raise SpaceError(unknown_name(f"option of space {name!r}", option, valid))
    return builder(**options)
