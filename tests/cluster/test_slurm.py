"""The workflow on a real Slurm: the bytes of a local run, also when a job was cancelled and retried."""

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import psutil
import pytest
import yaml
from kill_harness import artifacts
from loopback_slurm import LOOPBACK, loopback_slurm
from small_configs import IMAGES_CONFIG
from small_project import ROOT, Project, new_project_in

from nascore.lineage.history import Run

pytestmark = pytest.mark.cluster

CONFIG = {
    **IMAGES_CONFIG,
    "device": "cpu",
    "sampling": {"subnets": 90, "shards": 3},
    "searchers": {"exact": {"algorithm": "exact"}},
    "targets": {"macs": {"macs_m": 5}, "impossible": {"peak_memory_kb": 7}},
}
"""Few jobs, and shards that take long enough to cancel one."""
CANCELLED = "rule_measure_shard_wildcards_0001"
PATIENCE_S = 1500


@dataclass
class Cancelled:
    """What a job had measured when it was cancelled, and the environment that its script had."""

    seconds: dict[str, float]
    environment: dict[str, str]


@dataclass
class Runs:
    """A local run, the same on Slurm with what Snakemake said, the job that was cancelled there, and all its jobs."""

    local: Project
    cluster: Project
    said: str
    cancelled: Cancelled
    jobs: list[dict[str, str]]
    slurm_folder: Path


def slurm_jobs(slurm: dict[str, str]) -> list[dict[str, str]]:
    """Return what Slurm knows of all jobs, also of those that have ended."""
    command = ["scontrol", "--oneliner", "show", "jobs"]
    listed = subprocess.run(command, env={**os.environ, **slurm}, text=True, capture_output=True, check=True).stdout
    return [dict(field.split("=", 1) for field in line.split() if "=" in field) for line in listed.splitlines()]


def processes(*facts: str) -> Iterator[psutil.Process]:
    """Return the processes of which all these facts are known."""
    return (process for process in psutil.process_iter(facts) if all(process.info.values()))


def environment_of_script(number: str) -> dict[str, str]:
    """Return the environment of the script of a running shard."""
    for process in processes("cmdline", "environ"):
        script = any(argument.endswith("measure_shard.py") for argument in process.info["cmdline"])
        if script and process.info["environ"].get("SLURM_JOB_ID") == number:
            return process.info["environ"]
    raise AssertionError(f"no script of job {number} is running")


def cancel_a_shard(project: Project, slurm: dict[str, str]) -> Cancelled:
    """Wait until a shard has measured something, cancel its job, and wait until its script has ended."""
    notes = project.results / "accuracy_dataset" / "shards" / "0001.unfinished"
    deadline = time.monotonic() + PATIENCE_S
    while not (notes.exists() and len(notes.read_text().splitlines()) > 5):
        assert time.monotonic() < deadline, "no shard is under way"
        time.sleep(0.05)
    number = next(job["JobId"] for job in slurm_jobs(slurm) if job["Comment"] == CANCELLED)
    environment = environment_of_script(number)
    subprocess.run(["scancel", number], env={**os.environ, **slurm}, check=True)
    while any(process.info["environ"].get("SLURM_JOB_ID") == number for process in processes("environ")):
        time.sleep(0.05)
    # Lines are set apart by empty ones, so that one that was cut keeps to itself.
    measured = [json.loads(line) for line in notes.read_text().splitlines() if line.endswith("}")]
    return Cancelled({note["arch_id"]: note["seconds"] for note in measured}, environment)


@pytest.fixture(scope="module")
def runs(tmp_path_factory) -> Runs:
    folder = tmp_path_factory.mktemp("cluster")
    local, cluster = (new_project_in(folder / name) for name in ("local", "on a cluster"))
    for project in (local, cluster):
        project.configure(CONFIG)
    done = local.run()
    assert done.returncode == 0, done.stdout
    with loopback_slurm(folder / "slurm") as slurm, open(folder / "said", "w+") as said:
        # The workflow itself has to keep libraries to one thread.
        environment = {**cluster.environment, **slurm, "OMP_NUM_THREADS": "2"}
        options = ("--configfile", "config.yaml", "--set-resources", "train_phase:gpu=1")
        command = [sys.executable, "-m", "snakemake", *LOOPBACK, *options]
        running = subprocess.Popen(command, cwd=cluster.folder, env=environment, stdout=said, stderr=said)
        try:
            cancelled = cancel_a_shard(cluster, slurm)
            status = running.wait(PATIENCE_S)
        finally:
            running.kill()
        said.seek(0)
        text = said.read()
        assert status == 0, text
        return Runs(local, cluster, text, cancelled, slurm_jobs(slurm), folder / "slurm")


def test_every_job_was_done_by_slurm_with_one_job_for_each_target(runs):
    jobs = Counter(job["Comment"].removeprefix("rule_").partition("_wildcards_")[0] for job in runs.jobs)
    rules = Counter(record.rule for record in Run.open("small", runs.local.folder).jobs().values())
    steps = yaml.safe_load((ROOT / "profiles" / "slurm" / "config.yaml").read_text())["groups"]
    alone = Counter({rule: count for rule, count in rules.items() if rule not in steps})
    targets = "target_" + "_".join(sorted(steps))
    assert jobs == alone + Counter({targets: len(CONFIG["targets"]), "measure_shard": 1})
    assert Counter(job["JobState"] for job in runs.jobs) == {"COMPLETED": len(runs.jobs) - 1, "CANCELLED": 1}


def test_the_cancelled_job_was_retried_with_more_memory_and_time(runs):
    jobs = sorted((job for job in runs.jobs if job["Comment"] == CANCELLED), key=lambda job: int(job["JobId"]))
    assert [job["JobState"] for job in jobs] == ["CANCELLED", "COMPLETED"]
    assert [job["MinMemoryNode"] for job in jobs] == ["1500M", "3000M"]
    assert [job["TimeLimit"] for job in jobs] == ["1-00:00:00", "2-00:00:00"]
    assert runs.said.count("Trying to restart job") == 1


def test_the_retry_went_on_after_the_last_measured_subnet(runs):
    times = pd.read_parquet(runs.cluster.results / "benchmarks" / "measure_shard" / "0001_subnets.parquet")
    seconds = dict(zip(times["arch_id"], times["seconds"], strict=True))
    assert 0 < len(runs.cancelled.seconds) < len(seconds)
    assert runs.cancelled.seconds.items() <= seconds.items()


def test_the_bytes_are_those_of_the_local_run(runs):
    local, cluster = artifacts(runs.local), artifacts(runs.cluster)
    assert local and cluster == local


def test_jobs_keep_libraries_to_one_thread(runs):
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    assert [runs.cancelled.environment[name] for name in names] == ["1", "1", "1"]


def test_only_the_job_that_asks_for_a_gpu_has_one(runs):
    asked = {job["Comment"]: job["TresPerJob"] for job in runs.jobs if "TresPerJob" in job}
    assert asked == {"rule_train_phase_wildcards_sandwich": "gres:gpu:1"}


def test_no_process_of_slurm_is_left(runs):
    assert not [process for process in processes("cmdline", "cwd") if str(runs.slurm_folder) in str(process.info)]
