"""`nascore snapshot`."""

from typing import Annotated

import typer

from nascore.cli.output import example, table


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command(
        epilog=example("nascore snapshot", "nascore snapshot default"), short_help="Version a run and its images."
    )(snapshot)


def snapshot(
    run: Annotated[str | None, typer.Argument(help="Run, or its folder; not needed if there is only one.")] = None,
) -> None:
    """Version a finished run and its images with one call of DVC.

    Commit the .dvc files that it names, and `dvc push` sends the content to your remote.
    """
    from nascore.lineage.history import Run
    from nascore.versioning.snapshot import snapshot as take

    versions = take(Run.open(run))
    rows = [(v.folder, v.pin, v.digest, f"{v.n_files:,}", f"{v.n_bytes:,}") for v in versions]
    typer.echo(table(["folder", "pinned by", "version", "files", "bytes"], rows))
    typer.echo(f"\nnext: git add {' '.join(v.pin for v in versions)}; git commit; dvc push")
