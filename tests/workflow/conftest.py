"""Small projects: one in which nothing has run, and copies of those whose workflow has run to the end."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from small_project import CONFIG, IMAGES_CONFIG, Project, finished_project_in, new_project_in


@pytest.fixture
def new_project(tmp_path: Path) -> Project:
    """A project in which nothing has run."""
    return new_project_in(tmp_path / "new")


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


def copy_of(finished: Project, folder: Path) -> Iterator[Project]:
    """Yield a copy that a test may change."""
    shutil.copytree(finished.folder, folder, symlinks=True)
    yield Project(folder)
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def _finished(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return run_once(tmp_path_factory.getbasetemp(), "finished", CONFIG)


@pytest.fixture(scope="session")
def _finished_images(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return run_once(tmp_path_factory.getbasetemp(), "finished_images", IMAGES_CONFIG)


@pytest.fixture
def finished_project(_finished: Project, tmp_path: Path) -> Iterator[Project]:
    """A copy of a project whose workflow on tables has run to the end."""
    yield from copy_of(_finished, tmp_path / "project")


@pytest.fixture
def finished_images(_finished_images: Project, tmp_path: Path) -> Iterator[Project]:
    """A copy of a project whose workflow with images has run to the end."""
    yield from copy_of(_finished_images, tmp_path / "images")
