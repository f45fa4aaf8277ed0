"""`nascore latency measure`, `check`, `import`, `export`."""

from pathlib import Path
from typing import Annotated

import typer

from nascore.cli import arguments
from nascore.cli.arguments import Classes, Resolutions, SpaceName
from nascore.cli.output import example, table

Device = Annotated[str, typer.Option("--device", metavar="NAME", help="Name of the machine, which targets refer to.")]
Threads = Annotated[int, typer.Option("--threads", min=1, help="Threads of one inference.")]
Batch = Annotated[int, typer.Option("--batch", min=1, help="Images per call.")]
TableFile = Annotated[Path, typer.Argument(metavar="TABLE", help="Table of layer latencies (.parquet).")]
LAYERS, NETWORKS = "layers.parquet", "networks.parquet"


def register(app: typer.Typer) -> None:
    """Add the commands to the app."""
    latency = typer.Typer(help="Measure latency, and judge tables of it.", no_args_is_help=True, rich_markup_mode=None)
    latency.command(epilog=example("nascore latency measure --device laptop --backend onnxruntime --output laptop"))(
        measure
    )
    latency.command(
        epilog=example("nascore latency check laptop/layers.parquet laptop/networks.parquet --output laptop.parquet")
    )(check)
    latency.command(
        name="import",
        epilog=example("nascore latency import board.yaml --device board --output board.parquet"),
    )(import_)
    latency.command(epilog=example("nascore latency export laptop/layers.parquet --output laptop.yaml"))(export)
    app.add_typer(latency, name="latency")


def measure(
    device: Device,
    backend: Annotated[str, typer.Option("--backend", metavar="NAME", help="onnxruntime, pytorch or cuda.")],
    output: Annotated[Path, typer.Option("--output", help=f"Folder for {LAYERS} and {NETWORKS}.")],
    threads: Threads = 1,
    batch: Batch = 1,
    networks: Annotated[int, typer.Option("--networks", min=0, help="Random whole networks to measure, too.")] = 150,
    repeats: Annotated[int, typer.Option("--repeats", min=4, help="Timed calls of each, at most.")] = 256,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Root of the random stream of the networks.")] = 0,
    space: SpaceName = None,
    resolutions: Resolutions = None,
    classes: Classes = 2,
) -> None:
    """Measure every layer of a space, and random networks, on this machine.

    Nothing else should run meanwhile. What the folder has already is not measured again, so an interrupted measurement
    goes on where it was.
    """
    from nascore.evaluation.latency import measure_layers, measure_networks, sample_networks
    from nascore.evaluation.latency_backends import get_backend
    from nascore.evaluation.latency_timing import Timing
    from nascore.layer_signature import layers_of

    whole, used, timing = (
        arguments.space_of(space, resolutions, classes),
        get_backend(backend, threads),
        Timing.up_to(repeats),
    )
    layers = measure_layers(output / LAYERS, layers_of(whole), used, device=device, batch=batch, timing=timing)
    typer.echo(f"{output / LAYERS}: {len(layers.rows):,} layers")
    if networks:
        genes = sample_networks(whole, networks, seed=seed)
        found = measure_networks(output / NETWORKS, whole, genes, used, device=device, batch=batch, timing=timing)
        typer.echo(f"{output / NETWORKS}: {len(found.genes):,} networks")


def check(
    layers: TableFile,
    networks: Annotated[Path, typer.Argument(metavar="NETWORKS", help="Table of network latencies (.parquet).")],
    fit: Annotated[int, typer.Option("--fit", min=3, help="Networks to fit on; the others are judged on.")] = 100,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Root of the random streams.")] = 0,
    output: Annotated[Path | None, typer.Option("--output", help="Write the corrected table here.")] = None,
    space: SpaceName = None,
    resolutions: Resolutions = None,
    classes: Classes = 2,
) -> None:
    """Judge a table on whole networks that nothing was fitted to, and correct it.

    Errors are mean relative ones; `corrected_sum` is what a search with the corrected table goes by.
    """
    from nascore.efficiency.latency_judgement import compare
    from nascore.efficiency.latency_quality import correct, estimates
    from nascore.latency_files import LayerLatencies, NetworkLatencies

    measured = NetworkLatencies.read(networks, arguments.space_of(space, resolutions, classes))
    fitted, heldout = measured.split(fit, max(len(measured.genes) - fit, 2))
    plain = LayerLatencies.read(layers)
    judged = compare(heldout.median_ms, estimates(plain, fitted, heldout, seed=seed))
    rows = [
        [row["estimate"], f"{100 * row['mape']:.2f}", f"{row['spearman']:.4f}", f"{row['kendall_tau']:.4f}"]
        for row in judged.to_dict("records")
    ]
    typer.echo(table(["latency by", "error (%)", "Spearman", "Kendall"], rows))
    spread = (heldout.times["spread_ms"] / heldout.median_ms).median()
    typer.echo(
        f"\n{len(heldout.genes)} networks, {heldout.median_ms.min():.3f} to {heldout.median_ms.max():.3f} ms; "
        f"middle half of one network's calls within {100 * spread:.1f} % of its median"
    )
    if output:
        correct(plain, fitted).write(output)
        typer.echo(f"wrote {output}")


def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Latencies as YAML: key: {mean, std, count}, ms.")],
    device: Device,
    output: Annotated[Path, typer.Option("--output", help="Table of layer latencies (.parquet) to write.")],
    hardware: Annotated[str, typer.Option("--hardware", help="Processor that ran the layers.")] = "unknown",
    backend: Annotated[str, typer.Option("--backend", help="What ran them.")] = "unknown",
    runtime_version: Annotated[str, typer.Option("--runtime-version", help="Its version.")] = "unknown",
    threads: Threads = 1,
    batch: Batch = 1,
    dtype: Annotated[str, typer.Option("--dtype", help="Type of weights and activations.")] = "float32",
    space: SpaceName = None,
    resolutions: Resolutions = None,
    classes: Classes = 2,
) -> None:
    """Read latencies that were measured elsewhere; see docs/latency.md for the form."""
    from nascore.efficiency.latency_yaml import import_yaml
    from nascore.latency_files import Setting
    from nascore.layer_signature import layers_of

    setting = Setting(device, hardware, backend, runtime_version, threads, batch, dtype)
    layers = import_yaml(file, layers_of(arguments.space_of(space, resolutions, classes)), setting)
    layers.write(output)
    typer.echo(f"{output}: {len(layers.rows):,} layers")


def export(
    layers: TableFile,
    output: Annotated[Path, typer.Option("--output", help="YAML file to write.")],
) -> None:
    """Write a table as YAML, `key: {mean, std, count}` in milliseconds; a correction is no part of it."""
    from nascore.efficiency.latency_yaml import export_yaml
    from nascore.latency_files import LayerLatencies

    export_yaml(output, LayerLatencies.read(layers))
    typer.echo(f"wrote {output}")
