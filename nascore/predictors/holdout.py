"""A seeded hold-out inside the training rows, for what a fit chooses by error on unseen rows."""

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
