"""How well the latency of one device is known, and what it is for the subnets that searches found."""

from nascore.results.table import CORRELATION, MILLISECONDS, PIXELS, TEXT, Column, Table

ESTIMATES = ("macs", "table_sum", "corrected_sum", "linear_per_global", "mlp")
"""The ways to know a latency that are compared: by a line through MACs, by table, and by predictors of networks."""

HELDOUT = Table(
    "networks that a latency table is judged on",
    "fit_latency",
    {
        "arch_id": TEXT,
        "resolution": PIXELS,
        "measured_ms": MILLISECONDS,
        "spread_ms": MILLISECONDS,
        **dict.fromkeys(ESTIMATES, MILLISECONDS),
    },
)
QUALITY = Table(
    "the quality of a latency table",
    "fit_latency",
    {
        "estimate": TEXT,
        "mape": Column("number", "share"),
        "spearman": CORRELATION,
        "kendall_tau": CORRELATION,
    },
)
FOUND = Table(
    "the latency of found subnets",
    "measure_found",
    {
        "arch_id": TEXT,
        "predicted_ms": MILLISECONDS,
        "measured_ms": Column("number", "ms", optional=True),
        "spread_ms": Column("number", "ms", optional=True),
    },
)
"""Measured where the device is this machine."""
