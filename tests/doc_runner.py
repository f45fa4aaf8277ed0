"""Run the steps of one page in this process, in order.

A step has one key: `python`, a source; `yaml`, changes to the embedded default; or `nascore`, arguments of the command.
"""

import contextlib
import io
import json
from pathlib import Path
from typing import Any

import yaml
from typer.testing import CliRunner


def run_page(steps: str, outputs: str) -> None:
    """Run all steps of a JSON file, and write their outputs to another; Python blocks share their names."""
    names: dict[str, object] = {"__name__": "page"}
    printed = [run(step, names) for step in json.loads(Path(steps).read_text())]
    Path(outputs).write_text(json.dumps(printed))


def run(step: dict[str, Any], names: dict[str, object]) -> str:
    """Run one step and return what it printed."""
    if "python" in step:
        with contextlib.redirect_stdout(io.StringIO()) as output:
            exec(step["python"], names)
        return output.getvalue()
    if "yaml" in step:
        from nascore.config import validate_config

        default = yaml.safe_load(Path("config/config.yaml").read_text())
        validate_config({**default, **yaml.safe_load(step["yaml"])})
        return ""
    from nascore.cli import app

    result = CliRunner().invoke(app, step["nascore"])
    assert result.exit_code == 0, f"nascore {' '.join(step['nascore'])}: {result.output} {result.exception}"
    return result.stdout
