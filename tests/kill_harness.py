"""Kills the workflow of a small project at random moments of its jobs, goes on, and compares with a run without a kill.

A kill is SIGKILL to every process of the workflow. What goes on is what docs/interruptions.md tells users to do:
`snakemake --unlock` and the same command again.
"""

import random
import re
import signal
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import pandas as pd
import psutil
from small_project import Project
from warm_start import Program

from nascore.config import read_config
from nascore.lineage.audit import audit
from nascore.lineage.history import Run

WORKING_FILE = re.compile(r"(^|/)(\.writing\.|\.synthetic\.(partial|old)/)|\.unfinished$|/resume\.pt$")
"""What a job keeps beside its results while it runs; no other job reads it."""

VARYING = ("records", "environments")
"""Folders of lineage: a job that was done twice has two records, and a machine may get other versions meanwhile."""

PATIENCE_S = 60
"""How long a started job may take to open its log."""


@dataclass(frozen=True)
class Job:
    """A job of the run without a kill: seconds of its process, and those after its imports; what it wrote."""

    rule: str
    process_s: float
    working_s: float
    outputs: tuple[str, ...]


@dataclass(frozen=True)
class Kill:
    """A kill in a job of a rule, or at its end if it was quick, and the artifacts that were not as they should be."""

    rule: str
    moment: str
    wrong: tuple[str, ...]


class Reference:
    """A project whose workflow has run to the end without a kill."""

    def __init__(self, project: Project) -> None:
        self.artifacts = artifacts(project)
        self.files = files(project)
        self.jobs: dict[str, Job] = {}
        """By the path of the job's log."""
        for record in Run.open("small", project.folder).jobs().values():
            name = "/".join((record.rule, *record.wildcards.values()))
            process_s = pd.read_csv(project.results / "benchmarks" / f"{name}.tsv", sep="\t")["s"].item()
            outputs = tuple(entry.path for entry in record.outputs)
            self.jobs[f"results/small/logs/{name}.log"] = Job(record.rule, process_s, record.seconds, outputs)

    def plan(self, kills: int, chance: random.Random) -> Counter[str]:
        """Return how often each job shall be killed: every rule equally often, and one of its jobs each time."""
        rules = sorted({job.rule for job in self.jobs.values()})
        chance.shuffle(rules)
        chosen = (rules[number % len(rules)] for number in range(kills))
        return Counter(
            chance.choice(sorted(log for log in self.jobs if self.jobs[log].rule == rule)) for rule in chosen
        )

    def forced(self, logs: Iterable[str]) -> list[str]:
        """Return the arguments that have jobs done again."""
        return ["--forcerun", *(output for log in logs for output in self.jobs[log].outputs)]

    def wrong_after_kill(self, project: Project) -> tuple[str, ...]:
        """Return the artifacts that are there and differ, and files that are neither artifacts nor a job's own."""
        found = artifacts(project).items()
        return tuple(
            name for name, content in found if content != self.artifacts.get(name) and not WORKING_FILE.search(name)
        )

    def wrong_at_the_end(self, project: Project) -> list[str]:
        """Return what differs from the run without a kill, what the audit finds, and what is left over or missing."""
        found, expected = artifacts(project), self.artifacts
        differing = [name for name in sorted({*found, *expected}) if found.get(name) != expected.get(name)]
        config = read_config(project.folder / "config.yaml")
        audited = audit(Run.open("small", project.folder), project.folder, config, "config.yaml")
        lineage = [f"{finding.kind} {finding.path}: {finding.message}" for finding in audited.findings]
        return [*differing, *lineage, *sorted(files(project) ^ self.files)]


def kill_and_go_on(project: Project, reference: Reference, kills: int, seed: int) -> Iterator[Kill]:
    """Run a project's workflow to the end with so many kills, and yield each."""
    chance = random.Random(seed)
    plan = reference.plan(kills, chance)
    again: list[str] = []
    while plan.total():
        log, moment = _killed(project, reference, plan, chance, again)
        if log is None:
            # Chosen jobs that were over before they were killed are done again. Forced, as nothing else may need them.
            again = reference.forced(plan)
            continue
        # The same command goes on: what it forced and was killed in is forced by it again.
        again = reference.forced([log]) if again else []
        plan -= Counter([log])
        yield Kill(reference.jobs[log].rule, moment, reference.wrong_after_kill(project))
        unlocked = project.run("--unlock")
        assert unlocked.returncode == 0, unlocked.stdout
    ended = project.run(*again, cores=1)
    assert ended.returncode == 0, ended.stdout


def _killed(
    project: Project, reference: Reference, plan: Counter[str], chance: random.Random, again: list[str]
) -> tuple[str | None, str]:
    """Run the workflow until a planned job starts, kill it, and return its log and the moment; None if none started.

    `again` are the arguments that force jobs which were done before.
    """
    opened = {log: _time_of(project.folder / log) for log in plan}
    running = project.start("--verbose", *again, cores=1)  # Snakemake's own account, which says when a job starts
    for line in running.lines():
        log = line.strip().removeprefix("log: ") if line.startswith("    log: ") else None
        if log in plan:
            moment = _wait_for_a_moment(project.folder / log, opened[log], reference.jobs[log], chance)
            if running.is_running():
                _kill(running)
                return log, moment
    done = running.wait()
    assert done.returncode == 0, done.stdout
    return None, ""


def _wait_for_a_moment(log: Path, opened: int, job: Job, chance: random.Random) -> str:
    """Wait as long as the job may take; every other time from where its imports are over, when it may be writing."""
    if chance.random() < 0.5:
        seconds, since = chance.uniform(0, job.process_s), "its start"
    else:
        seconds, since = chance.uniform(0, job.working_s), "its imports"
        deadline = time.monotonic() + PATIENCE_S
        while _time_of(log) == opened and time.monotonic() < deadline:
            time.sleep(0.001)
    time.sleep(seconds)
    return f"{seconds:.3f} s after {since}"


def _kill(running: Program) -> None:
    """Kill a workflow with all its processes, and wait until they are gone."""
    processes = psutil.Process(running.pid).children(recursive=True)
    running.kill(signal.SIGKILL)
    running.wait()
    _, alive = psutil.wait_procs(processes, timeout=30)
    assert not alive, f"not in the workflow's process group: {alive}"


def _time_of(file: Path) -> int:
    return file.stat().st_mtime_ns if file.exists() else 0


def artifacts(project: Project) -> dict[str, str]:
    """Return the hash of every derived file of the run and of the image store, by its path in the project."""
    store = (path for path in (project.folder / "data").rglob("*") if path.is_file() and "lineage" not in path.parts)
    return {f"results/small/{name}": content for name, content in project.derived().items()} | {
        path.relative_to(project.folder).as_posix(): sha256(path.read_bytes()).hexdigest() for path in store
    }


def files(project: Project) -> set[str]:
    """Return all files of data and results, but for those whose names are hashes of what differs from run to run."""
    paths = (path for top in ("data", "results") for path in (project.folder / top).rglob("*") if path.is_file())
    return {path.relative_to(project.folder).as_posix() for path in paths if path.parent.name not in VARYING}
