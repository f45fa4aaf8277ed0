"""`nascore config check`, `nascore config schema`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nascore.cli import arguments
from nascore.cli.output import example, print_json, table

if TYPE_CHECKING:
    from nascore.config import Config
    from nascore.search.targets import Target
    from nascore.spaces import StagedSpace


def register(app: typer.Typer) -> None:
    """Add the commands to the app."""
    config = typer.Typer(help="Check configurations.", no_args_is_help=True, rich_markup_mode=None)
    config.command(epilog=example("nascore config check config/lab3_tables.yaml --set tables=../tables"))(check)
    config.command(epilog=example("nascore config schema > config/schema.json"))(schema)
    app.add_typer(config, name="config")


def check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Configuration (YAML).")],
    settings: Annotated[
        list[str], typer.Option("--set", metavar="KEY=VALUE", help="Replace a top-level key; VALUE is YAML.")
    ] = [],  # noqa: B006 - typer copies it
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the whole configuration, defaults filled in, as JSON.")
    ] = False,
) -> None:
    """Check a configuration: print a summary, or every mistake."""
    from nascore.config import read_config
    from nascore.errors import ConfigError
    from nascore.yaml_files import load_yaml

    overrides = {}
    for key, text in arguments.pairs("--set", settings).items():
        overrides[key] = load_yaml(text, ConfigError, f"--set {key}: {text!r} is not YAML")
    config = read_config(file, overrides)
    if as_json:
        print_json(config.model_dump(mode="json"))
        return
    typer.echo(f"ok: {file} is a valid configuration of run {config.run!r}")
    source = config.tables if config.data is None else f"{config.data.source} {config.images or ''}".rstrip()
    typer.echo(f"{'tables' if config.data is None else 'images':<12}{source}")
    typer.echo(f"predictors  {', '.join(config.predictors)}\n")
    searchers = config.searchers.items()
    typer.echo(table(["searcher", "algorithm", "predictor"], [(n, s.algorithm, s.predictor) for n, s in searchers]))
    typer.echo("\n" + targets_outlook(config))


def targets_outlook(config: "Config") -> str:
    """Return a table of the targets with the least that the space attains of what they bound, known before any run."""
    space = config.build_space()
    rows = [(name, str(given), *_outlook(space, config.target(name))) for name, given in config.targets.items()]
    return table(["target", "limits", "the space has at least", "so it is"], rows)


def _outlook(space: "StagedSpace", target: "Target") -> tuple[str, str]:
    """Return the least of each bounded cost in a space, and whether anything satisfies a target.

    A latency is no cost of the space: it waits for its measurement, unless the other limits already exclude everything.
    """
    from dataclasses import replace

    from nascore.search.feasibility import check_feasibility
    from nascore.search.problem import Problem, tables_of

    tables = tables_of(space, None)
    known = replace(target, constraints=tuple(c for c in target.constraints if c.metric in tables))
    found = check_feasibility(Problem.of(space, known, tables))
    least = ", ".join(f"{s.constraint.name} {s.in_unit_of_limit:.4g}" for s in found.smallest)
    if len(found.witness):
        return least, "known once its latency is measured" if target.measured_devices else "feasible"
    return least, "proven infeasible" if found.proven else "not known"


def schema() -> None:
    """Print the JSON schema of configurations, for editors that check while one types."""
    from nascore.config import json_schema

    typer.echo(json_schema(), nl=False)
