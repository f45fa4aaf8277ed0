"""`nascore lineage`, `nascore audit`, `nascore diff`, `nascore crate`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nascore.cli import arguments
from nascore.cli.output import example, print_json, table

if TYPE_CHECKING:
    from nascore.config import Config
    from nascore.lineage.audit import Audit
    from nascore.lineage.comparison import Comparison
    from nascore.lineage.history import Run

RunName = Annotated[str | None, typer.Option("--run", help="Run, or its folder; not needed if there is only one.")]
ShownAsJson = Annotated[bool, typer.Option("--json", help="Print everything as JSON.")]
SHOWN = 20
"""Artifacts and findings that are listed; `--json` has all."""


def register(app: typer.Typer) -> None:
    """Add the commands to the app."""
    app.command(
        epilog=example(
            "nascore lineage macs_10m", "nascore lineage macs_10m.measured_accuracy --run default",
            "nascore lineage results/default/report.html --graph lineage.svg",
        ),
        short_help="Show where an artifact or a number comes from.",
    )(lineage)  # fmt: skip
    app.command(
        epilog=example("nascore audit", "nascore audit default --configfile config/config.yaml"),
        short_help="Check that nothing was altered since.",
    )(audit)
    app.command(epilog=example("nascore diff default other"), short_help="Say why two runs differ.")(diff)
    app.command(
        epilog=example("nascore crate default --output default.crate.zip"), short_help="Export a run as RO-Crate."
    )(crate)


def lineage(
    target: Annotated[
        str, typer.Argument(help="Path of an artifact, name of a target, ROW.COLUMN of a table, or a number in one.")
    ],
    run: RunName = None,
    graph: Annotated[Path | None, typer.Option("--graph", help="Draw it: a file .svg, .dot or .mmd.")] = None,
    files: Annotated[
        bool, typer.Option("--files", help="List every file, raw image and package, and whole parameters.")
    ] = False,
    as_json: ShownAsJson = False,
) -> None:
    """Show where an artifact or a number of the report comes from, down to the hashes of what was given.

    Each job is printed once, with its parameters, its code and what it drew; where it comes again it is named.
    """
    from nascore.lineage.asking import find
    from nascore.lineage.drawing import draw
    from nascore.lineage.tree import Tree, describe

    found = _run_of(run, target)
    answer = find(found, target)
    if graph:
        draw(found, answer.artifacts, graph)
        typer.echo(f"wrote {graph}", err=as_json)
    if as_json:
        cells = [vars(cell) for cell in answer.cells]
        print_json({"asked": target, "cells": cells, **describe(found, answer.artifacts)})
    elif not graph:
        for cell in answer.cells:
            typer.echo(cell.sentence)
        for line in Tree(found, files=files).lines(answer.artifacts):
            typer.echo(line)


def _run_of(name: str | None, target: str) -> "Run":
    """Open a run: the named one, or that of a path of an artifact."""
    from nascore.lineage.history import RESULTS, Run

    parts = Path(target).parts
    return Run.open(parts[1] if name is None and len(parts) > 2 and parts[0] == RESULTS else name)


def audit(
    run: Annotated[str | None, typer.Argument(help="Run, or its folder; not needed if there is only one.")] = None,
    configfile: Annotated[
        Path | None,
        typer.Option("--configfile", help="Configuration of today; by default the file in config/ of the run."),
    ] = None,
    settings: Annotated[
        list[str], typer.Option("--config", metavar="KEY=VALUE", help="Top-level keys as given to the workflow.")
    ] = [],  # noqa: B006 - typer copies it
    as_json: ShownAsJson = False,
) -> None:
    """Hash everything again and compare it with what was recorded; exit code 1 if anything is not as it should be."""
    from nascore.lineage.audit import audit as audit_run
    from nascore.lineage.history import Run

    found = Run.open(run)
    file = configfile or _config_of(found)
    config = _read_config(found, file, settings) if file else None
    result = audit_run(found, _code_folder(found), config, str(file) if file else None)
    if as_json:
        print_json(result.to_json())
    else:
        _print_audit(result)
    if not result.passed:
        raise typer.Exit(1)


def _code_folder(run: "Run") -> Path:
    """Return where the workflow of today is: in the project's folder, or with this package."""
    own = run.project / "workflow_scripts"
    return run.project if own.is_dir() else Path(__file__).resolve().parents[2]


def _config_of(run: "Run") -> Path | None:
    """Return the only file of the project's configurations that names the run."""
    import yaml

    named = []
    for file in sorted((run.project / "config").glob("*.yaml")):
        try:
            content = yaml.safe_load(file.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, yaml.YAMLError):
            continue
        if isinstance(content, dict) and content.get("run") == run.folder.name:
            named.append(file)
    return named[0] if len(named) == 1 else None


