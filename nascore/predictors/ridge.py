"""Ridge regression of many columns on few residuals: the penalty is chosen on rows that are held out.

For what an additive model leaves over: the columns are products of features, and no products at all is one of the
choices, taken where the held-out rows do not show their worth.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nascore.predictors.holdout import trusted_share

Array = NDArray[np.float64]
Columns = Callable[[NDArray[np.int64]], NDArray[np.float32]]
"""From indices of rows to their `(n, n_columns)` columns."""

HEAVIEST, START, LIGHTEST = 6, 2, -1
"""Powers of ten of the penalties, in units of the columns' sums of squares: the choice climbs from the start by
decades, then tries half a decade towards the better neighbour. Each try is a Cholesky factorisation; most data end
near the start."""
ROWS_PER_CHUNK = 2048
"""Rows whose columns exist at one time; 4,000 columns are 32 MB then."""


def fit_ridge(
    columns: Columns, residuals: Array, inner: NDArray[np.int64], held: NDArray[np.int64]
) -> tuple[Array, float | None]:
    """Fit a constant and the columns to residuals.

    Parameters
    ----------
    columns
        The columns of given rows.
    residuals
        A `(n, 2)` array: what an additive model fitted to the inner rows leaves over, and one fitted to all rows.
    inner, held
        Indices of the rows that penalties are tried on, and of those that judge them.

    Returns
    -------
    weights
        The `(1 + n_columns,)` weights, the constant first; all 0 where the columns don't help.
    penalty
        The chosen one; None where the columns don't help.
    """
    left_over = residuals[:, 0]
    fitted, tested = _Moments.of(columns, residuals, inner), _Moments.of(columns, residuals, held)
    best = _best_penalty(fitted, tested, held_power=float(left_over[held] @ left_over[held]))
    if best is None:
        return np.zeros(len(fitted.gram)), None
    fitted.gram += tested.gram
    return _ridge(fitted.gram, (fitted.moment + tested.moment)[:, 1], best), best


@dataclass
class _Moments:
    """Sums over rows that ridge regression needs; the first column is a constant.

    Single precision: the columns are of size 1 and the penalty keeps the system well conditioned.

    Parameters
    ----------
    gram
        A `(1 + n_columns, 1 + n_columns)` float32 array, `X.T @ X`.
    moment
        A `(1 + n_columns, n_targets)` array, `X.T @ targets`.
    n_rows
        Number of rows.
    """

    gram: NDArray[np.float32]
    moment: Array
    n_rows: int

    @classmethod
    def of(cls, columns: Columns, targets: Array, rows: NDArray[np.int64]) -> "_Moments":
        """Sum up over some rows of `(n, n_targets)` targets, a chunk at a time."""
        n_columns = 1 + columns(rows[:0]).shape[1]
        gram, moment = np.zeros((n_columns, n_columns), np.float32), np.zeros((n_columns, targets.shape[1]))
        for start in range(0, len(rows), ROWS_PER_CHUNK):
            chunk = rows[start : start + ROWS_PER_CHUNK]
            block = np.ones((len(chunk), n_columns), np.float32)
            block[:, 1:] = columns(chunk)
            gram += block.T @ block
            moment += block.T @ targets[chunk].astype(np.float32)
        return cls(gram, moment, len(rows))


def _best_penalty(fitted: _Moments, tested: _Moments, held_power: float) -> float | None:
    """Return the penalty with the least held-out error, or None where the columns don't help for sure.

    Parameters
    ----------
    fitted, tested
        Sums over the inner training rows and over the held-out rows; the targets are in column 0.
    held_power
        Sum of squares of the held-out targets.
    """
    gains: dict[float, tuple[float, float, float]] = {}

    def gain(power: float) -> float:
        """Return by how much the squared error is below that of no columns at all."""
        if power not in gains:
            weights = _tried(fitted.gram, fitted.moment[:, 0], 10.0**power)
            square, product = float(weights @ (tested.gram @ weights)), float(weights @ tested.moment[:, 0])
            gains[power] = (2 * product - square, square, product)
        return gains[power][0]

    best: float = START
    for step in (1, -1):
        while LIGHTEST <= best + step <= HEAVIEST and gain(best + step) > gain(best):
            best += step
    beside = [power for power in (best + 1, best - 1) if power in gains]
    best = max((best, (best + max(beside, key=gain)) / 2), key=gain)
    _, square, product = gains[best]
    return 10.0**best if trusted_share(square, product, held_power, tested.n_rows) > 0 else None


def _tried(gram: NDArray[np.float32], moment: Array, penalty: float) -> NDArray[np.float32]:
    """Return the ridge weights that judge a penalty, in single precision and half the time where that suffices."""
    try:
        return _ridge(gram, moment.astype(np.float32), penalty)
    except np.linalg.LinAlgError:  # rounding took the smallest eigenvalue below zero
        return _ridge(gram, moment, penalty).astype(np.float32)


def _ridge(gram: NDArray[np.float32], moment: NDArray[Any], penalty: float) -> NDArray[Any]:
    """Return the ridge weights in the precision of the moment; the first column, the constant, is not penalised."""
    # Imported here, because planning a workflow imports this module and fits nothing.
    from scipy.linalg import cho_factor, cho_solve

    system = gram.astype(moment.dtype)
    system[np.diag_indices(len(system))] += np.r_[0.0, np.full(len(system) - 1, penalty)].astype(moment.dtype)
    weights: Array = cho_solve(cho_factor(system, lower=True, overwrite_a=True), moment)
    return weights
