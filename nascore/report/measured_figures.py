"""Charts about measured subnets: test accuracies with their intervals, predicted against measured."""

import altair as alt
import pandas as pd

from nascore.report.figures import MUTED, PALETTE, Figure, figure, padded, tooltips

ROLE_COLOURS = [PALETTE[0], PALETTE[1], PALETTE[2], PALETTE[3]]
ROLE_SHAPES = ["circle", "square", "triangle-down", "triangle-up"]


def measured_accuracies(table: pd.DataFrame) -> Figure:
    """Draw the test accuracy of each target's winner and of what it had to beat, with intervals.

    Parameters
    ----------
    table
        Columns `target`, `role`, `accuracy`, `lower`, `upper` (per cent) and `subnet`.
    """
    targets, roles = list(dict.fromkeys(table["target"])), list(dict.fromkeys(table["role"]))
    tips = tooltips(
        target=("target", ""),
        role=("role", ""),
        subnet=("subnet", ""),
        accuracy=("test accuracy (%)", ".2f"),
        lower=("lower end (%)", ".2f"),
        upper=("upper end (%)", ".2f"),
    )
    colour, shape = _role_scales(roles)
    base = alt.Chart(table).encode(
        y=alt.Y("target:N", sort=targets, title=None, axis=alt.Axis(grid=True, labelLimit=220, tickBand="extent")),
        yOffset=alt.YOffset("role:N", sort=roles, scale=alt.Scale(paddingOuter=0.6)),
        color=colour,
        tooltip=tips,
    )
    domain = padded([*table["lower"], *table["upper"]])
    scale = alt.Scale(domain=domain, nice=False, zero=False)
    rules = base.mark_rule(strokeWidth=2, opacity=0.6).encode(x=alt.X("lower:Q", scale=scale), x2="upper:Q")
    dots = base.mark_point(filled=True, size=70, opacity=1).encode(
        x=alt.X("accuracy:Q", title="Accuracy on the test split (%)", scale=scale), shape=shape
    )
    chart = alt.layer(rules, dots).properties(width=640, height=alt.Step(15))
    return figure(
        "measured-accuracies",
        chart,
        "Measured accuracy of the winner of each target, of the best of as many random subnets within its limits, and "
        "of the smallest and the largest subnet within them. Lines are 95 % intervals; the images of the test split "
        "were used for nothing else.",
    )


def predicted_against_measured(table: pd.DataFrame) -> Figure:
    """Draw predicted accuracy against the accuracy on the search split, of every contender.

    Parameters
    ----------
    table
        Columns `target`, `role`, `subnet`, `predicted`, `measured` (per cent) and `resolution`.
    """
    domain = padded([*table["predicted"], *table["measured"]])
    scale = alt.Scale(domain=domain, nice=False, zero=False)
    colour, shape = _role_scales(list(dict.fromkeys(table["role"])))
    dots = (
        alt.Chart(table)
        .mark_point(filled=True, size=55, opacity=0.75)
        .encode(
            x=alt.X("predicted:Q", title="Predicted accuracy (%)", scale=scale),
            y=alt.Y("measured:Q", title="Accuracy on the search split (%)", scale=scale),
            color=colour,
            shape=shape,
            tooltip=tooltips(
                target=("target", ""),
                role=("role", ""),
                subnet=("subnet", ""),
                resolution=("resolution (px)", "d"),
                predicted=("predicted (%)", ".2f"),
                measured=("measured (%)", ".2f"),
            ),
        )
    )
    line = pd.DataFrame({"at": domain})
    diagonal = alt.Chart(line).mark_line(color=MUTED, strokeWidth=1, strokeDash=[4, 3]).encode(x="at:Q", y="at:Q")
    return figure(
        "predicted-measured",
        alt.layer(diagonal, dots).properties(width=520, height=420),
        f"All {len(table):,} subnets that were measured to choose the winners. On the line, prediction and measurement "
        "are equal; found subnets are chosen for high predictions, so they tend to lie below it.",
    )


def _role_scales(roles: list[str]) -> tuple[alt.Color, alt.Shape]:
    """Return the colour and the shape of each role, which share a legend."""
    n = len(roles)
    return (
        alt.Color("role:N", title="Subnet", scale=alt.Scale(domain=roles, range=ROLE_COLOURS[:n])),
        alt.Shape("role:N", title="Subnet", scale=alt.Scale(domain=roles, range=ROLE_SHAPES[:n])),
    )