def _read_config(run: "Run", file: Path, settings: list[str]) -> "Config":
    """Read a configuration; a folder of images or tables that it leaves to the command line is the recorded one."""
    from nascore.config import read_config

    recorded: dict[str, Any] = {}
    for record in run.jobs().values():
        if record.rule == "prepare_images" and record.params.get("images"):
            recorded["images"] = record.params["images"]
        if record.rule == "import_tables" and record.inputs:
            recorded["tables"] = str(Path(record.inputs[0].path).parent)
    given = _yaml(file.read_text(encoding="utf-8"), str(file)) if file.is_file() else {}
    missing = {key: value for key, value in recorded.items() if isinstance(given, dict) and not given.get(key)}
    overrides = {key: _yaml(text, f"--config {key}") for key, text in arguments.pairs("--config", settings).items()}
    return read_config(file, {**missing, **overrides})


def _yaml(text: str, where: str) -> Any:
    """Read YAML, or say where it is not."""
    import yaml

    from nascore.errors import ConfigError

    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigError(f"{where} is not YAML: {' '.join(str(error).split())}") from None


def _print_audit(result: "Audit") -> None:
    """Print what was looked at and what was found."""
    from nascore.lineage.audit import KINDS

    raw = f", {result.n_raw_images:,} raw images" if result.n_raw_images else ""
    typer.echo(
        f"run {result.run}: {result.n_artifacts} artifacts ({result.n_bytes:,} bytes){raw} hashed again, "
        f"{result.n_records} records, {result.n_edges} edges"
    )
    if result.configuration:
        typer.echo(f"parameters compared with {result.configuration}")
    else:
        typer.echo("parameters not compared: give the configuration with --configfile FILE")
    for kind, meaning in KINDS.items():
        found = [finding for finding in result.findings if finding.kind == kind]
        if found:
            typer.echo(f"\n{kind}: {len(found)} ({meaning})")
        for finding in found[:SHOWN]:
            typer.echo(f"  {finding.path}: {finding.message}")
        if len(found) > SHOWN:
            typer.echo(f"  and {len(found) - SHOWN} more; --json lists all")
    if result.passed:
        typer.echo("nothing is altered, missing, broken, unrecorded, stale or dirty")


def diff(
    first: Annotated[str, typer.Argument(metavar="RUN1", help="Run, or its folder.")],
    second: Annotated[str, typer.Argument(metavar="RUN2", help="The other run, or its folder.")],
    as_json: ShownAsJson = False,
) -> None:
    """Say which parameters, code, data or versions explain that two runs differ."""
    from nascore.lineage.comparison import compare
    from nascore.lineage.history import Run

    result = compare(Run.open(first), Run.open(second))
    if as_json:
        print_json(result.to_json())
    else:
        _print_comparison(result)


def _print_comparison(result: "Comparison") -> None:
    """Print the causes first, and then what they changed."""
    first, second = result.runs
    typer.echo(f"{len(result.differing)} artifacts differ between {first} and {second}, {result.same} are the same")
    for name, only in zip(result.runs, result.only, strict=True):
        if only:
            typer.echo(f"only in {name}: {', '.join(only[:SHOWN])}{', …' if len(only) > SHOWN else ''}")
    if result.causes:
        rows = [(c.kind, c.what, c.first, c.second, _jobs(c.jobs)) for c in result.causes]
        typer.echo("\n" + table(["cause", "of", first, second, "jobs"], rows))
    if result.differing:
        typer.echo("\ndiffering:")
        for place in result.differing[:SHOWN]:
            typer.echo(f"  {place}")
        if len(result.differing) > SHOWN:
            typer.echo(f"  and {len(result.differing) - SHOWN} more; --json lists all")


def _jobs(jobs: list[str]) -> str:
    """Name a few jobs and count the rest."""
    return "; ".join(jobs[:2]) + (f"; {len(jobs) - 2} more" if len(jobs) > 2 else "")


def crate(
    run: Annotated[str | None, typer.Argument(help="Run, or its folder; not needed if there is only one.")] = None,
    output: Annotated[Path, typer.Option("--output", help="Folder or .zip to write.")] = Path("run.crate.zip"),
) -> None:
    """Export a run with its lineage as RO-Crate (Workflow Run Crate), which other tools read."""
    from nascore.lineage.crate import export
    from nascore.lineage.history import Run

    found = Run.open(run)
    entities = export(found, _code_folder(found), output)
    typer.echo(f"wrote {output}: run {found.folder.name}, {entities} entities")
