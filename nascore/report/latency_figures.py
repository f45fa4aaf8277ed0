"""The chart about latency: what is measured against two ways to know it without measuring."""

import altair as alt
import pandas as pd

from nascore.report.figures import MUTED, Figure, figure, padded, tooltips
from nascore.report.latency_records import DeviceLatency
from nascore.results.labels import NBSP

PANELS = {"macs": "MACs", "corrected_sum": "Sum over layers"}
"""What is beside each other, and its heading."""


def latency_estimates(index: int, device: DeviceLatency) -> Figure:
    """Draw measured latency of held-out networks against MACs and against the corrected sum, on the same scales."""
    columns = ["measured_ms", *PANELS]
    table = device.heldout[["arch_id", "resolution", *columns]].round(dict.fromkeys(columns, 5))
    domain = padded([value for column in columns for value in table[column]])
    panels = [_panel(table, column, title, domain) for column, title in PANELS.items()]
    mape = 100 * device.quality["mape"]
    return figure(
        f"latency-{index}",
        alt.hconcat(*panels, spacing=40),
        f"{device.name}: {len(table):,} networks that nothing was fitted to. Left, MACs are turned into milliseconds "
        f"by the best line (error {mape['macs']:.1f}{NBSP}%); right, the corrected sum over layers "
        f"({mape['corrected_sum']:.1f}{NBSP}%). On the dashed line, estimate and measurement are equal.",
    )


def _panel(table: pd.DataFrame, column: str, title: str, domain: list[float]) -> alt.LayerChart | alt.FacetChart:
    scale = alt.Scale(domain=domain, nice=False, zero=False)
    dots = (
        alt.Chart(table)
        .mark_circle(size=34, opacity=0.7)
        .encode(
            x=alt.X(f"{column}:Q", title="Estimated latency (ms)", scale=scale),
            y=alt.Y("measured_ms:Q", title="Measured latency (ms)", scale=scale),
            color=alt.Color("resolution:O", title="Resolution (px)", scale=alt.Scale(scheme="plasma")),
            tooltip=tooltips(
                arch_id=("subnet", ""),
                resolution=("resolution (px)", "d"),
                measured_ms=("measured (ms)", ".3f"),
                **{column: ("estimated (ms)", ".3f")},
            ),
        )
    )
    line = pd.DataFrame({"at": domain})
    diagonal = alt.Chart(line).mark_line(color=MUTED, strokeWidth=1, strokeDash=[4, 3]).encode(x="at:Q", y="at:Q")
    return alt.layer(diagonal, dots).properties(width=400, height=340, title=title)
