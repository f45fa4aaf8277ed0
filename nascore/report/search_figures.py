"""Charts about the search: Pareto fronts with the targets on them, searchers beside each other."""

from collections.abc import Sequence
from typing import Any

import altair as alt
import pandas as pd

from nascore.report.figures import INK, MUTED, PALETTE, Figure, figure, padded, thin, tooltips
from nascore.report.point_labels import place_labels
from nascore.results.labels import METRICS
from nascore.results.search import SearchResult

MOST_FRONT_POINTS = 600
FRONT_WIDTH, FRONT_HEIGHT = 1040, 400


def pareto_front(metric: str, front: pd.DataFrame, results: Sequence[SearchResult]) -> Figure:
    """Draw one front, the optimum of every target beside it, and every target's limit on the metric.

    Parameters
    ----------
    metric
        The cost on the horizontal axis.
    front
        The front's subnets.
    results
        The result of each target that has its optimum.
    """
    unit = METRICS[metric]
    ordered = front.sort_values([metric, "predicted_accuracy"], kind="stable")
    line = thin(ordered, MOST_FRONT_POINTS)
    line = pd.DataFrame(
        {
            "cost": (line[metric] / unit.scale).round(6),
            "accuracy": (100 * line["predicted_accuracy"]).round(5),
            "resolution": line["resolution"],
            "subnet": line["arch_id"],
        }
    )
    found, limits = _found(metric, results), _limits(metric, results)
    x_domain = padded([*line["cost"], *found["cost"], *limits["limit"]], 0.03)
    y_domain = padded([*line["accuracy"], *found["accuracy"]], 0.06)
    layers = _front_layers(line, x_domain, y_domain, unit.axis)
    layers += _target_layers([r.target for r in results], found, limits, x_domain, y_domain, unit.axis)
    chart = alt.layer(*layers).properties(width=FRONT_WIDTH, height=FRONT_HEIGHT)
    thinned = "" if len(line) == len(ordered) else f" Drawn with {len(line):,} of its {len(ordered):,} subnets."
    return figure(
        f"pareto-{metric}",
        chart,
        f"Highest predicted accuracy by {unit.label}: no subnet of the searched space is predicted above the line."
        f"{thinned} Dots are the optima of the targets, which need not be the winners; dashed lines are their "
        "limits on this metric. A dot lies below the line where another limit binds.",
    )


def _found(metric: str, results: Sequence[SearchResult]) -> pd.DataFrame:
    """Tabulate the optimum of each target."""
    rows = [
        (r.target, r.best.costs[metric] / METRICS[metric].scale, 100 * r.best.predicted_accuracy, r.best.arch_id)
        for r in results
        if r.best
    ]
    return pd.DataFrame(rows, columns=["target", "cost", "accuracy", "subnet"])


def _limits(metric: str, results: Sequence[SearchResult]) -> pd.DataFrame:
    """Tabulate the limits on a metric."""
    rows = [
        (r.target, c.limit_in_metric / METRICS[metric].scale, "" if r.best else r.status.replace("_", " "))
        for r in results
        for c in r.constraints
        if c.metric == metric
    ]
    return pd.DataFrame(rows, columns=["target", "limit", "failed"])


def _front_layers(line: pd.DataFrame, x_domain: list[float], y_domain: list[float], axis: str) -> list[alt.Chart]:
    """Draw the front as steps, with points to hover over."""
    base = alt.Chart(line).encode(
        x=alt.X("cost:Q", title=axis, axis=alt.Axis(tickCount=14), scale=alt.Scale(domain=x_domain, nice=False)),
        y=alt.Y("accuracy:Q", title="Predicted accuracy (%)", scale=alt.Scale(domain=y_domain, nice=False)),
        tooltip=tooltips(
            cost=(axis, ",.3f"),
            accuracy=("predicted accuracy (%)", ".2f"),
            resolution=("resolution (px)", "d"),
            subnet=("subnet", ""),
        ),
    )
    steps = base.mark_line(interpolate="step-after", color=INK, strokeWidth=1.6)
    return [steps, base.mark_circle(size=14, color=INK, opacity=0.35)]


