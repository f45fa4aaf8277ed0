"""What is not as its job wrote it is made again, and nothing else: files that were edited, cut or removed."""

import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from kill_harness import artifacts
from small_project import Project, seed_of_commit
from warm_start import Program

from nascore.lineage.hashing import files_in
from nascore.lineage.history import Run
from nascore.lineage.record import Record

RESULT = "results/small/search/macs/exact/result.json"
REPORT = "results/small/report.html"


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def edit(path: Path) -> None:
    """Change one byte, and neither the size nor, as an editor can, the time."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.unlink()
    path.write_bytes(content)


def remove(path: Path) -> None:
    shutil.rmtree(path) if path.is_dir() else path.unlink()


DAMAGES: dict[str, Callable[[Path], None]] = {"edited": edit, "cut": cut, "removed": remove}


def made_again(said: str) -> list[str]:
    """Return the jobs that ran, by their rule and what it works on."""
    return sorted(re.findall(r"^\[ *\d+/\d+\] (\w+(?: (?!\d+ of)[\w.]+)*)", said, re.MULTILINE))


def jobs(project: Project) -> list[Record]:
    """Return one job of each rule."""
    return list({job.rule: job for job in Run.open("small", project.folder).jobs().values()}.values())


def title(job: Record) -> str:
    return " ".join((job.rule, *job.wildcards.values()))


def damage(project: Project, job: Record, harm: Callable[[Path], None], rng: random.Random) -> str:
    """Harm an output of a job, or a file in it, and return the path of the output."""
    outputs = [entry.path for entry in job.outputs]
    path = rng.choice(outputs)
    file = project.folder / path
    if harm is not remove and file.is_dir():
        file = rng.choice(files_in(file))
    harm(file)
    return path


def test_damages_of_several_kinds_at_once(finished_images):
    """Others with every commit; the first of what is made from one another is made first."""
    rng = random.Random(seed_of_commit())
    before = artifacts(finished_images)
    chosen = rng.sample([job for job in jobs(finished_images) if job.outputs[0].path.startswith("results/")], 3)
    damaged = {}
    for job, (kind, harm) in zip(chosen, DAMAGES.items(), strict=True):
        damaged[damage(finished_images, job, harm, rng)] = (title(job), kind)
    done = finished_images.run()
    assert done.returncode == 0, done.stdout
    assert made_again(done.stdout) == sorted(name for name, _ in damaged.values()), damaged
    for path, (_, kind) in damaged.items():
        why = "is missing" if kind == "removed" else "is not what its job wrote"
        assert f"{path} {why}; it is made again" in done.stdout
    assert artifacts(finished_images) == before
    assert finished_images.run().stdout.count("\n") <= 3


@pytest.mark.long
@pytest.mark.parametrize("kind", DAMAGES)
def test_an_output_of_every_rule_one_after_the_other(finished_images, kind):
    rng = random.Random(seed_of_commit())
    before = artifacts(finished_images)
    for job in jobs(finished_images):
        of_images = kind == "removed" and job.rule == "prepare_images"
        path = damage(finished_images, job, DAMAGES[kind], rng)
        done = finished_images.run()
        assert done.returncode == 0, done.stdout
        assert made_again(done.stdout) == ([] if of_images else [title(job)]), path
        if of_images:
            assert finished_images.run("--forcerun", "prepare_images", "--until", "prepare_images").returncode == 0
        assert artifacts(finished_images) == before, path


@pytest.mark.long
def test_cut_images_are_made_again_before_anything_reads_them(finished_images):
    before = artifacts(finished_images)
    cut(finished_images.folder / "data/synthetic/images/test_40.npy")
    done = finished_images.run()
    assert done.returncode == 0 and made_again(done.stdout) == ["prepare_images"], done.stdout
    assert artifacts(finished_images) == before


@pytest.mark.long
def test_only_what_a_call_asks_for(finished_project):
    edit(finished_project.folder / RESULT)
    remove(finished_project.folder / REPORT)
    quality = "results/small/predictors.csv"
    done = finished_project.run("--until", "trace_pareto", "--", quality)
    assert done.returncode == 0 and made_again(done.stdout) == [], done.stdout
    finished_project.configure(targets={"smallest": {"peak_memory_kb": 8}})
    done = finished_project.run()
    assert "macs exact" not in done.stdout and "write_report" in done.stdout


def test_a_dry_run_says_so_and_does_nothing(finished_project):
    edit(finished_project.folder / RESULT)
    edited = (finished_project.folder / RESULT).read_bytes()
    for _ in range(2):
        done = finished_project.run("-n")
        assert f"{RESULT} is not what its job wrote; it would be made again" in done.stdout
        assert re.findall(r"^rule (\w+):", done.stdout, re.MULTILINE) == ["search"]
    assert (finished_project.folder / RESULT).read_bytes() == edited


@pytest.mark.parametrize("option", ["--summary", "--dag", "--list-rules", "--unlock"])
def test_calls_that_run_no_jobs_make_nothing_again(finished_project, option):
    edit(finished_project.folder / RESULT)
    edited = (finished_project.folder / RESULT).read_bytes()
    done = finished_project.run(option)
    assert done.returncode == 0 and (finished_project.folder / RESULT).read_bytes() == edited, done.stdout


def test_a_repair_that_fails_ends_the_run(finished_project):
    remove(finished_project.folder / RESULT)
    finished_project.edit("workflow_scripts/search.py", "\n\n\n", "\n\nimport sys; sys.exit('error: no')\n\n\n")
    done = finished_project.run()
    assert done.returncode == 1 and "FAILED search macs exact" in done.stdout, done.stdout
    assert "the same command goes on" in done.stdout and "Traceback" not in done.stdout


@pytest.mark.long
def test_from_another_folder(finished_project):
    edit(finished_project.folder / RESULT)
    here = finished_project.folder / "docs"
    command = [sys.executable, "-m", "snakemake", "--snakefile", "../Snakefile", "--directory", "..", "--cores", "1"]
    command += ["--configfile", "../config.yaml", "--workflow-profile", "../profiles/default"]
    environment = finished_project.environment | {"PWD": str(here)}
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    done = subprocess.run(command, cwd=here, env=environment, text=True, **streams)
    assert done.returncode == 0 and made_again(done.stdout) == ["search macs exact"], done.stdout


def to_one(running: Program) -> None:
    os.kill(running.pid, signal.SIGTERM)


def to_all(running: Program) -> None:
    running.kill(signal.SIGINT)


@pytest.mark.long
@pytest.mark.parametrize("stop", [to_all, to_one])
def test_a_repair_that_is_stopped_goes_on(finished_project, stop):
    """By Ctrl-C, which reaches all processes, or by a signal to the one that was started."""
    before = finished_project.derived()
    shutil.rmtree(finished_project.results / "predictors" / "mlp")
    running = finished_project.start()
    while running.is_running() and not [*(finished_project.folder / ".snakemake/scripts").glob("*fit_predictor.py")]:
        time.sleep(0.01)
    stop(running)
    stopped = running.wait()
    assert stopped.returncode != 0 and "Traceback" not in stopped.stdout, stopped.stdout
    done = finished_project.run()
    assert done.returncode == 0 and finished_project.derived() == before, done.stdout
