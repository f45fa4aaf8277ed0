"""`nascore winners`."""

from pathlib import Path
from typing import Annotated

import typer

from nascore.cli.output import example, table


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command(epilog=example("nascore winners default"), short_help="List the winner of every target of a run.")(
        winners
    )


def winners(
    run: Annotated[
        str | None, typer.Argument(metavar="RUN", help="Run, or its folder; not needed if there is only one.")
    ] = None,
) -> None:
    """List the winner of every target of a run, as the workflow does at its end."""
    from nascore.lineage.history import Run

    typer.echo(winners_text(Run.open(run).folder))


def winners_text(folder: Path) -> str:
    """Return the table of winners of a run's results; empty columns are left out."""
    from nascore.report import winners

    rows = winners.winners(folder)
    shown = [name for name in next(iter(rows), {}) if any(row[name] for row in rows)]
    return table(shown, [[row[name] for name in shown] for row in rows])
