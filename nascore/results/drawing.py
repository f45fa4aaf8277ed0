"""One subnet as a picture: what runs, how large it is, and what it leaves out.

Blocks stand left to right in order of execution. Sizes come from the space's own units, never from arithmetic here.
"""

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch
from numpy.typing import NDArray

from nascore.spaces.staged import StagedSpace

WIDTH, HEIGHT = 1000, 252
"""Size of the picture, pixels; every coordinate and font size below is in them."""
MARGIN, GROUP_GAP, BLOCK_GAP = 8, 12, 4
MIDDLE, CAPTION_TOP, LEGEND = 112, 178, 240
EXPAND_HEIGHT, FIXED_HEIGHT = 18, 100
"""Height of a block per unit of its expand ratio, up to that of fixed units."""
KERNEL_COLOURS = {1: "#cc79a7", 3: "#56b4e9", 5: "#e69f00", 7: "#009e73", 9: "#f0e442"}
"""Okabe & Ito's palette, which stays distinct for colour-blind readers and carries black text."""
ACTIVATION_LABELS = {"relu": "ReLU", "relu6": "ReLU6", "hswish": "h-swish"}
INK, MUTED, FAINT, FIXED_FILL = "#1a1a1a", "#555555", "#a0a0a0", "#e8e8e8"

RC: dict[Any, Any] = {
    "svg.hashsalt": "nascore",
    "svg.fonttype": "none",
    "font.family": ["sans-serif"],
    "font.sans-serif": ["DejaVu Sans", "Verdana", "Arial"],
}
"""Text stays text; a reader without the first font sees a narrower one, so nothing overflows."""
NO_METADATA = {"Date": None, "Creator": None, "Format": None, "Type": None}


@dataclass(frozen=True)
class _Box:
    """One slot of the picture; `kernel` is 0 for what is not a searched block."""

    group: str
    text: str
    channels: int
    size: int
    kernel: int = 0
    expand: int = 0
    executed: bool = True
    squeeze_excite: bool = False
    activation: str = ""


def draw_subnet(space: StagedSpace, genes_row: NDArray[np.int8], title: str = "") -> Figure:
    """Draw one subnet.

    Parameters
    ----------
    space
        The space of the subnet.
    genes_row
        An `(n_genes,)` row of the space.
    title
        What stands above the picture; without one, its global choices.

    Returns
    -------
    matplotlib.figure.Figure
        1,000 by 252 px at 100 dots per inch.
    """
    row = space.canonical(np.asarray(genes_row)[None])
    with matplotlib.rc_context(RC):
        figure = Figure(figsize=(WIDTH / 100, HEIGHT / 100), dpi=100)
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set(xlim=(0, WIDTH), ylim=(HEIGHT, 0))
        axes.set_axis_off()
        _write(axes, MARGIN, 24, title or space.arch_label(space.to_dicts(row)[0]), 14, weight="bold", align="left")
        _draw_groups(axes, list(_boxes(space, row)))
        _draw_legend(axes, {choice.name: choice.values for choice in space.block_choices})
        for artist in axes.get_children():
            artist.set_clip_on(False)
    return figure


def subnet_svg(space: StagedSpace, genes_row: NDArray[np.int8], title: str = "") -> str:
    """Return the picture of `draw_subnet` as an `<svg>` element to put into a page; same subnet, same bytes."""
    figure, buffer = draw_subnet(space, genes_row, title), io.StringIO()
    with matplotlib.rc_context(RC):
        figure.savefig(buffer, format="svg", metadata=NO_METADATA, transparent=True)
    svg = buffer.getvalue()
    svg = svg[svg.index("<svg") :]
    # Several pictures share a page: only ids that something refers to stay, and those are hashes of what they name.
    svg = re.sub(r'<g id="\w+_\d+">', "<g>", svg)
    # This style would reach every other picture of the page.
    svg = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>", "", svg, count=1, flags=re.DOTALL)
    label = escape(f"Drawing of the subnet {title}".strip())
    inside = svg[svg.index(">") + 1 :].strip()
    view_box = f"0 0 {WIDTH * 0.72:g} {HEIGHT * 0.72:g}"
    return f'<svg class="subnet" role="img" aria-label="{label}" viewBox="{view_box}">{inside}'


