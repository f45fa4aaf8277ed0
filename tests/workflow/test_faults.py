"""Full and read-only disks, damaged files, two workflows at once: each ends in a message, and nothing is lost."""

import os
import re
import resource
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from graphlib import TopologicalSorter
from pathlib import Path

import pytest
from kill_harness import Reference, artifacts
from messages import errors, facts
from small_configs import IMAGES_CONFIG
from small_project import Project, seed_of_commit

from nascore.lineage.audit import audit
from nascore.lineage.hashing import files_in
from nascore.lineage.history import Run
from nascore.lineage.record import Record

DISK_MB = 160


def alone(*rules: str, outputs: list[str]) -> list[str]:
    """Return the arguments that run these rules for these outputs, and no rule before or after them."""
    return ["--keep-going", "--forceall", "--allowed-rules", *rules, "--", *outputs]


def refused(done: subprocess.CompletedProcess[str]) -> str:
    """Return what a workflow said that ended in messages."""
    assert done.returncode != 0 and "Traceback" not in done.stdout, done.stdout
    return done.stdout


@contextmanager
def mounted(*arguments: str | Path, at: Path) -> Iterator[None]:
    """Mount something, where this process may."""
    done = subprocess.run(["mount", *arguments, at], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"needs the right to mount, as `unshare --map-root-user --mount pytest` has: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", at], check=True)


def independent_jobs(project: Project) -> list[list[Record]]:
    """Return one job of each rule, in groups of rules none of which needs another of the group, even from afar.

    A rule on the way from one to the other would run as well, and fail first.
    """
    records = Run.open("small", project.folder).jobs()
    jobs = {record.rule: record for record in records.values()}
    reads = {rule: set[str]() for rule in jobs}
    for record in records.values():
        reads[record.rule] |= {records[entry.record].rule for entry in record.inputs if entry.record} - {record.rule}
    needs: dict[str, set[str]] = {}
    for rule in TopologicalSorter(reads).static_order():
        needs[rule] = reads[rule].union(*(needs[before] for before in reads[rule]))
    groups: list[list[Record]] = []
    for rule in needs:
        free = [group for group in groups if not any(other.rule in needs[rule] for other in group)]
        if not free:
            groups.append(free_group := [])
        (free[0] if free else free_group).append(jobs[rule])
    return groups


@contextmanager
def small_disk(project: Project) -> Iterator[Path]:
    """Move data and results of a project to a disk of their own."""
    disk = project.folder / "disk"
    disk.mkdir()
    with mounted("-t", "tmpfs", "-o", f"size={DISK_MB}m", "none", at=disk):
        for name in ("data", "results"):
            shutil.move(project.folder / name, disk / name)
            (project.folder / name).symlink_to(disk / name)
        yield disk


class TestFullDisk:
    def test_the_rules_of_a_group_say_so_and_harm_nothing(self, finished_images):
        """Another group with every commit."""
        reference = Reference(finished_images)
        with small_disk(finished_images) as disk:
            groups = independent_jobs(finished_images)
            group = groups[seed_of_commit() % len(groups)]
            self.fails_and_harms_nothing(finished_images, disk, reference, group)

    @pytest.mark.long
    def test_every_rule_says_so_and_ends_in_the_same_bytes_when_there_is_room(self, finished_images):
        reference = Reference(finished_images)
        with small_disk(finished_images) as disk:
            groups = independent_jobs(finished_images)
            for group in groups:
                self.fails_and_harms_nothing(finished_images, disk, reference, group)
            assert {job.rule for group in groups for job in group} == {job.rule for job in reference.jobs.values()}
            done = finished_images.run("--forceall")
            assert done.returncode == 0, done.stdout
            assert not reference.wrong_at_the_end(finished_images)

    def fails_and_harms_nothing(self, project, disk, reference, group):
        outputs = [entry.path for job in group for entry in job.outputs]
        removed = project.folder / "removed"
        for output in outputs:
            (removed / output).parent.mkdir(parents=True, exist_ok=True)
            shutil.move(project.folder / output, removed / output)
        # A job begins by emptying its log: what that frees would let a small output of another be written.
        for log in files_in(project.results / "logs"):
            os.truncate(log, 0)
        fill(disk / "filler")
        said = refused(
            project.run(*alone(*(job.rule for job in group), outputs=[job.outputs[0].path for job in group]))
        )
        for job in group:
            assert f"FAILED {job.rule}" in said, said
        full = r"^error: (?:cannot write (?:the image store )?)?(\S+): .*[Nn]o space left"
        named = re.findall(full, said, re.MULTILINE)
        assert len(named) >= len(group) and all(path.startswith(("results/small/", "data/")) for path in named), said
        assert not reference.wrong_after_kill(project)
        kept = {name for name in reference.artifacts if not name.startswith(tuple(outputs))}
        assert kept <= artifacts(project).keys()
        (disk / "filler").unlink()
        shutil.copytree(removed, project.folder, dirs_exist_ok=True)
        shutil.rmtree(removed)
        assert artifacts(project) == reference.artifacts

    def test_a_file_that_may_not_grow(self, finished_images):
        """The same without a right to mount, for what is larger than 64 KiB."""
        before, images = artifacts(finished_images), "data/synthetic/images/test_40.npy"
        limit = (1 << 16, resource.RLIM_INFINITY)
        done = finished_images.run_cold(
            *alone("prepare_images", outputs=[images]),
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limit),
        )
        assert re.match(facts("data/synthetic", "File too large"), errors(refused(done)))
        assert finished_images.run(*alone("prepare_images", outputs=[images])).returncode == 0
        assert artifacts(finished_images) == before


def fill(file: Path) -> None:
    """Write to a file until its disk is full."""
    with pytest.raises(OSError, match="No space left"), open(file, "wb", buffering=0) as filler:
        while True:
            filler.write(bytes(1 << 16))


