"""Bayesian ridge regression whose prior precisions and noise variance come from the data.

Columns come in groups that share one prior precision. Precisions and noise variance maximise the evidence, the
probability of the data with the weights integrated out (MacKay: Bayesian Interpolation, Neural Computation 1992;
Tipping: Sparse Bayesian Learning and the Relevance Vector Machine, JMLR 2001). So nothing is set by hand: a group
that the data do not support is shrunk away, and fewer rows shrink more.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

MAX_ITERATIONS = 30
TOLERANCE = 1e-2
"""The iteration ends when the noise and the number of determined weights change by less, relatively.

With hundreds of rows or fewer it creeps on for long, without gain: the evidence of many precisions overfits, too.
"""
NEGLIGIBLE = 1e-8
"""Groups whose prior explains a smaller part of the variance of the targets are left out."""
SMALLEST_NOISE = 1e-6
SMALLEST_PRECISION = 1e-4
"""Bounds for targets of variance 1, far beyond what data support; they keep tiny and noiseless data solvable."""


@dataclass(frozen=True)
class Posterior:
    """The outcome of an evidence fit, in units of the targets.

    Parameters
    ----------
    weights
        The `(n_columns,)` posterior means; 0 in groups that were left out.
    noise_variance
        Variance of the targets around the model.
    n_determined
        Number of weights that the data determine, MacKay's gamma.
    """

    weights: Array
    noise_variance: float
    n_determined: float


def fit(gram: Array, moment: Array, power: float, n_rows: int, group: NDArray[np.int64]) -> Posterior:
    """Maximise the evidence by fixed-point iteration.

    The noise takes the EM step instead of MacKay's, which divides by (rows - determined weights) and breaks down
    when there are fewer rows than weights.

    Parameters
    ----------
    gram, moment, power
        `X.T @ X` of shape `(n_columns, n_columns)`, `X.T @ t` and `t @ t`, for targets `t` whose mean square is 1.
    n_rows
        Number of rows behind them.
    group
        The `(n_columns,)` group of each column. Group 0 has a flat prior: its columns must be determined by any
        data, as the constant is.
    """
    precision = np.full(int(group.max()) + 1, float(len(gram)))
    precision[0] = 0.0
    sizes = np.bincount(group, minlength=len(precision))
    noise, determined = 1.0, 0.0
    for _ in range(MAX_ITERATIONS):
        kept = np.flatnonzero(sizes[group] > NEGLIGIBLE * precision[group])
        prior, kept_group = precision[group[kept]], group[kept]
        inside = gram if len(kept) == len(gram) else gram[np.ix_(kept, kept)]
        weights, variances = _posterior(inside, moment[kept], noise, prior)
        gamma = np.bincount(kept_group, 1 - prior * variances, len(precision))
        squares = np.bincount(kept_group, weights**2, len(precision))
        residual = power - 2 * weights @ moment[kept] + weights @ inside @ weights
        before, noise = noise, max((residual + noise * gamma.sum()) / n_rows, SMALLEST_NOISE)
        change = max(abs(noise / before - 1), abs(gamma.sum() - determined) / max(gamma.sum(), 1.0))
        determined = gamma.sum()
        if change < TOLERANCE:
            break
        live = np.isin(np.arange(len(precision)), kept_group) & (np.arange(len(precision)) > 0)
        precision[live] = np.maximum(gamma[live] / np.maximum(squares[live], NEGLIGIBLE**2), SMALLEST_PRECISION)
    full = np.zeros(len(gram))
    full[kept] = weights
    return Posterior(full, noise, float(determined))


def _posterior(gram: Array, moment: Array, noise: float, prior: Array) -> tuple[Array, Array]:
    """Return the posterior means and variances of the weights."""
    # Imported here, because planning a workflow imports this module and fits nothing.
    from scipy.linalg import cho_solve, cholesky, lapack

    system = gram / noise
    system[np.diag_indices(len(system))] += prior
    # In LAPACK's order of columns: other arrays would be copied at each step.
    factor = cholesky(system.T, lower=True, overwrite_a=True, check_finite=False)
    weights = cho_solve((factor, True), moment / noise, check_finite=False)
    # The variances are the diagonal of the inverse, for which the inverse of the factor is enough.
    inverse, _ = lapack.dtrtri(factor, lower=True, overwrite_c=True)
    return weights, np.einsum("ij,ij->j", inverse, inverse)