def stand_alone(svg: str) -> str:
    """Return an `<svg>` element of a page as the text of a file."""
    root = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" style="background: #fff"'
    return svg.replace("<svg ", f"<svg {root} ", 1) + "\n"


def _boxes(space: StagedSpace, row: NDArray[np.int8]) -> Iterator[_Box]:
    """Yield every slot from the input to the classifier, skipped blocks included."""
    g = int(space.global_index(row)[0])
    executed, ops, named = space.executed(row)[0], space.op_index(row)[0], [c.name for c in space.block_choices]
    units = [space.block_unit(g, block, int(op)) for block, op in enumerate(ops)]
    (stem, *first), after = space.first_units(g), space.last_units(g)
    yield _Box("", "input", stem.convs[0].c_in, stem.convs[0].in_size)
    yield _Box("", f"stem {stem.convs[0].kernel}×{stem.convs[0].kernel}", stem.convs[0].c_out, stem.convs[0].out_size)
    for unit in first:
        yield _Box("", "first block", unit.convs[-1].c_out, unit.convs[-1].out_size)
    activations = [unit.convs[0].activation for unit in units]
    for block, stage in enumerate(space.stage_of_block):
        chosen = dict(zip(named, space.op_values[ops[block]].tolist(), strict=True))
        yield _Box(
            re.sub(r"(\D)(\d+)$", r"\1 \2", space.stages[stage].name),
            "",
            units[block].convs[-1].c_out,
            units[block].convs[-1].out_size,
            chosen.get("kernel", max(conv.kernel for conv in units[block].convs)),
            chosen.get("expand", 0) if "inverted_bottleneck" in units[block].layer_names else 0,
            bool(executed[block]),
            bool(units[block].squeeze_excite),
            # Said where it tells stages apart.
            ACTIVATION_LABELS[activations[block]] if len(set(activations)) > 1 else "",
        )
    tail = [conv for unit in after for conv in unit.convs]
    names = [*["feature mix", *["head"] * len(tail)][: len(tail) - 1], "classifier"]
    for text, conv in zip(names, tail, strict=True):
        yield _Box("", text, conv.c_out, conv.out_size)


def _draw_groups(axes: Axes, boxes: list[_Box]) -> None:
    """Draw the boxes, a gap between groups, and what stands under each group."""
    starts = [i for i, box in enumerate(boxes) if i == 0 or not box.group or box.group != boxes[i - 1].group]
    # The first three and the last two boxes have captions of their own but stand together.
    gaps = [i for i in starts if i and (boxes[i].group or boxes[i - 1].group)]
    pitch = (WIDTH - 2 * MARGIN - GROUP_GAP * len(gaps)) / len(boxes)
    lefts = [MARGIN + i * pitch + GROUP_GAP * sum(gap <= i for gap in gaps) for i in range(len(boxes))]
    axes.plot([lefts[0], lefts[-1] + pitch], [MIDDLE, MIDDLE], color=FAINT, linewidth=1, zorder=0)
    for box, left in zip(boxes, lefts, strict=True):
        _draw_box(axes, box, left + BLOCK_GAP / 2, pitch - BLOCK_GAP)
    for start, end in zip(starts, [*starts[1:], len(boxes)], strict=True):
        left, right = lefts[start] + BLOCK_GAP / 2, lefts[end - 1] + pitch - BLOCK_GAP / 2
        _draw_caption(axes, boxes[start], left, right)


def _draw_box(axes: Axes, box: _Box, left: float, width: float) -> None:
    """Draw one slot: a fixed unit, an executed block or the outline of a skipped one."""
    middle = left + width / 2
    if not box.executed:
        _rectangle(axes, left, width, _height(3), facecolor="none", edgecolor=FAINT, linestyle=(0, (3, 3)))
    elif not box.kernel:
        _rectangle(axes, left, width, FIXED_HEIGHT, facecolor=FIXED_FILL, edgecolor=MUTED)
        _write(axes, middle, MIDDLE, box.text, 11, rotation=90)
    else:
        height = _height(box.expand or 3)
        colour = KERNEL_COLOURS.get(box.kernel, FIXED_FILL)
        _rectangle(axes, left, width, height, facecolor=colour, edgecolor=INK)
        _write(axes, middle, MIDDLE - 6, f"{box.kernel}×{box.kernel}", 11, weight="bold")
        _write(axes, middle, MIDDLE + 9, f"e{box.expand}" if box.expand else "", 10)
        if box.squeeze_excite:
            _draw_gate(axes, middle, MIDDLE - height / 2)


