"""Charts of coverage: how many measured rows stand behind each choice of the space."""

import altair as alt
import numpy as np
import pandas as pd

from nascore.report.figures import INK, Figure, figure
from nascore.spaces import StagedSpace


def coverage_figures(space: StagedSpace, coverage: pd.DataFrame) -> list[Figure]:
    """Draw measured rows per choice: of each block, and of the global and depth choices."""
    in_blocks = coverage["gene"].str.contains(r"\.block\d+\.", regex=True)
    blocks, others = coverage[in_blocks], coverage[~in_blocks]
    parts = blocks["gene"].str.rsplit(".", n=1, expand=True)
    names: list[str] = parts[1].tolist() if len(blocks) else []
    choice = [
        f"{name} {space.value_label(f'.{name}', value)}" for name, value in zip(names, blocks["value"], strict=True)
    ]
    cells = pd.DataFrame({"column": parts[0] if len(blocks) else [], "row": choice, "n_rows": blocks["n_rows"]})
    row_order = [f"{c.name} {space.value_label(f'.{c.name}', v)}" for c in space.block_choices for v in c.values]
    labels = [space.value_label(gene, value) for gene, value in zip(others["gene"], others["value"], strict=True)]
    rank = others.groupby("gene")["value"].rank(method="first").astype(int)
    wide = pd.DataFrame({"column": rank, "row": others["gene"], "n_rows": others["n_rows"], "choice": labels})
    genes = [name for name in space.gene_names if name in set(others["gene"])]
    caption = "Measured rows in which a block runs with each choice; crossed red cells have none."
    globals_ = ", ".join(choice.name for choice in space.global_choices)
    caption_other = f"Measured rows per {globals_} and depth; red cells have none."
    return [
        figure("coverage-blocks", _heatmap(cells, list(space.block_names), row_order, 43, 26), caption),
        figure("coverage-others", _heatmap(wide, None, genes, 110, 34), caption_other),
    ]


def _heatmap(
    cells: pd.DataFrame, columns: list[str] | None, rows: list[str], step_x: int, step_y: int
) -> alt.LayerChart | alt.FacetChart:
    """Draw counts as cells; a cell with none is red and crossed so that colour is not its only mark."""
    named = "choice" in cells
    shown = [_short(n) for n in cells["n_rows"]]
    text = [f"{c}: {n}" for c, n in zip(cells["choice"], shown, strict=True)] if named else shown
    cells = cells.assign(text=text)
    most = max(int(cells["n_rows"].max()), 1) if len(cells) else 1
    axis = None if columns is None else alt.Axis(labelAngle=-55, labelPadding=4)
    base = alt.Chart(cells).encode(
        x=alt.X("column:O", sort=columns, title=None, axis=axis),
        y=alt.Y("row:N", sort=rows, title=None, axis=alt.Axis(labelLimit=200)),
        tooltip=[alt.Tooltip("row:N", title="gene"), alt.Tooltip("n_rows:Q", title="rows", format=",")],
    )
    empty = alt.datum.n_rows == 0
    fill = alt.Color("n_rows:Q", title="Rows", scale=alt.Scale(scheme="blues", domain=[0, most * 1.3]), legend=None)
    tiles = base.mark_rect(stroke="white", strokeWidth=2)
    tiles = tiles.encode(color=alt.when(empty).then(alt.value("#f6c8c0")).otherwise(fill))
    crosses = base.transform_filter(empty).mark_point(shape="cross", angle=45, color="#b3261e", size=60, filled=True)
    dark = alt.when(alt.datum.n_rows > 0.75 * most).then(alt.value("white")).otherwise(alt.value(INK))
    texts = base.transform_filter(alt.datum.n_rows > 0) if not named else base
    numbers = texts.mark_text(fontSize=11).encode(text="text:N", color=dark)
    layers = [tiles, numbers] if named else [tiles, crosses, numbers]
    return alt.layer(*layers).properties(width=alt.Step(step_x), height=alt.Step(step_y))


def _short(number: float) -> str:
    """Write a count in at most four characters where thousands allow it."""
    return str(int(number)) if number < 1000 else f"{np.round(number / 1000, 1):g}k"