def _target_layers(
    names: list[str],
    found: pd.DataFrame,
    limits: pd.DataFrame,
    x_domain: list[float],
    y_domain: list[float],
    axis: str,
) -> list[alt.Chart]:
    """Draw limits, subnets and their names; a target has the same colour on every front."""
    colours = [PALETTE[i % len(PALETTE)] for i in range(len(names))]
    colour = alt.Color("target:N", scale=alt.Scale(domain=names, range=colours), legend=None)
    failed = limits[limits["failed"] != ""]
    labels = place_labels(
        [*zip(found["cost"], found["accuracy"], found["target"], found["target"], strict=True)]
        + [(x, y_domain[0], t, f"{t} ({f})") for t, x, f in failed.itertuples(index=False)],
        x_domain=x_domain,
        y_domain=y_domain,
        width=FRONT_WIDTH,
        height=FRONT_HEIGHT,
    )
    rule_tips = tooltips(target=("target", ""), limit=(f"limit: {axis}", ",.6~g"))
    dot_tips = tooltips(
        target=("target", ""), cost=(axis, ",.3f"), accuracy=("predicted accuracy (%)", ".2f"), subnet=("subnet", "")
    )
    rules = alt.Chart(limits).mark_rule(strokeDash=[5, 4], strokeWidth=1.3)
    dots = alt.Chart(found).mark_circle(size=75, opacity=1, stroke="white", strokeWidth=1)
    leaders = alt.Chart(labels).mark_rule(strokeWidth=0.7, color=MUTED)
    places = alt.Chart(labels).encode(x="text_x:Q", y="text_y:Q", text="text:N")
    style: dict[str, Any] = {"align": "left", "baseline": "middle", "fontSize": 11, "fontWeight": 600}
    return [
        rules.encode(x="limit:Q", color=colour, tooltip=rule_tips),
        leaders.encode(x="x:Q", y="y:Q", x2="leader_x:Q", y2="leader_y:Q"),
        dots.encode(x="cost:Q", y="accuracy:Q", color=colour, tooltip=dot_tips),
        places.mark_text(**style, stroke="white", strokeWidth=4, strokeJoin="round", opacity=0.9),
        places.mark_text(**style, color=INK),
    ]


def searchers(table: pd.DataFrame) -> Figure:
    """Draw how far each searcher stays behind the best one.

    Parameters
    ----------
    table
        Columns `target`, `searcher`, `predictor`, `accuracy` and `behind`, the last two in per cent and points.
    """
    farthest = max(1.05 * table["behind"].max(), 0.05)
    targets, names = list(dict.fromkeys(table["target"])), list(dict.fromkeys(table["searcher"]))
    rows = alt.Y("target:N", sort=targets, title=None, axis=alt.Axis(grid=True, labelLimit=220, tickBand="extent"))
    chart = (
        alt.Chart(table)
        .mark_point(filled=True, size=70, opacity=0.95)
        .encode(
            y=rows,
            yOffset=alt.YOffset("searcher:N", sort=names, scale=alt.Scale(paddingOuter=0.5)),
            x=alt.X("behind:Q", title="Points of predicted accuracy behind the best searcher").scale(
                domain=[0, farthest], nice=False
            ),
            color=alt.Color("searcher:N", title="Searcher", scale=alt.Scale(domain=names)),
            shape=alt.Shape("searcher:N", title="Searcher", scale=alt.Scale(domain=names)),
            tooltip=tooltips(
                target=("target", ""),
                searcher=("searcher", ""),
                predictor=("predictor", ""),
                accuracy=("predicted accuracy (%)", ".2f"),
                behind=("points behind the best", ".3f"),
            ),
        )
        .properties(width=640, height=alt.Step(max(12, 44 // max(len(names), 1))))
    )
    return figure(
        "searchers",
        chart,
        "Per target, the best predicted accuracy of all searchers with the same predictor, less each one's own.",
    )