def _height(expand: int) -> int:
    """Return how high a block is drawn."""
    return min(EXPAND_HEIGHT * expand, FIXED_HEIGHT)


def _draw_gate(axes: Axes, x: float, y: float) -> None:
    """Mark a squeeze-and-excitation gate."""
    axes.add_patch(FancyBboxPatch((x - 8, y - 5), 16, 10, boxstyle="round,pad=0,rounding_size=4", fc=INK, ec="white"))
    _write(axes, x, y + 0.5, "SE", 8, colour="white")


def _draw_caption(axes: Axes, box: _Box, left: float, right: float) -> None:
    """Write a group's name, channels and output size under it."""
    middle = (left + right) / 2
    axes.plot([left, right], [CAPTION_TOP - 10] * 2, color=MUTED, linewidth=1)
    size = 10 if box.group else 9 if box.channels < 1000 else 8  # a single box is narrow
    name = f"{box.group}, {box.activation}" if box.activation else box.group
    lines = [(f"{box.size} px", "bold", INK), (f"{box.channels} ch", "normal", INK), (name, "normal", MUTED)]
    for line, (text, weight, colour) in enumerate(lines):
        _write(axes, middle, CAPTION_TOP + 2 + 14 * line, text, size, weight=weight, colour=colour)


def _draw_legend(axes: Axes, choices: Mapping[str, Sequence[int]]) -> None:
    """Explain colours, heights and marks in one line."""
    x = float(MARGIN)
    for kernel in choices.get("kernel", ()):
        colour = KERNEL_COLOURS.get(kernel, FIXED_FILL)
        axes.add_patch(FancyBboxPatch((x, LEGEND - 6), 12, 12, boxstyle="square,pad=0", fc=colour, ec=INK, lw=0.6))
        _write(axes, x + 17, LEGEND, f"kernel {kernel}×{kernel}", 10.5, align="left")
        x += 88
    ratios = ", ".join(f"e{value}" for value in choices.get("expand", ()))
    _write(axes, x + 4, LEGEND, f"height: expand ratio ({ratios})" if ratios else "", 10.5, align="left")
    _draw_gate(axes, x + 190, LEGEND)
    _write(axes, x + 202, LEGEND, "squeeze-and-excitation", 10.5, align="left")
    dashes: dict[str, Any] = {"fc": "none", "ec": FAINT, "ls": (0, (3, 3))}
    axes.add_patch(FancyBboxPatch((x + 332, LEGEND - 6), 12, 12, boxstyle="square,pad=0", **dashes))
    _write(axes, x + 349, LEGEND, "block that does not run", 10.5, align="left")
    _write(axes, x + 482, LEGEND, "below: output size (px), channels (ch)", 10.5, align="left")


def _rectangle(axes: Axes, left: float, width: float, height: float, **style: Any) -> None:
    """Draw a box around the middle line."""
    shape = FancyBboxPatch((left, MIDDLE - height / 2), width, height, boxstyle="round,pad=0,rounding_size=3")
    shape.set(linewidth=0.8, **style)
    axes.add_patch(shape)


def _write(
    axes: Axes,
    x: float,
    y: float,
    text: str,
    pixels: float,
    *,
    align: str = "center",
    weight: str = "normal",
    colour: str = INK,
    rotation: float = 0,
) -> None:
    """Write text of a given height in pixels, never read as mathematics."""
    axes.text(
        x,
        y,
        text,
        fontsize=pixels * 0.72,
        ha=align,
        va="center",
        color=colour,
        fontweight=weight,
        rotation=rotation,
        parse_math=False,
    )
