"""Accuracy predictors: from architectures to accuracy in [0, 1]. NumPy only, except inside the fit of the MLPs.

A new predictor is one file here with a subclass of `Predictor`, and one line in `_CLASSES`. The classes are
imported when they are asked for, so a search that only needs a saved predictor never loads torch.
"""

from importlib import import_module
from pathlib import Path
from typing import Any

from nascore.errors import PredictorError, unknown_name
from nascore.predictors.base import Predictor
from nascore.predictors.options import PredictorOptions
from nascore.predictors.storage import read
from nascore.spaces.staged import StagedSpace

__all__ = ["Predictor", "load_predictor", "make_predictor", "predictor_module", "predictor_names", "predictor_options"]

_CLASSES = {
    "linear_per_global": "nascore.predictors.linear:LinearPerGlobal",
    "contributions": "nascore.predictors.contributions:Contributions",
    "bilinear": "nascore.predictors.bilinear:Bilinear",
    "quadratic": "nascore.predictors.quadratic:Quadratic",
    "mlp": "nascore.predictors.mlp:Mlp",
    "mlp_tuned": "nascore.predictors.mlp_tuned:MlpTuned",
}


def predictor_names() -> list[str]:
    """Return the names that `make_predictor` knows."""
    return list(_CLASSES)


def predictor_module(name: str) -> str:
    """Return the module of a predictor, for whoever asks which code a predictor is.

    Raises
    ------
    PredictorError
        If the name is unknown.
    """
    if name not in _CLASSES:
        raise PredictorError(unknown_name("predictor", name, _CLASSES))
    return _CLASSES[name].split(":")[0]


def predictor_options(name: str) -> type[PredictorOptions]:
    """Return the model of a predictor's options.

    Raises
    ------
    PredictorError
        If the name is unknown.
    """
    return _class(name).options_class


def make_predictor(name: str, space: StagedSpace, /, **options: Any) -> Predictor:
    """Return an unfitted predictor by name.

    Parameters
    ----------
    name
        A registered name, e.g. ``"linear_per_global"``.
    space
        The space whose architectures it will see.
    **options
        The predictor's options; what is not given keeps its default.

    Raises
    ------
    PredictorError
        If the name or an option is unknown, or an option's value is not valid.
    """
    return _class(name)(space, **options)


def load_predictor(path: str | Path, space: StagedSpace) -> Predictor:
    """Read a predictor file of any kind.

    Raises
    ------
    PredictorError
        If the file is not a predictor of `space` that this version can read; see `Predictor.load`.
    """
    name = read(path).header["predictor"]
    if name not in _CLASSES:
        raise PredictorError(f"{path}: {unknown_name('predictor', name, _CLASSES)}")
    return _class(name).load(path, space)


def _class(name: str) -> type[Predictor]:
    """Import the class of a registered name."""
    module = import_module(predictor_module(name))
    found: type[Predictor] = getattr(module, _CLASSES[name].split(":")[1])
    return found
