"""Charts about the supernet's training: loss and accuracies, the phases one after another."""

from collections.abc import Sequence
from dataclasses import dataclass

import altair as alt
import pandas as pd

from nascore.report.figures import MUTED, PALETTE, Figure, figure, padded, tooltips

WIDTH = 900
SUBNETS = {"accuracy_largest": "largest", "accuracy_smallest": "smallest"}


def training_figures(curves: Sequence[pd.DataFrame]) -> list[Figure]:
    """Draw training loss, and the accuracy of the largest and the smallest subnet where it was measured.

    Parameters
    ----------
    curves
        One per phase, `nascore.results.training.CURVE`.
    """
    table = whole_training(curves)
    figures = [_loss(table)]
    measured = table.melt(
        id_vars=["phase", "epoch", "images_before", "images"], value_vars=list(SUBNETS), value_name="accuracy"
    ).dropna(subset=["accuracy"])
    return [*figures, _accuracy(table, measured)] if len(measured) else figures


@dataclass(frozen=True)
class Phase:
    """How much one phase of training was."""

    name: str
    epochs: int
    steps: int
    images: int


def training_phases(curves: Sequence[pd.DataFrame]) -> list[Phase]:
    """Return the phases in order, from the last row of each curve."""
    last = [curve.iloc[-1] for curve in curves]
    return [Phase(str(row["phase"]), *(int(row[name]) for name in ("epoch", "step", "images"))) for row in last]


def whole_training(curves: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Return all phases as one table: `images` counts from the first phase, `images_before` is where a phase began."""
    parts, before = [], 0
    for curve in curves:
        parts.append(curve.assign(images=curve["images"] + before, images_before=before))
        before = int(parts[-1]["images"].max())
    return pd.concat(parts, ignore_index=True)


def _loss(table: pd.DataFrame) -> Figure:
    """Draw the training loss."""
    rows = table.assign(loss=table["loss"].round(5), learning_rate=table["learning_rate"].round(8))
    domain = padded(rows["loss"], 0.08)
    line = (
        alt.Chart(rows)
        .mark_line(color=PALETTE[0], strokeWidth=2, point=alt.OverlayMarkDef(size=28, filled=True, color=PALETTE[0]))
        .encode(
            x=_images(rows),
            y=alt.Y("loss:Q", title="Training loss", scale=alt.Scale(domain=domain, nice=False, zero=False)),
            detail="phase:N",
            tooltip=tooltips(
                phase=("phase", ""),
                epoch=("epoch", "d"),
                images=("images so far", ","),
                step=("steps in the phase", ","),
                learning_rate=("learning rate", ".3~g"),
                loss=("loss", ".4f"),
            ),
        )
    )
    chart = alt.layer(*_phases(table, domain), line).properties(width=WIDTH, height=220)
    return figure(
        "training-loss",
        chart,
        "Mean training loss of each epoch."
        + _if_phases(
            table,
            " Every phase opens more choices, so a loss may rise where "
            "a phase begins, and phases with different losses (distillation) are not on one scale.",
        ),
    )


def _accuracy(table: pd.DataFrame, measured: pd.DataFrame) -> Figure:
    """Draw the accuracies of the largest and the smallest subnet."""
    rows = measured.assign(accuracy=(100 * measured["accuracy"]).round(4), subnet=measured["variable"].map(SUBNETS))
    rows = rows.drop(columns=["variable", "images_before"])
    domain = padded(rows["accuracy"], 0.08)
    colour = alt.Color("subnet:N", title="Subnet", scale=alt.Scale(domain=list(SUBNETS.values()), range=PALETTE[:2]))
    lines = (
        alt.Chart(rows)
        .mark_line(strokeWidth=2, point=alt.OverlayMarkDef(size=28, filled=True))
        .encode(
            x=_images(table),
            y=alt.Y("accuracy:Q", title="Accuracy (%)", scale=alt.Scale(domain=domain, nice=False, zero=False)),
            color=colour,
            detail="phase:N",
            tooltip=tooltips(
                phase=("phase", ""),
                epoch=("epoch", "d"),
                images=("images so far", ","),
                subnet=("subnet", ""),
                accuracy=("accuracy (%)", ".2f"),
            ),
        )
    )
    chart = alt.layer(*_phases(table, domain), lines).properties(width=WIDTH, height=240)
    return figure(
        "training-accuracy",
        chart,
        "Accuracy of the largest and the smallest subnet of the supernet, measured during training."
        + _if_phases(table, " In a phase that does not train small subnets yet, the smallest one guesses."),
    )


def _if_phases(table: pd.DataFrame, sentence: str) -> str:
    """Return a sentence that only holds where training has several phases."""
    return sentence if table["phase"].nunique() > 1 else ""


def _images(table: pd.DataFrame) -> alt.X:
    """Return the axis of training images."""
    scale = alt.Scale(domain=[0, int(table["images"].max())], nice=False, padding=8)
    return alt.X("images:Q", title="Training images so far", scale=scale, axis=alt.Axis(format="~s", grid=False))


def _phases(table: pd.DataFrame, domain: list[float]) -> list[alt.Chart]:
    """Draw where each phase begins, with its name."""
    starts = table.drop_duplicates("phase")[["phase", "images_before"]].assign(top=domain[1])
    x = alt.X("images_before:Q")
    rules = alt.Chart(starts).mark_rule(color=MUTED, strokeDash=[4, 3], strokeWidth=1).encode(x=x)
    names = alt.Chart(starts).mark_text(align="left", baseline="bottom", dx=3, dy=-3, fontSize=11, fontWeight=600)
    return [rules, names.encode(x=x, y="top:Q", text="phase:N")]
