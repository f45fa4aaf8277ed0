"""A seeded hold-out inside the training rows, for what a fit chooses by error on unseen rows."""

from math import sqrt

import numpy as np
from numpy.typing import NDArray

from nascore.seeds import generator

FRACTION = 0.2


def inner_holdout(n_rows: int, seed: int, name: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the increasing indices of the inner training rows and of the held-out rows.

    Parameters
    ----------
    n_rows
        Number of training rows, at least 2; each part gets at least one.
    seed, name
        Root seed, and the name of the predictor that asks.
    """
    n_held = max(1, round(FRACTION * n_rows))
    order = generator(seed, "predictor", name, "holdout").permutation(n_rows)
    return np.sort(order[n_held:]), np.sort(order[:n_held])


def trusted_share(power: float, product: float, total: float, n_rows: int) -> float:
    """Return the part, from 0 to 1, of a correction that held-out residuals support.

    It is the least-squares slope of the residuals on the correction, or 0 where the slope is less than two standard
    errors above 0: a correction that has not shown its worth is left out, which matters when few rows are held out.

    Parameters
    ----------
    power, product, total
        `correction @ correction`, `correction @ residuals` and `residuals @ residuals`, over rows that made neither.
    n_rows
        Number of these rows.
    """
    if power <= 0 or n_rows < 2:
        return 0.0
    slope = product / power
    rest = max(total - slope * product, 0.0)
    standard_error = sqrt(rest / (n_rows - 1) / power)
    return min(slope, 1.0) if slope > 2 * standard_error else 0.0
