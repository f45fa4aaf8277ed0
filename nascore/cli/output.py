"""What commands print: aligned tables for people, JSON for machines."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from nascore.spaces import StagedSpace

GAP = "  "


def example(*commands: str) -> str:
    """Return the end of a command's help: example command lines, each on a line of its own."""
    return "\n".join(["\b", "Example:", *(f"  {command}" for command in commands)])


def print_json(content: Any) -> None:
    """Print JSON with two-space indent; numbers that are not finite are refused."""
    typer.echo(json.dumps(content, indent=2, allow_nan=False, ensure_ascii=False))


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Lay rows out in columns: numbers right, everything else left.

    Parameters
    ----------
    header
        Names of the columns, with their units.
    rows
        One entry per column each.
    """
    cells = [[str(entry) for entry in row] for row in rows]
    columns = list(zip(header, *cells, strict=True))
    widths = [max(map(len, column)) for column in columns]
    right = [all(_is_number(cell) for cell in column[1:]) for column in columns]
    lines = [
        GAP.join(
            cell.rjust(width) if number else cell.ljust(width)
            for cell, width, number in zip(line, widths, right, strict=True)
        ).rstrip()
        for line in (header, *cells)
    ]
    return "\n".join(lines)


def _is_number(cell: str) -> bool:
    return bool(cell) and not cell.strip("0123456789.,-+e")


def cost_header(latencies: Sequence[str] = ()) -> list[str]:
    """Return the column names of costs, with their units; `latencies` are cost columns beside the counted ones."""
    from nascore.results.labels import METRICS, metric_of

    return [metric_of(name).axis for name in (*METRICS, *latencies)]


def cost_cells(costs: Mapping[str, float], latencies: Sequence[str] = ()) -> list[str]:
    """Return one architecture's costs as cells under `cost_header`."""
    from nascore.results.labels import METRICS, metric_of

    return [metric_of(name).number(costs[name]) for name in (*METRICS, *latencies)]


def arch_cells(space: "StagedSpace", arch_id: str, arch: Mapping[str, Any]) -> list[str]:
    """Return the name and the global choices of an architecture in its published form."""
    chosen = space.choices_of(arch)
    return [arch_id, str(chosen["resolution"]), str(chosen.get("width", "–"))]


ARCH_HEADER = ["architecture", "px", "width (%)"]
"""The column names of `arch_cells`."""
