"""How long one inference with the models of bundles takes here: a measurement, so no part of any bundle."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from nascore.errors import DataError
from nascore.evaluation.latency_backends import OnnxRuntime
from nascore.evaluation.latency_timing import Timing, time_calls
from nascore.results.bundle import FLOAT, INT8, LATENCY, Bundle


def measure_latency(bundles: Mapping[str, Path], timing: Timing = Timing()) -> pd.DataFrame:  # noqa: B008 - frozen
    """Time the models of bundles side by side, one image and one thread each.

    Parameters
    ----------
    bundles
        By target, the folder that `nascore.deploy.bundle` wrote; those without a model have no rows.

    Returns
    -------
    DataFrame
        The columns of `nascore.results.bundle.LATENCY`.

    Raises
    ------
    DataError
        If a file of a bundle is missing.
    """
    backend, rows, calls = OnnxRuntime(), [], []
    for target, folder in bundles.items():
        checks = Bundle.of_folder(folder)
        if checks.resolution is None:
            continue
        x = np.zeros((1, 3, checks.resolution, checks.resolution), np.float32)
        for name in (FLOAT, INT8):
            rows.append({"target": target, "model": name})
            calls.append(backend.prepare_model(_read(folder / name), x))
    if not rows:
        return LATENCY.empty()
    with backend.running():
        times = time_calls(calls, backend.prepare([], 1), neighbours=1, timing=timing)
    about = {"hardware": backend.hardware, "runtime_version": backend.runtime_version}
    return pd.DataFrame(rows).join(times).assign(**about)[list(LATENCY.columns)]


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror}") from None
