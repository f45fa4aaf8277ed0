"""Importing torchvision beside a torch that its compiled operators were not built for.

A torchvision wheel built for CUDA cannot load its C++ library under a CPU build of torch. `import torchvision`
then fails with "operator torchvision::nms does not exist", because two of its fake (shape-only) kernels are
registered whether or not the operators exist. Nothing that this project uses needs those operators, so here they
are declared, without an implementation, where the library does not load. Where it does, nothing is changed.
"""

import importlib
import importlib.machinery
import importlib.util
from types import ModuleType

import torch

SCHEMAS = {
    "nms": "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms": "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
}
"""The operators that torchvision's fake kernels take for granted, as its C++ library declares them."""

_declared = torch.library.Library("torchvision", "FRAGMENT")
"""Holds the declarations; torch forgets them when this object is gone."""


def import_torchvision() -> ModuleType:
    """Return torchvision, imported; its `transforms` and `models` work with any build of torch.

    Operators that only the C++ library implements (`torchvision.ops.nms`, ...) still raise where it does not load.

    Raises
    ------
    ModuleNotFoundError
        If torchvision is not installed.
    """
    _load_operators()
    for name, schema in SCHEMAS.items():
        if not hasattr(torch.ops.torchvision, name):
            _declared.define(name + schema)
    return importlib.import_module("torchvision")


def _load_operators() -> None:
    """Load torchvision's C++ library as torchvision itself would, so that no operator of it is declared twice."""
    package = importlib.util.find_spec("torchvision")
    folders = package.submodule_search_locations if package else []
    library = importlib.machinery.PathFinder.find_spec("_C", folders)
    if library and library.origin:
        try:
            torch.ops.load_library(library.origin)
        except OSError:
            return  # built for another torch: torchvision goes without it, and so do we
