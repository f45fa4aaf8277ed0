"""The command line: every step on files, without the workflow.

Commands read their arguments, call the library and print; there is no science here. Nothing heavy is imported before a
command runs, so that help and completion are instant.
"""

import errno
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from nascore import __version__
from nascore.cli import (
    config_commands,
    deploy_commands,
    latency_commands,
    lineage_commands,
    run_commands,
    search_commands,
    space_commands,
    validation_commands,
    version_commands,
)
from nascore.cli.output import example
from nascore.errors import NascoreError

__all__ = ["app"]


class _Commands(TyperGroup):
    """Commands whose known errors are one message on standard error and exit code 1, never a traceback."""

    def invoke(self, ctx: Any) -> Any:
        """Run a command."""
        try:
            return super().invoke(ctx)
        except NascoreError as error:
            message = str(error)
        except OSError as error:
            if error.errno == errno.EPIPE:  # whoever read the output has enough; typer leaves quietly
                raise
            message = f"{error.filename}: {error.strerror}" if error.filename else str(error)
        typer.echo(f"error: {message}", err=True)
        raise typer.Exit(1)


app = typer.Typer(
    cls=_Commands,
    name="nascore",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=example(
        "nascore spaces ofa_mcunet", "nascore search --predictor predictor.safetensors --limit peak_memory_kb=256"
    ),
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"nascore {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and leave.")
    ] = False,
) -> None:
    """Reproducible neural architecture search on tiny devices."""


space_commands.register(app)
search_commands.register(app)
validation_commands.register(app)
latency_commands.register(app)
deploy_commands.register(app)
lineage_commands.register(app)
run_commands.register(app)
version_commands.register(app)
config_commands.register(app)
