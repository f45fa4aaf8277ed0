"""One version of a run and of its images in DVC, by one call of it."""

import importlib.util
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import yaml

from nascore.errors import DataError
from nascore.lineage.history import Run
from nascore.versioning.notes import save_notes
from nascore.versioning.restored import as_recorded

REPORT = "report.html"
"""What a run makes last."""


@dataclass(frozen=True)
class Version:
    """What DVC has versioned: a folder, the file that pins it, and what it holds."""

    folder: str
    pin: str
    digest: str
    n_files: int
    n_bytes: int


def snapshot(run: Run, *, in_workflow: bool = False) -> list[Version]:
    """Version a finished run and its images.

    Parameters
    ----------
    run
        The run.
    in_workflow
        Whether the caller is the workflow itself, at its end.

    Raises
    ------
    DataError
        If the run is not finished, the workflow is running, or DVC is not there or fails.
    """
    if importlib.util.find_spec("dvc") is None:
        raise DataError("snapshots need DVC, which is not installed: `pip install dvc`")
    if not in_workflow and any((run.project / ".snakemake" / "locks").glob("*")):
        raise DataError(
            f"the workflow is running in {run.project.resolve()}; wait for its end. If it was killed, "
            "`snakemake --unlock` says so to Snakemake"
        )
    report = f"{run.folder}/{REPORT}"
    if report not in run.made or not (run.project / report).is_file():
        raise DataError(f"run {run.folder.name!r} is not finished: it has no {REPORT}; `snakemake` goes on with it")
    intact = as_recorded(run)
    save_notes(run, [path for path in run.made if intact[path]])
    folders = sorted({Path(*Path(path).parts[:2]).as_posix() for path in run.made})
    _dvc_add(run.project, folders)
    return [_version(run.project, folder) for folder in folders]


def _dvc_add(project: Path, folders: list[str]) -> None:
    """Put folders into DVC's cache, and write or renew the files that pin them."""
    command = [sys.executable, "-m", "dvc", "add", *folders]
    environment = {**os.environ, "DVC_NO_ANALYTICS": "1"}
    done = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True)
    if done.returncode:
        said = [line.removeprefix("ERROR: ") for line in done.stderr.splitlines() if line.startswith("ERROR: ")]
        raise DataError(f"`dvc add {' '.join(folders)}` failed: {' '.join(said) or done.stderr.strip()}")


def _version(project: Path, folder: str) -> Version:
    """Find the file that pins a folder and read what it says."""
    for pin in sorted({*project.glob("*.dvc"), *(project / folder).parent.glob("*.dvc")}):
        if not pin.is_file():
            continue
        for out in yaml.safe_load(pin.read_text(encoding="utf-8"))["outs"]:
            if (pin.parent / out["path"]) == project / folder:
                pinned = pin.relative_to(project).as_posix()
                return Version(folder, pinned, out["md5"], out["nfiles"], out["size"])
    raise DataError(f"`dvc add` has left no .dvc file that pins {folder}")
