"""`nascore spaces`, `nascore devices`, `nascore cost`, `nascore draw`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nascore.cli import arguments
from nascore.cli.arguments import Architectures, AsJson, Classes, Resolutions, SpaceName
from nascore.cli.output import ARCH_HEADER, arch_cells, cost_cells, cost_header, example, print_json, table

if TYPE_CHECKING:
    from nascore.spaces import StagedSpace
    from nascore.spaces.block_table import BlockTable

ONE_ARCH = '\'{"wid": 0, "ks": 3, "e": 3, "d": 0, "image_size": 96}\''
PICTURES = {".svg": {"Date": None, "Creator": None}, ".png": {"Software": None}, ".pdf": {"CreationDate": None}}
"""File formats of pictures, with the metadata to leave out so that the same subnet gives the same bytes."""


def register(app: typer.Typer) -> None:
    """Add the commands to the app."""
    app.command(
        epilog=example("nascore spaces", "nascore spaces ofa_mcunet --resolutions 96,160"),
        short_help="List or describe design spaces.",
    )(spaces)
    app.command(epilog=example("nascore devices"), short_help="List microcontrollers.")(devices)
    app.command(
        epilog=example(
            f"nascore cost {ONE_ARCH}", "nascore cost results/lab3_tables/search/macs_50m/exact/result.json"
        ),
        short_help="Count MACs, memory, parameters.",
    )(cost)
    app.command(epilog=example(f"nascore draw {ONE_ARCH} --output subnet.svg"))(draw)


def spaces(
    name: Annotated[
        str | None,
        typer.Argument(help="Space to describe, or its YAML file; without it, the published ones are listed."),
    ] = None,
    resolutions: Resolutions = None,
    classes: Classes = 2,
    as_json: AsJson = False,
) -> None:
    """List the design spaces, or describe one: its choices, its exact size, and the range of its costs."""
    from nascore.spaces import space_names

    described = [
        describe(arguments.space_of(space, resolutions, classes)) for space in ([name] if name else space_names())
    ]
    if as_json:
        print_json(described[0] if name else described)
    elif name:
        _print_space(described[0])
    else:
        sizes = [(entry["name"], f"{entry['n_architectures']:,}") for entry in described]
        typer.echo(table(["space", "architectures"], sizes))


def describe(space: "StagedSpace") -> dict[str, Any]:
    """Return the structure, the exact size and the range of every cost of a space."""
    from nascore.efficiency import cost_tables

    ranges = {metric: _cost_range(space, costs) for metric, costs in cost_tables(space).items()}
    return {
        "name": space.name,
        "n_architectures": space.size(),
        "global_choices": {choice.name: list(choice.values) for choice in space.global_choices},
        "depths": {stage.name: list(stage.depths) for stage in space.stages},
        "block_choices": {choice.name: list(choice.values) for choice in space.block_choices},
        "n_blocks": space.n_blocks,
        "of_stages": {gene: list(values) for gene, values in space.structure},
        "smallest_costs": {metric: low for metric, (low, _) in ranges.items()},
        "largest_costs": {metric: high for metric, (_, high) in ranges.items()},
    }


def _cost_range(space: "StagedSpace", costs: "BlockTable") -> tuple[int, int]:
    """Return the least and the greatest of one cost in the whole space."""
    import numpy as np

    from nascore.search.feasibility import least_cost
    from nascore.search.trellis import Trellis

    trellis = Trellis(space)
    if costs.reduce is np.add:
        high = costs.fixed + trellis.best_weight(costs.blocks)
    else:
        high = np.maximum(costs.fixed, costs.blocks[:, space.allowed_ops].max(axis=1))
    return int(least_cost(trellis, costs).min()), int(high.max())


def _print_space(described: dict[str, Any]) -> None:
    """Print the description of one space."""

    def listed(values: list[int]) -> str:
        return " ".join(map(str, values))

    typer.echo(f"{described['name']}: {described['n_architectures']:,} different architectures\n")
    of_stage = ", as its stage has it" if described["of_stages"] else ""
    per_block = f"each of the {described['n_blocks']} blocks that runs{of_stage}"
    rows = [
        *((name, listed(values), "the architecture") for name, values in described["global_choices"].items()),
        *((f"{name}.depth", listed(values), "the stage") for name, values in described["depths"].items()),
        *((name, listed(values), per_block) for name, values in described["block_choices"].items()),
    ]
    typer.echo(table(["choice", "values", "one for"], rows))
    low, high = cost_cells(described["smallest_costs"]), cost_cells(described["largest_costs"])
    typer.echo("\n" + table(["cost", "smallest", "largest"], zip(cost_header(), low, high, strict=True)))


def devices(as_json: AsJson = False) -> None:
    """List the microcontrollers that a search can be limited to, with their memories."""
    from dataclasses import asdict

    from nascore.devices import DEVICES

    if as_json:
        print_json([asdict(device) for device in DEVICES.values()])
        return
    rows = [(d.name, d.sram_kb, d.flash_kb, d.part, d.datasheet) for d in DEVICES.values()]
    typer.echo(table(["device", "SRAM (KB)", "flash (KB)", "part", "data sheet"], rows))


def cost(
    archs: Architectures,
    space: SpaceName = None,
    resolutions: Resolutions = None,
    classes: Classes = 2,
    as_json: AsJson = False,
) -> None:
    """Count what architectures cost: multiply-accumulates, peak memory, parameters, flash."""
    from nascore.efficiency import cost as count_costs

    found = arguments.space_of(space, resolutions, classes)
    genes = found.canonical(arguments.read_architectures(archs, found))
    rows = zip(found.arch_id(genes), found.to_dicts(genes), count_costs(found, genes).to_dict("records"), strict=True)
    entries: list[dict[str, Any]] = [
        {"arch_id": arch_id, "arch": arch, "costs": costs} for arch_id, arch, costs in rows
    ]
    if as_json:
        print_json(entries)
    else:
        cells = [
            [*arch_cells(found, entry["arch_id"], entry["arch"]), *cost_cells(entry["costs"])] for entry in entries
        ]
        typer.echo(table([*ARCH_HEADER, *cost_header()], cells))


def draw(
    arch: Annotated[str, typer.Argument(metavar="ARCH", help="Architecture, as for `nascore cost`.")],
    output: Annotated[Path, typer.Option("--output", help="Picture to write: .svg, .png or .pdf.")],
    pick: Annotated[int, typer.Option("--pick", min=1, help="Which one, if ARCH holds several; 1 is the first.")] = 1,
    title: Annotated[str, typer.Option("--title", help="What stands above the picture.")] = "",
    space: SpaceName = None,
    resolutions: Resolutions = None,
    classes: Classes = 2,
) -> None:
    """Draw one architecture."""
    from nascore.errors import DataError

    suffix = output.suffix.lower()
    if suffix not in PICTURES:
        raise DataError(f"pictures are {', '.join(PICTURES)}; got {str(output)!r}")
    found = arguments.space_of(space, resolutions, classes)
    genes = arguments.read_architectures([arch], found)
    if pick > len(genes):
        raise DataError(f"--pick {pick}: there are only {len(genes)} architectures")

    import matplotlib

    from nascore.files import replacing
    from nascore.results.drawing import RC, draw_subnet

    with replacing(output) as temporary, matplotlib.rc_context(RC):
        draw_subnet(found, genes[pick - 1], title).savefig(temporary, metadata=PICTURES[suffix])
    typer.echo(f"wrote {output}")
