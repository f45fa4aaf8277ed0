"""How well latency is known: error and rank correlations of every way to know it, on networks that were measured."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from nascore.results.latency import QUALITY

PREDICTORS: dict[str, dict[str, Any]] = {
    "linear_per_global": {},
    "mlp": {"epochs": 30, "batch_size": 16},
}
"""The network predictors and their options: measured networks are few, so more epochs than for accuracy."""


def compare(measured: ArrayLike, estimated: pd.DataFrame) -> pd.DataFrame:
    """Judge every way to know a latency.

    Parameters
    ----------
    measured
        The `(n,)` measured latencies.
    estimated
        `n` rows, a column per way; see `estimates`.

    Returns
    -------
    DataFrame
        One row per way, with the columns of `nascore.results.latency.QUALITY`.
    """
    rows = [{"estimate": name, **quality(measured, values)} for name, values in estimated.items()]
    return pd.DataFrame(rows, columns=list(QUALITY.columns))


def quality(measured: ArrayLike, estimated: ArrayLike) -> dict[str, float]:
    """Return mean absolute relative error (a share), Spearman's rho and Kendall's tau-b of `(n,)` latencies."""
    # Half of what it takes to plan a workflow otherwise, which reads no more than the names above.
    from scipy.stats import kendalltau, spearmanr

    truth, guess = np.asarray(measured, float), np.asarray(estimated, float)
    return {
        "mape": float(np.abs(guess / truth - 1).mean()),
        "spearman": float(spearmanr(truth, guess).statistic),
        "kendall_tau": float(kendalltau(truth, guess).statistic),
    }
