"""Small projects: one in which nothing has run, and copies of those whose workflow has run to the end."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from small_configs import CONFIG, IMAGES_CONFIG
from small_project import Project, copy_of, new_project_in, run_once


@pytest.fixture
def new_project(tmp_path: Path) -> Project:
    """A project in which nothing has run."""
    return new_project_in(tmp_path / "new")


@pytest.fixture(scope="session")
def _finished(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return run_once(tmp_path_factory.getbasetemp(), "finished", CONFIG)


@pytest.fixture(scope="session")
def _finished_images(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return run_once(tmp_path_factory.getbasetemp(), "finished_images", IMAGES_CONFIG)


@pytest.fixture
def finished_project(_finished: Project, tmp_path: Path) -> Iterator[Project]:
    """A copy of a project whose workflow on tables has run to the end."""
    with copy_of(_finished, tmp_path / "project") as project:
        yield project


@pytest.fixture
def finished_images(_finished_images: Project, tmp_path: Path) -> Iterator[Project]:
    """A copy of a project whose workflow with images has run to the end."""
    with copy_of(_finished_images, tmp_path / "images") as project:
        yield project
