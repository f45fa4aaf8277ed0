"""Charts about predictors: held-out scatter, calibration, learning curves."""

from collections.abc import Mapping

import altair as alt
import numpy as np
import pandas as pd

from nascore.report.figures import MUTED, PALETTE, Figure, figure, log_ticks, padded, thin, tooltips

MOST_POINTS = 2000
BINS = 15


def scatter(index: int, predictor: str, heldout: pd.DataFrame) -> Figure:
    """Draw predicted against measured accuracy of held-out rows."""
    # arch_id is a hash, so rows evenly spaced in its order are a sample that depends on nothing else.
    sample = thin(heldout.sort_values("arch_id", kind="stable"), MOST_POINTS)
    table = _as_percent(sample, ("measured", "predicted")).drop(columns=["lower", "upper"])
    # Both axes have the same range, so that the line of equal values is the diagonal.
    domain = padded([*table["measured"], *table["predicted"]])
    scale = alt.Scale(domain=domain, nice=False, zero=False)
    dots = (
        alt.Chart(table)
        .mark_circle(size=16, opacity=0.55)
        .encode(
            x=alt.X("predicted:Q", title="Predicted accuracy (%)", scale=scale),
            y=alt.Y("measured:Q", title="Measured accuracy (%)", scale=scale),
            color=alt.Color("resolution:O", title="Resolution (px)", scale=alt.Scale(scheme="plasma")),
            tooltip=tooltips(
                arch_id=("subnet", ""),
                resolution=("resolution (px)", "d"),
                predicted=("predicted (%)", ".2f"),
                measured=("measured (%)", ".2f"),
            ),
        )
    )
    chart = alt.layer(dots, _diagonal(domain)).properties(width=380, height=340, title="Predicted against measured")
    shown = f"{len(table):,} of {len(heldout):,}" if len(table) < len(heldout) else f"All {len(table):,}"
    return figure(
        f"scatter-{index}",
        chart,
        f"{predictor}: {shown} held-out rows, none used in training. On the line, both are equal.",
    )


def calibration(index: int, predictor: str, heldout: pd.DataFrame, level: float) -> Figure:
    """Draw mean measured against mean predicted accuracy in bins of equal size, with the mean interval."""
    table = _as_percent(_calibration_bins(heldout), ("measured", "predicted", "lower", "upper"))
    domain = padded([*table["measured"], *table["predicted"], *table["lower"], *table["upper"]])
    scale = alt.Scale(domain=domain, nice=False, zero=False)
    base = alt.Chart(table).encode(x=alt.X("predicted:Q", title="Mean predicted accuracy (%)", scale=scale))
    tips = tooltips(
        n_rows=("rows in this bin", ","),
        predicted=("mean predicted (%)", ".2f"),
        measured=("mean measured (%)", ".2f"),
        lower=("mean lower end (%)", ".2f"),
        upper=("mean upper end (%)", ".2f"),
        inside=("rows inside their interval", ".1%"),
    )
    y = alt.Y("lower:Q", title="Mean measured accuracy (%)", scale=scale)
    bars = base.mark_rule(color="#9ecae1", strokeWidth=5).encode(y=y, y2="upper:Q", tooltip=tips)
    dots = base.mark_circle(color=PALETTE[0], size=45, opacity=1).encode(y="measured:Q", tooltip=tips)
    chart = alt.layer(bars, _diagonal(domain), dots).properties(width=380, height=340, title="Calibration")
    return figure(
        f"calibration-{index}",
        chart,
        f"{predictor}: held-out rows in {len(table)} bins of equal size by prediction. Bars are the mean "
        f"{100 * level:g} % interval; dots on the line mean that predictions of that size are right on average.",
    )


def learning_curves(curves: Mapping[str, pd.DataFrame]) -> Figure:
    """Draw the mean absolute error against the number of training rows."""
    table = pd.concat([curve.assign(predictor=name) for name, curve in curves.items()], ignore_index=True)
    for column in ("mae", "rmse"):
        table[column] = (100 * table[column]).round(5)
    # An error of 0 has no place on a logarithmic axis.
    low, high = table["mae"].min() * 0.9, table["mae"].max() * 1.1
    has_logarithm = low > 0
    axis = alt.Axis(values=log_ticks(low, high) if has_logarithm else alt.Undefined, format="~g")
    scale = (
        alt.Scale(type="log", nice=False, domain=[low, high]) if has_logarithm else alt.Scale(domain=padded([0, high]))
    )
    rows = sorted({int(n) for n in table["n_rows"]})
    chart = (
        alt.Chart(table)
        .mark_line(point=alt.OverlayMarkDef(size=45, filled=True), strokeWidth=2)
        .encode(
            x=alt.X(
                "n_rows:Q", title="Training rows", axis=alt.Axis(values=rows, format=",", labelOverlap="greedy")
            ).scale(type="log", nice=False, padding=14),
            y=alt.Y("mae:Q", title="Mean absolute error (points)", axis=axis, scale=scale),
            color=alt.Color("predictor:N", title="Predictor", sort=list(curves)),
            tooltip=tooltips(
                predictor=("predictor", ""),
                n_rows=("training rows", ","),
                mae=("MAE (points)", ".3f"),
                rmse=("RMSE (points)", ".3f"),
                kendall_tau=("Kendall's τ", ".3f"),
                kendall_tau_within_resolution=("τ within a resolution", ".3f"),
            ),
        )
        .properties(width=760, height=320)
    )
    axes = "both axes are" if has_logarithm else "the axis of rows is"
    return figure(
        "learning-curves",
        chart,
        f"Error on held-out rows against the number of training rows; {axes} logarithmic. Where a curve is flat, more "
        "measurements would not help that predictor.",
    )


def _as_percent(table: pd.DataFrame, columns: tuple[str, ...]) -> pd.DataFrame:
    """Return the table with shares as per cent, short enough to keep the page small."""
    return table.assign(**{name: (100 * table[name]).round(4) for name in columns})


def _calibration_bins(heldout: pd.DataFrame) -> pd.DataFrame:
    """Average held-out rows in bins of equal size by prediction."""
    ordered = heldout.sort_values(["predicted", "arch_id"], kind="stable")
    inside = (ordered["measured"] >= ordered["lower"]) & (ordered["measured"] <= ordered["upper"])
    ordered = ordered.assign(inside=inside.astype(float).round(4), n_rows=1)
    n_bins = min(BINS, len(ordered))
    bins = np.arange(len(ordered)) * n_bins // max(len(ordered), 1)
    means = ordered[["measured", "predicted", "lower", "upper", "inside"]].groupby(bins).mean()
    return means.assign(n_rows=ordered.groupby(bins)["n_rows"].sum())


def _diagonal(domain: list[float]) -> alt.Chart:
    """Draw the line of equal values."""
    line = pd.DataFrame({"at": domain})
    return alt.Chart(line).mark_line(color=MUTED, strokeWidth=1, strokeDash=[4, 3]).encode(x="at:Q", y="at:Q")
