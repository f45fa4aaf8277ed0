"""How good a predictor is: error and rank metrics, calibration and learning curves. No torch.

Accuracy grows so much with resolution that a rank correlation over all architectures says little; the one *within*
a value of the first global choice (the resolution, in OFA-MCUNet) is the harder and more useful number.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.stats import kendalltau, rankdata

from nascore.errors import PredictorError
from nascore.predictors.base import Predictor
from nascore.progress import progress
from nascore.results.predictors import LEARNING_CURVE
from nascore.seeds import generator
from nascore.spaces.staged import Genes, StagedSpace

Array = NDArray[np.float64]


def first_global_value(space: StagedSpace, genes: Genes) -> NDArray[np.int64]:
    """Return the `(n,)` values of the first global choice, e.g. resolutions in px; all 0 if there is none."""
    if not space.global_choices:
        return np.zeros(len(genes), dtype=np.int64)
    return space.global_values[space.global_index(genes), 0]


def evaluate(
    predictor: Predictor, genes: Genes, accuracy: Array, level: float = 0.9
) -> tuple[dict[str, Any], pd.DataFrame]:
    """Predict held-out rows with intervals, and judge the predictions.

    Parameters
    ----------
    predictor
        A fitted and calibrated predictor.
    genes, accuracy
        Rows that it has not seen: `(n, n_genes)` and `(n,)`.
    level
        Nominal coverage of the intervals.

    Returns
    -------
    quality
        The `metrics`, and whether the predictor is additive.
    heldout
        One row each: `arch_id`, the global choices, `measured`, `predicted`, `lower`, `upper`.
    """
    space = predictor.space
    predicted = predictor.predict(genes)
    lower, upper = predictor.interval(genes, level)
    quality = metrics(accuracy, predicted, first_global_value(space, genes), lower=lower, upper=upper, level=level)
    columns = {"arch_id": space.arch_id(genes), **space.global_columns(genes)}
    heldout = pd.DataFrame({**columns, "measured": accuracy, "predicted": predicted, "lower": lower, "upper": upper})
    return {**quality, "is_additive": predictor.is_additive}, heldout


def metrics(
    measured: ArrayLike,
    predicted: ArrayLike,
    within: ArrayLike,
    *,
    lower: ArrayLike | None = None,
    upper: ArrayLike | None = None,
    level: float | None = None,
) -> dict[str, Any]:
    """Return error, rank and interval metrics, ready for JSON; what is not defined is None.

    Parameters
    ----------
    measured, predicted
        `(n,)` accuracies in [0, 1].
    within
        The `(n,)` values of the first global choice, e.g. resolution; see `first_global_value`. The correlation
        "within resolution" is the mean over these values, each of the same weight.
    lower, upper, level
        `(n,)` ends of prediction intervals and their nominal level; all three or none.

    Returns
    -------
    dict
        `n_rows`, `mae`, `rmse`, `kendall_tau` (tau-b), `kendall_tau_within_resolution`,
        `kendall_tau_by_resolution`, `spearman`, `interval_level`, `interval_coverage`, `interval_mean_width`.

    Raises
    ------
    PredictorError
        If there are no rows, or the shapes disagree.
    """
    truth, guess, values = np.asarray(measured, float), np.asarray(predicted, float), np.asarray(within)
    if truth.ndim != 1 or not len(truth) or not truth.shape == guess.shape == values.shape:
        raise PredictorError(
            f"metrics need columns of one length of at least 1; got measured {truth.shape}, "
            f"predicted {guess.shape}, within {values.shape}"
        )
    by_value = {str(v): kendall_tau(truth[values == v], guess[values == v]) for v in np.unique(values)}
    defined = [tau for tau in by_value.values() if tau is not None]
    return {
        "n_rows": len(truth),
        "mae": float(np.abs(guess - truth).mean()),
        "rmse": float(np.sqrt(((guess - truth) ** 2).mean())),
        "kendall_tau": kendall_tau(truth, guess),
        "kendall_tau_within_resolution": float(np.mean(defined)) if defined else None,
        "kendall_tau_by_resolution": by_value,
        "spearman": spearman(truth, guess),
        **_interval_metrics(truth, lower, upper, level),
    }


def _interval_metrics(
    truth: Array, lower: ArrayLike | None, upper: ArrayLike | None, level: float | None
) -> dict[str, float | None]:
    """Return coverage and mean width of intervals, or None for both."""
    if lower is None or upper is None:
        return {"interval_level": None, "interval_coverage": None, "interval_mean_width": None}
    low, high = np.asarray(lower, float), np.asarray(upper, float)
    if not low.shape == high.shape == truth.shape:
        raise PredictorError(f"intervals have shapes {low.shape} and {high.shape}; expected {truth.shape}")
    return {
        "interval_level": level,
        "interval_coverage": float(((low <= truth) & (truth <= high)).mean()),
        "interval_mean_width": float((high - low).mean()),
    }


def kendall_tau(first: Array, second: Array) -> float | None:
    """Return Kendall's tau-b, or None if a column is constant."""
    if _constant(first) or _constant(second):
        return None
    return float(kendalltau(first, second).statistic)