def test_results_that_cannot_be_written(finished_images):
    project, results = finished_images, finished_images.folder / "results"
    before = artifacts(project)
    assert project.run().returncode == 0
    with mounted("--bind", results, at=results):
        subprocess.run(["mount", "-o", "remount,bind,ro", results], check=True)
        assert "Write-protected output files for rule summarize" in refused(project.run("--forcerun", "summarize"))
        project.configure(IMAGES_CONFIG, targets={"new": {"macs_m": 6}, **IMAGES_CONFIG["targets"]})
        assert "Read-only file system: 'results/small/search/new" in refused(project.run("--until", "search"))
        project.configure(IMAGES_CONFIG)
        assert audit(Run.open("small", project.folder), project.folder).passed
    assert artifacts(project) == before and "Nothing to be done" in project.run().stdout


DAMAGED = {
    "a cut checkpoint": (
        "rank_contenders",
        "supernet/sandwich/supernet.safetensors",
        "safetensors",
    ),
    "a cut dataset": ("split_rows", "accuracy_dataset/accuracy_dataset.parquet", "Parquet"),
    "a cut shard": ("gather_shards", "accuracy_dataset/shards/0001.parquet", "Parquet"),
    "a cut predictor": ("trace_pareto", "predictors/linear_per_global/predictor.safetensors", "safetensors"),
    "a cut search": ("draw_winner", "search/macs/exact/result.json", "JSON"),
}


@pytest.mark.parametrize("damage", DAMAGED)
def test_a_damaged_file_is_named_with_what_to_do(finished_images, damage):
    rule, name, kind = DAMAGED[damage]
    file = finished_images.results / name
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    jobs = Run.open("small", finished_images.folder).jobs().values()
    path = f"results/small/{name}"
    job = next(job for job in jobs if job.rule == rule and path in {entry.path for entry in job.inputs})
    said = refused(finished_images.run(*alone(rule, outputs=[job.outputs[0].path])))
    assert re.match(facts(path, kind), errors(said)), said
    # It says what to do, too.
    assert said.count(path) > errors(said).count(path)


def test_flipped_bytes_in_the_header_of_a_checkpoint(finished_images):
    checkpoint = finished_images.results / "supernet" / "sandwich" / "supernet.safetensors"
    content = bytearray(checkpoint.read_bytes())
    content[8:40] = bytes(byte ^ 255 for byte in content[8:40])
    checkpoint.write_bytes(content)
    said = refused(
        finished_images.run(*alone("measure_shard", outputs=["results/small/accuracy_dataset/shards/0000.parquet"]))
    )
    assert re.match(facts("results/small/supernet/sandwich/supernet.safetensors", "safetensors file"), errors(said))


def test_a_damaged_file_is_made_again_by_the_next_run(finished_images):
    before = artifacts(finished_images)
    ranking = finished_images.results / "validation" / "macs" / "ranking.parquet"
    ranking.write_bytes(ranking.read_bytes()[:-8])
    done = finished_images.run()
    assert done.returncode == 0, done.stdout
    assert done.stdout.count("] rank_contenders ") == 1 and artifacts(finished_images) == before


def test_a_second_workflow_in_the_same_folder_refuses_and_the_first_goes_on(finished_project):
    before = finished_project.derived()
    first = finished_project.start("--forcerun", "split_rows", "--until", "evaluate_predictor")
    while first.is_running() and not list((finished_project.folder / ".snakemake" / "locks").glob("*.output.lock")):
        time.sleep(0.01)
    said = refused(finished_project.run())
    assert re.search(facts("LockException", "--unlock"), said)
    done = first.wait()
    assert done.returncode == 0, done.stdout
    assert finished_project.derived() == before
    again = finished_project.run()
    assert again.returncode == 0, again.stdout


def kinds_of_files(project: Project) -> dict[str, Path]:
    """Return a file of every output of every rule, and of every kind of lineage, by what it is."""
    found = {}
    for record in Run.open("small", project.folder).jobs().values():
        for entry in record.outputs:
            path = project.folder / entry.path
            kind = (entry.name, path.parent.name if record.rule == "prepare_images" else "", path.suffix)
            inside = files_in(path) if path.is_dir() else [path]
            found |= {f"{record.rule} {kind}": file for file in inside}
    for ledger in ("results/small", "data"):
        for kind in ("records", "environments", "paths"):
            found[f"{ledger} {kind}"] = min((project.folder / ledger / "lineage" / kind).glob("*.json"))
    return found


def test_a_flipped_bit_in_every_kind_of_file_is_found_and_named(finished_images):
    """Of artifacts all at once; of lineage one after the other, as a broken record hides what it tells of others."""
    kinds = kinds_of_files(finished_images)
    lineage = [kind for kind in kinds if kind.endswith(("records", "environments", "paths"))]
    missed = []
    for flipped in (sorted(kinds.keys() - set(lineage)), *([kind] for kind in lineage)):
        contents = {kind: kinds[kind].read_bytes() for kind in flipped}
        for kind, content in contents.items():
            changed = bytearray(content)
            # Of a pointer, the hash: its last field only saves hashing, and a wrong one has a file hashed again.
            place = content.index(b'"sha256"') + 20 if kind.endswith("paths") else len(content) // 2
            changed[place] ^= 1
            kinds[kind].write_bytes(changed)
        findings = audit(Run.open("small", finished_images.folder), finished_images.folder).findings
        named = {finding.path for finding in findings}
        for kind, content in contents.items():
            kinds[kind].write_bytes(content)
            path = kinds[kind].relative_to(finished_images.folder)
            missed += [] if named & {path.as_posix(), path.parent.as_posix()} else [kind]
    assert not missed and len(kinds) > 30
