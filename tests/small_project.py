"""A small project whose workflow really runs: the code of this one, copied, with small tables and quick options."""

import fcntl
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import yaml
from small_configs import CONFIG
from synthetic_tables import write_tables
from warm_start import Program, nascore, snakemake

from nascore.spaces import get_space

SHARED = ("nascore", "rules", "tables", "workflow_scripts")
"""Folders whose files no workflow writes or touches; a test replaces what it changes, see `Project.replace`."""

ROOT = Path(__file__).resolve().parents[1]
CODE = ("Snakefile", "rules", "workflow_scripts", "nascore", "profiles", "environment.yml", "docs/captions")


class Project:
    """A folder with the code, tables and a configuration."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.results = folder / "results" / "small"

    def configure(self, base: dict[str, object] = CONFIG, **changes: object) -> None:
        """Write a configuration with some top-level keys changed."""
        self.replace("config.yaml", yaml.safe_dump({**base, **changes}, sort_keys=False))

    def replace(self, name: str | Path, content: str | bytes) -> None:
        """Write a file anew, and not into the one that is there: it may be shared with other copies of the project."""
        file = self.folder / name
        file.unlink(missing_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())

    @property
    def environment(self) -> dict[str, str]:
        """The copied package goes before the installed one; no settings of the user's count."""
        own = {"PYTHONPATH": str(self.folder), "GIT_CONFIG_GLOBAL": os.devnull, "DVC_NO_ANALYTICS": "1"}
        return {**os.environ, **own}

    def options(self, *arguments: str, cores: int = 2) -> list[str]:
        """Return the arguments of a call of snakemake."""
        return ["--cores", str(cores), "--configfile", "config.yaml", *arguments]

    def start(self, *arguments: str, cores: int = 2) -> Program:
        """Start snakemake."""
        return self.started(snakemake, *self.options(*arguments, cores=cores))

    def started(self, function: Callable[..., None], *arguments: str) -> Program:
        """Start a program of `warm_start` in the project."""
        return Program(function, *arguments, folder=self.folder, environment=self.environment)

    def run(self, *arguments: str, cores: int = 2) -> subprocess.CompletedProcess[str]:
        """Run snakemake and return what it said."""
        return self.start(*arguments, cores=cores).wait()

    def run_cold(self, *arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
        """Run snakemake as a user does, from the first import on; see `subprocess.run` for the options."""
        return subprocess.run(
            [sys.executable, "-m", "snakemake", *self.options(*arguments)], cwd=self.folder, env=self.environment,
            text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=600, **options,
        )  # fmt: skip

    def nascore(self, *arguments: str, code: int = 0) -> str:
        """Run the command line, which must end with a status, and return what it said."""
        done = self.started(nascore, *arguments).wait()
        assert done.returncode == code, done.stdout
        return done.stdout

    def killed_when(self, pattern: str, with_signal: signal.Signals) -> subprocess.CompletedProcess[str]:
        """Start snakemake, send a signal to all its processes once a result is there, and return how it ended."""
        running = self.start()
        deadline = time.monotonic() + 300
        while not list(self.results.glob(pattern)) and running.is_running() and time.monotonic() < deadline:
            time.sleep(0.01)
        running.kill(with_signal)
        return running.wait()

    def planned(self) -> Counter[str]:
        """Return how many jobs of each rule a run would do."""
        plan = self.run("-n")
        assert plan.returncode == 0, plan.stdout
        jobs = Counter(re.findall(r"^(?:local)?rule (\w+):$", plan.stdout, re.MULTILINE))
        del jobs["all"]
        return jobs

    def edit(self, name: str, old: str, new: str) -> None:
        """Replace text in a file of the project."""
        text = (self.folder / name).read_text()
        assert old in text, f"{name} has no {old!r}"
        self.replace(name, text.replace(old, new, 1))

    def derived(self) -> dict[str, str]:
        """Return the hash of every derived artifact: everything but logs, timings and lineage."""
        files = (path for path in self.results.rglob("*") if path.is_file())
        return {
            path.relative_to(self.results).as_posix(): sha256(path.read_bytes()).hexdigest()
            for path in sorted(files)
            if path.relative_to(self.results).parts[0] not in ("logs", "benchmarks", "lineage")
        }


def new_project_in(folder: Path, **space: object) -> Project:
    """Copy the code into a folder, with small tables of the space with some options and the configuration `CONFIG`."""
    for name in CODE:
        source, copy = ROOT / name, folder / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, copy)
        else:
            shutil.copy2(source, copy)
    write_tables(folder / "tables", get_space("ofa_mcunet", **space), files=2, rows=200)
    project = Project(folder)
    project.configure()
    return project


def finished_project_in(folder: Path, config: dict[str, object], **space: object) -> Project:
    """Run a small project to its end; see `new_project_in`."""
    project = new_project_in(folder, **space)
    project.configure(config)
    done = project.run()
    assert done.returncode == 0, done.stdout
    return project


def run_once(base: Path, name: str, config: dict[str, object]) -> Project:
    """Run a project to the end once for all workers of pytest-xdist: the first does it, the others wait for it."""
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder, whole = shared / name / "project", shared / name / "whole"
    folder.parent.mkdir(exist_ok=True)
    with open(shared / f"{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not whole.exists():
            shutil.rmtree(folder, ignore_errors=True)
            finished_project_in(folder, config)
            whole.touch()
    return Project(folder)


@contextmanager
def copy_of(finished: Project, folder: Path) -> Iterator[Project]:
    """Lend a copy that a test may change; where a test has changed a file of `finished` itself, it fails at its end."""
    before = shared_files(finished.folder)
    shutil.copytree(finished.folder, folder, symlinks=True, ignore=lambda _, names: {*names} & {*SHARED})
    for name in SHARED:
        shutil.copytree(finished.folder / name, folder / name, copy_function=os.link)
    yield Project(folder)
    shutil.rmtree(folder)
    changed = before ^ shared_files(finished.folder)
    assert not changed, f"other tests see it, too: {sorted({name for name, *_ in changed})}"


def shared_files(folder: Path) -> set[tuple[str, int, int]]:
    """Return the name, size and time of each file that copies share."""
    files = (file for name in SHARED for file in (folder / name).rglob("*.*") if file.suffix != ".pyc")
    return {(file.relative_to(folder).as_posix(), file.stat().st_size, file.stat().st_mtime_ns) for file in files}


def seed_of_commit() -> int:
    """Return a number that is another one with every commit; 0 outside a repository."""
    done = subprocess.run(["git", "-C", ROOT, "rev-parse", "HEAD"], capture_output=True, text=True)
    return int(done.stdout[:8], 16) if done.returncode == 0 else 0
