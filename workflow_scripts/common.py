"""What every script of the workflow shares: output to the rule's log, errors in one line, and the lineage record."""

import importlib
import sys
import traceback
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

from nascore.errors import NascoreError


def run(main: Callable[[Any], None], snakemake: Any) -> None:
    """Run a script's `main` and record what it made and what from; leave with status 1 on a known error.

    Everything that is printed goes to the rule's log.
    """
    path = snakemake.log[0]
    try:
        with open(path, "w", encoding="utf-8", buffering=1) as log, redirect_stdout(log), redirect_stderr(log):
            _run(main, snakemake)
    except OSError as error:
        # Above all a full disk: then the log cannot say it.
        sys.exit(f"error: {error.filename or path}: {error.strerror or error}")


def _run(main: Callable[[Any], None], snakemake: Any) -> None:
    """Run and record, with what is printed going to the log."""
    recording = None
    try:
        recording = _begin_recording(snakemake)
        main(snakemake)
        recording.end()
    except NascoreError as error:
        altered = recording.altered_inputs() if recording else []
        hints = [
            f"{path} is not what the workflow made: remove it, and the next run makes it again" for path in altered
        ]
        for line in (f"error: {error}", *hints):
            print(line, file=sys.__stderr__)
            print(line)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit("interrupted")
    except BaseException:
        traceback.print_exc()
        raise


def _begin_recording(snakemake: Any) -> Any:
    """Hand the job over to the lineage as plain data."""
    # By name, so that it is no part of the fingerprint: no result depends on how it is recorded.
    recording = importlib.import_module("nascore.lineage.recording")
    given_files = importlib.import_module("nascore.lineage.given_files")
    wildcards = dict(snakemake.wildcards.items())
    given = given_files.given_paths(snakemake.rule, snakemake.config, wildcards)
    job = recording.Job(
        rule=snakemake.rule,
        script=f"workflow_scripts/{snakemake.rule}.py",
        code_folder=Path(__file__).resolve().parents[1],
        results=Path(*Path(snakemake.log[0]).parts[:2]),
        wildcards=wildcards,
        params=dict(snakemake.params.items()),
        inputs=_named_paths(snakemake.input),
        outputs=_named_paths(snakemake.output),
        given=[(key, path) for key, paths in given.items() for path in paths],
        threads=snakemake.threads,
    )
    return recording.Recording.begin(job)


def _named_paths(files: Any) -> list[tuple[str | None, str]]:
    """Return each path once, with its name in the rule."""
    names = {path: name for name, value in files.items() for path in ([value] if isinstance(value, str) else value)}
    return [(names.get(path), str(path)) for path in dict.fromkeys(files)]
