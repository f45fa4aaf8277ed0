"""`nascore deploy`."""

from pathlib import Path
from typing import Annotated

import typer

from nascore.cli.output import example, table


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command(
        epilog=example(
            "nascore deploy --weights results/default/validation/macs_3m/weights/winner.safetensors "
            "--images data/synthetic --out macs_3m"
        )
    )(deploy)


def deploy(
    weights: Annotated[Path, typer.Option("--weights", metavar="FILE", help="Weights of a subnet (.safetensors).")],
    images: Annotated[Path, typer.Option("--images", metavar="FOLDER", help="Image store of a run: data/<name>.")],
    out: Annotated[Path, typer.Option("--out", metavar="FOLDER", help="Where the bundle goes.")],
    calibration_images: Annotated[
        int, typer.Option("--calibration-images", min=1, help="Images that int8 ranges are taken from, at most.")
    ] = 256,
    litert: Annotated[
        bool, typer.Option("--litert", help="Write model.tflite (LiteRT, float), too; needs the extra litert.")
    ] = False,
) -> None:
    """Export a subnet as ONNX models in float and int8, check them on the test split, and describe them on a card.

    Weights are those that the workflow saves of every winner.
    """
    from nascore.evaluation.onnx_extra import require_onnx

    require_onnx("nascore deploy")
    import torch

    from nascore.deploy.bundle import write_bundle

    if litert:
        from nascore.deploy.litert import require_litert

        require_litert()
    torch.set_num_threads(1)  # as in the workflow, so that the differences have the same bits
    checks = write_bundle(out, weights, images, calibration_images=calibration_images)
    rows = [
        [name, f"{100 * m.accuracy:.2f}", f"{m.max_difference:.1e}", m.changed_decisions, f"{m.bytes:,}"]
        for name, m in checks.models.items()
    ]
    typer.echo(table(["model", "accuracy (%)", "largest difference", "changed decisions", "bytes"], rows))
    memory = checks.memory
    assert memory is not None
    typer.echo(
        f"\nint8: {memory.flash_bytes:,} bytes of weights and biases; predicted peak memory "
        f"{memory.predicted_peak_memory_bytes:,} bytes, measured arena {memory.measured_arena_bytes:,}"
    )
    typer.echo(f"fits {', '.join(d.name for d in checks.devices if d.fits) or 'none of the microcontrollers'}")
    if litert:
        typer.echo(f"model.tflite: largest difference of a logit from PyTorch's {_litert(out, weights, images):.1e}")
    typer.echo(f"wrote {out}")


def _litert(out: Path, weights: Path, images: Path) -> float:
    """Write the LiteRT model; see `nascore.deploy.litert.write_litert`."""
    from nascore.data.store import ImageStore
    from nascore.deploy.litert import write_litert
    from nascore.supernet.checkpoint import read_subnet

    subnet = read_subnet(weights)
    return write_litert(out / "model.tflite", subnet, ImageStore.open(images).images("test", subnet.resolution)[:32])
