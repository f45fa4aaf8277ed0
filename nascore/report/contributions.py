"""What each choice adds to the mean accuracy: which operation, where, how deep.

Values are percentage points. Where a value is within two standard errors of nothing, its number is grey.
"""

from dataclasses import dataclass
from pathlib import Path

import altair as alt
import pandas as pd

from nascore.report.figures import INK, MUTED, Figure, figure, tooltips
from nascore.results.contributions import CONTRIBUTIONS, NOTHING, Base, Quality
from nascore.results.labels import correlation, op_label, percent
from nascore.spaces import StagedSpace

CELL = 27
"""Height of a cell, pixels."""


@dataclass(frozen=True)
class Contributions:
    """What was measured of a run's choices.

    Parameters
    ----------
    table
        `nascore.results.contributions.CONTRIBUTIONS`.
    base, quality
        See there.
    """

    table: pd.DataFrame
    base: Base
    quality: Quality


def read_contributions(table: str | Path, base: str | Path, quality: str | Path) -> Contributions:
    """Read the three files.

    Raises
    ------
    DataError
        If one is missing or is not what it should be.
    """
    return Contributions(
        CONTRIBUTIONS.read(table),
        Base.read(base),
        Quality.read(quality),
    )


def contribution_facts(found: Contributions) -> list[str]:
    """Return what a reader must know of the figures, in sentences."""
    base, quality, error = found.base, found.quality, 100 * found.base.standard_error
    passes = "one pass" if base.passes == 1 else f"{base.passes} passes"
    return [
        f"Every image of split {base.split} goes through a random subnet of its own in the one-shot network, at "
        f"{base.resolution} px: {percent(base.mean_accuracy)} of {base.n_answers:,} answers are right. A choice is "
        "kept to one value, the rest stays random, and the difference is what the value contributes "
        f"({passes}; the standard error of one difference is {error:.2f} points).",
        f"Added up, contributions order the {quality.n_rows:,} subnets of the accuracy dataset, which they were not "
        f"fitted to, with Kendall's τ {correlation(quality.paper.kendall_tau)} (Spearman's ρ "
        f"{correlation(quality.paper.spearman)}). The published code counts what depth is worth again in every later "
        f"block; in that form τ is {correlation(quality.published_code.kendall_tau)}.",
    ]


def contribution_figures(space: StagedSpace, found: Contributions) -> list[Figure]:
    """Draw what each choice is worth per stage, and each operation of each block."""
    of_depth, error = found.table["block"] == NOTHING, 100 * found.base.standard_error
    ops = found.table[~of_depth]
    cells = _op_cells(space, ops, error)
    overview = pd.concat([_depth_cells(space, found.table[of_depth], error), *_choice_cells(space, ops, error)])
    stages = [stage.name for stage in space.stages]
    most = float(max(cells["points"].abs().max(), overview["points"].abs().max()))
    panels = [
        _heatmap(part, "value", list(part["value"].unique()), stages, most, 62).properties(title=str(name).capitalize())
        for name, part in overview.groupby("choice", sort=False)
    ]
    return [
        figure(
            "contributions-choices",
            alt.hconcat(*panels, spacing=26),
            "Contribution of each choice, percentage points of accuracy. Depth: how far the mean moves when a stage "
            "has so many blocks. The others: how far a value is above or below the mean of its choice, over all blocks "
            "of the stage. Blue adds, orange takes away; grey numbers are within two standard errors of nothing.",
        ),
        figure(
            "contributions-operations",
            _heatmap(cells, "block", list(space.block_names), _op_names(space), most, 45),
            "Contribution of each operation of each block, percentage points; of a later block as the last one of its "
            "stage, beside the mean of that depth. e: expand ratio, k: kernel, SE: squeeze-and-excitation.",
        ),
    ]


def _op_names(space: StagedSpace) -> list[str]:
    names = [choice.name for choice in space.block_choices]
    return [op_label(names, values) for values in space.op_values.tolist()]


def _op_cells(space: StagedSpace, ops: pd.DataFrame, error: float) -> pd.DataFrame:
    """Tabulate every operation of every block."""
    names = _op_names(space)
    cells = {
        "row": [names[op] for op in ops["op"]],
        "block": [space.block_names[block] for block in ops["block"]],
        "points": 100 * ops["contribution"],
        "error": error,
    }
    return _shown(pd.DataFrame(cells))


def _depth_cells(space: StagedSpace, rows: pd.DataFrame, error: float) -> pd.DataFrame:
    """Tabulate every depth of every stage."""
    cells = {
        "row": [space.stages[stage].name for stage in rows["stage"]],
        "choice": "depth",
        "value": rows["depth"].astype(str),
        "points": 100 * rows["contribution"],
        "error": error,
    }
    return _shown(pd.DataFrame(cells))


def _choice_cells(space: StagedSpace, ops: pd.DataFrame, error: float) -> list[pd.DataFrame]:
    """Tabulate every value of every choice of a block, as the mean over a stage's blocks and its other choices.

    The mean over a block's operations is taken off: it is zero but for the noise of what they are compared with.
    """
    centred = ops["contribution"] - ops.groupby("block")["contribution"].transform("mean")
    tables = []
    for number, choice in enumerate(space.block_choices):
        by_value = centred.groupby([ops["stage"], space.op_values[ops["op"], number]]).agg(["mean", "size"])
        cells = {
            "row": [space.stages[stage].name for stage, _ in by_value.index],
            "choice": {"se": "squeeze-and-excitation"}.get(choice.name, choice.name),
            "value": [space.value_label(f".{choice.name}", value) for _, value in by_value.index],
            "points": 100 * by_value["mean"].to_numpy(),
            # Of the two means that a difference has, the one of all operations is taken off.
            "error": error / (2 * by_value["size"].to_numpy()) ** 0.5,
        }
        tables.append(_shown(pd.DataFrame(cells)))
    return tables


def _shown(cells: pd.DataFrame) -> pd.DataFrame:
    """Add what is written into the cells, and whether it stands out of the noise."""
    text = [f"{points:+.1f}".replace("-", "−") if abs(points) >= 0.05 else "0.0" for points in cells["points"]]
    clear = cells["points"].abs() > 2 * cells["error"]
    return cells.assign(text=text, clear=clear).round({"points": 4, "error": 4})


def _heatmap(
    cells: pd.DataFrame, column: str, columns: list[str], rows: list[str], most: float, step: int
) -> alt.LayerChart | alt.FacetChart:
    """Draw values as cells around white."""
    scale = alt.Scale(range=["#d55e00", "#ffffff", "#0072b2"], domain=[-1.5 * most, 0, 1.5 * most], interpolate="rgb")
    base = alt.Chart(cells).encode(
        x=alt.X(f"{column}:N", sort=columns, title=None, axis=alt.Axis(labelAngle=-55 if len(columns) > 6 else 0)),
        y=alt.Y("row:N", sort=rows, title=None, axis=alt.Axis(labelLimit=200)),
        tooltip=tooltips(
            row=("", ""), **{column: ("", "")}, points=("points", "+.2f"), error=("standard error", ".2f")
        ),
    )
    tiles = base.mark_rect(stroke="#e4e8ec").encode(color=alt.Color("points:Q", scale=scale, legend=None))
    numbers = base.mark_text(fontSize=11).encode(
        text="text:N", color=alt.when(alt.datum.clear).then(alt.value(INK)).otherwise(alt.value(MUTED))
    )
    return alt.layer(tiles, numbers).properties(width=alt.Step(step), height=alt.Step(CELL))
