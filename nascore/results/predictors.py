"""How good predictors are on rows that they were not fitted to."""

from typing import ClassVar

from nascore.results.record import RecordFile
from nascore.results.table import CORRELATION, COUNT, PIXELS, SHARE, TEXT, Table


class PredictorMetrics(RecordFile):
    """``metrics.json``.

    Parameters
    ----------
    n_train, n_calibration, n_test, n_rows
        Rows that it was fitted to, that its intervals are from, and that it is judged on (twice).
    mae, rmse
        Errors as shares, not points.
    kendall_tau, kendall_tau_within_resolution, kendall_tau_by_resolution, spearman
        Correlations; None where one is not defined, e.g. for a constant prediction.
    interval_level, interval_coverage, interval_mean_width
        Of the intervals: how many should hold, how many do, and their mean width, all shares.
    is_additive
        Whether the prediction is a sum over blocks, so that a search can be exact.
    """

    WHAT: ClassVar[str] = "a file of predictor metrics"
    RULE: ClassVar[str] = "evaluate_predictor"

    predictor: str
    n_train: int
    n_calibration: int
    n_test: int
    n_rows: int
    mae: float
    rmse: float
    kendall_tau: float | None
    kendall_tau_within_resolution: float | None
    kendall_tau_by_resolution: dict[str, float | None]
    spearman: float | None
    interval_level: float
    interval_coverage: float
    interval_mean_width: float
    is_additive: bool


HELDOUT = Table(
    "rows that a predictor was not fitted to",
    "evaluate_predictor",
    {
        "arch_id": TEXT,
        "resolution": PIXELS,
        "measured": SHARE,
        "predicted": SHARE,
        "lower": SHARE,
        "upper": SHARE,
    },
)
LEARNING_CURVE = Table(
    "a learning curve of a predictor",
    "measure_learning_curve",
    {
        "n_rows": COUNT,
        "mae": SHARE,
        "rmse": SHARE,
        "kendall_tau": CORRELATION,
        "kendall_tau_within_resolution": CORRELATION,
    },
)
