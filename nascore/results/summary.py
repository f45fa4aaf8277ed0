"""The tables that a run ends with: what was found of each target, and how good searches and predictors are.

They are CSV files, one row per thing and one unit per column, whatever the run. Cells are empty where there is nothing
to say.
"""

from nascore.latency_schema import latency_metric
from nascore.results.costs import COUNTED
from nascore.results.table import CORRELATION, COUNT, TEXT, Column, Table

_SHARE = Column("number", "in [0, 1]", optional=True)
_NUMBER = Column("number", optional=True)
_LOSS = Column("number", "nats per image", optional=True)
_COSTS = {name: Column("number", unit, optional=True) for name, unit in COUNTED.items()}
_CHOICES = {
    "resolution": Column("number", "pixels", optional=True),
    "wid": _NUMBER,
    "width": Column("number", "% of the widest", optional=True),
}
LATENCIES = latency_metric("")
"""How the names of columns with the latency on a device begin, in milliseconds."""

TARGETS = Table(
    "a table of targets",
    "summarize",
    {
        **dict.fromkeys(("target", "subnet", "searcher", "predictor", "claim", "limits", "arch_id"), TEXT),
        **_CHOICES,
        **dict.fromkeys(("predicted_accuracy", "measured_accuracy", "measured_lower", "measured_upper"), _SHARE),
        "finetuned_epochs": Column("number", "epochs", optional=True),
        **_COSTS,
        **dict.fromkeys(("within_limits", "message"), TEXT),
    },
    further=LATENCIES,
)
"""``targets.csv``: the winner of each target, and its optimum where that is another subnet; `subnet` says which."""

SEARCHES = Table(
    "a table of searches",
    "summarize",
    {
        **dict.fromkeys(("target", "searcher", "predictor", "status", "limits", "arch_id"), TEXT),
        **_CHOICES,
        "predicted_accuracy": _SHARE,
        **_COSTS,
        "gap": _SHARE,
        "message": TEXT,
    },
    further=LATENCIES,
)
"""``searches.csv``: the best prediction of each search, and how far above it the optimum may be (`gap`)."""

_FIGURES = {
    "arch_id": TEXT,
    "predicted_accuracy": _SHARE,
    "search_accuracy": _SHARE,
    "search_loss": _LOSS,
    **dict.fromkeys(("test_accuracy", "test_lower", "test_upper"), _SHARE),
    "test_loss": _LOSS,
}
FIGURES = tuple(_FIGURES)
"""What is measured of a contender."""

VALIDATED = Table(
    "a table of measured subnets",
    "summarize_validation",
    {
        **dict.fromkeys(("target", "searcher", "status", "role"), TEXT),
        "n_measured": Column("number", "subnets", optional=True),
        **_CHOICES,
        **_FIGURES,
        **dict.fromkeys(("n_search_images", "n_test_images"), Column("number", "images", optional=True)),
        **_COSTS,
        **dict.fromkeys(("satisfies_target", "message"), TEXT),
    },
    further=LATENCIES,
)
"""``validation.csv``: what was measured of each target, one row per role."""

PREDICTORS = Table(
    "a table of predictors",
    "summarize",
    {
        "predictor": TEXT,
        **dict.fromkeys(("n_train", "n_calibration", "n_test"), COUNT),
        **dict.fromkeys(("mae", "rmse"), Column("number", "in [0, 1]")),
        **dict.fromkeys(("kendall_tau", "kendall_tau_within_resolution", "spearman"), CORRELATION),
        **dict.fromkeys(("interval_level", "interval_coverage", "interval_mean_width"), Column("number", "in [0, 1]")),
        "is_additive": TEXT,
    },
)
"""``predictors.csv``: the quality of each predictor on rows that it was not fitted to; see `PredictorMetrics`."""
