"""Split conformal prediction intervals around any predictor.

The half-width of an interval is an order statistic of the absolute residuals on *calibration* rows, which the fit
has not seen. Then an interval of level 0.9 holds the measured accuracy of a new architecture with probability of at
least 0.9, whatever the predictor and the noise, provided that new and calibration rows are exchangeable (Vovk,
Gammerman, Shafer: Algorithmic Learning in a Random World, 2005; Lei et al.: Distribution-Free Predictive Inference
for Regression, JASA 2018).

Errors differ between global combinations, so the residuals are taken per combination (Mondrian conformal
prediction) where there are enough of them. Nothing is promised for combinations that have no calibration row: there
the interval is that of the pooled rows, and extrapolation may be worse.
"""

from collections.abc import Sequence
from math import ceil, inf

import numpy as np
from numpy.typing import NDArray

from nascore.spaces.staged import Genes, StagedSpace

MIN_ROWS = 100
"""Fewest calibration rows of one group; fewer make the outer quantiles a matter of luck."""


def quantile(residuals: NDArray[np.float64], level: float) -> float:
    """Return the conformal half-width of `(n,)` absolute residuals.

    It is the `ceil((n + 1) * level)`-th smallest residual, the finite-sample correction of Lei et al. (2018),
    and infinite where `n` rows are too few for the level.
    """
    # Rounded first, so that 100 * 0.07 = 7.000000000000001 counts as 7.
    rank = ceil(round((len(residuals) + 1) * level, 9))
    return inf if rank > len(residuals) else float(np.partition(residuals, rank - 1)[rank - 1])


def half_widths(
    space: StagedSpace, genes: Genes, residuals: NDArray[np.float64], levels: Sequence[float]
) -> NDArray[np.float64]:
    """Return the `(n_levels, n_global_combinations)` half-widths of the intervals.

    A combination with fewer than `MIN_ROWS` rows takes the rows that share the value of its first global choice;
    if these are fewer, too, all rows.
    """
    row_globals = space.global_index(genes)
    row_values = space.global_values[row_globals]
    widths = np.empty((len(levels), len(space.global_values)))
    for combination, values in enumerate(space.global_values):
        pools = [row_globals == combination, (row_values[:, :1] == values[:1]).all(axis=1)]
        enough = [residuals[pool] for pool in pools if pool.sum() >= MIN_ROWS]
        pooled = enough[0] if enough else residuals
        widths[:, combination] = [quantile(pooled, level) for level in levels]
    return widths
