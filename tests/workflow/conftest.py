"""Small projects: one in which nothing has run, and copies of one whose workflow has run to the end."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from small_project import Project, new_project_in


@pytest.fixture
def new_project(tmp_path: Path) -> Project:
    """A project in which nothing has run."""
    return new_project_in(tmp_path / "new")


@pytest.fixture(scope="session")
def _finished(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = new_project_in(tmp_path_factory.mktemp("finished") / "project")
    done = project.run()
    assert done.returncode == 0, done.stdout
    return project


@pytest.fixture
def finished_project(_finished: Project, tmp_path: Path) -> Iterator[Project]:
    """A copy of a project whose workflow has run to the end."""
    folder = tmp_path / "project"
    shutil.copytree(_finished.folder, folder, symlinks=True)
    yield Project(folder)
    shutil.rmtree(folder)
