"""`nascore config check`, `nascore config schema`."""

from pathlib import Path
from typing import Annotated

import typer

from nascore.cli import arguments
from nascore.cli.output import example, print_json, table


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
    import yaml

    from nascore.config import read_config
    from nascore.errors import ConfigError

    overrides = {}
    for key, text in arguments.pairs("--set", settings).items():
        try:
            overrides[key] = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise ConfigError(f"--set {key}: {text!r} is not YAML: {' '.join(str(error).split())}") from None
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
    targets = [(name, ", ".join(f"{key} {value}" for key, value in t.items())) for name, t in config.targets.items()]
    typer.echo("\n" + table(["target", "limits"], targets))


def schema() -> None:
    """Print the JSON schema of configurations, for editors that check while one types."""
    from nascore.config import json_schema

    typer.echo(json_schema(), nl=False)