def spearman(first: Array, second: Array) -> float | None:
    """Return Spearman's rank correlation, or None if a column is constant."""
    if _constant(first) or _constant(second):
        return None
    return float(np.corrcoef(rankdata(first), rankdata(second))[0, 1])


def _constant(column: Array) -> bool:
    return len(column) == 0 or bool((column == column[0]).all())


def calibration_curve(measured: ArrayLike, predicted: ArrayLike, n_bins: int = 20) -> pd.DataFrame:
    """Return mean measured against mean predicted accuracy in bins of equally many rows.

    Returns
    -------
    DataFrame
        `n_rows`, `predicted`, `measured` and `standard_error` (of the mean measured accuracy; NaN for a single
        row) per bin, in order of prediction; fewer bins than asked if there are fewer rows.
    """
    truth, guess = np.asarray(measured, float), np.asarray(predicted, float)
    order = np.argsort(guess, kind="stable")
    bins = [rows for rows in np.array_split(order, n_bins) if len(rows)]
    return pd.DataFrame(
        {
            "n_rows": [len(rows) for rows in bins],
            "predicted": [guess[rows].mean() for rows in bins],
            "measured": [truth[rows].mean() for rows in bins],
            "standard_error": [
                truth[rows].std(ddof=1) / np.sqrt(len(rows)) if len(rows) > 1 else np.nan for rows in bins
            ],
        }
    )


def learning_curve(
    make: Callable[[], Predictor],
    genes: Genes,
    accuracy: Array,
    train_rows: NDArray[np.int64],
    test_rows: NDArray[np.int64],
    sizes: Sequence[int],
    seed: int,
) -> pd.DataFrame:
    """Fit on growing parts of the training rows and test each on the same rows.

    The parts are nested: prefixes of one seeded permutation, so the curve is not blurred by other draws.

    Parameters
    ----------
    make
        Returns an unfitted predictor.
    genes, accuracy
        All rows: `(n, n_genes)` and `(n,)`.
    train_rows, test_rows
        Indices of the rows to train and to test on.
    sizes
        Numbers of training rows, each from 2 to all.
    seed
        The root seed, also of each fit.

    Returns
    -------
    DataFrame
        The columns of `nascore.results.predictors.LEARNING_CURVE`.

    Raises
    ------
    PredictorError
        If a size is larger than the number of training rows, or smaller than 2.
    """
    wrong = [size for size in sizes if not 2 <= size <= len(train_rows)]
    if wrong:
        raise PredictorError(f"learning curve size {wrong[0]}: expected 2 to {len(train_rows)} training rows")
    order = generator(seed, "learning_curve").permutation(np.sort(train_rows))
    points = []
    for size in progress(sizes, "learning curve"):
        predictor = make().fit(genes[order[:size]], accuracy[order[:size]], seed=seed)
        within = first_global_value(predictor.space, genes[test_rows])
        point = metrics(accuracy[test_rows], predictor.predict(genes[test_rows]), within)
        points.append({**point, "n_rows": size})
    return pd.DataFrame(points, columns=list(LEARNING_CURVE.columns))
