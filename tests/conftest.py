"""Fixtures that several folders of tests share."""

import gc
import os
import subprocess
from pathlib import Path

# One thread per worker, said before anything reads it: with a thread per core each, workers wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")
import hypothesis
import numpy as np
import pytest

from nascore.spaces import OfaMcunet, get_space

ROOT = Path(__file__).parents[1]

# Other examples with every run, so few in each; and no limit of time, as machines are busy.
hypothesis.settings.register_profile("quick", hypothesis.settings(), max_examples=30, deadline=None)
hypothesis.settings.load_profile("quick")

FOLDERS = (
    *("spaces", "efficiency", "search", "predictors", "accuracy_dataset", "images", "tests", "lineage", "report"),
    *("evaluation", "supernet", "deploy", "training", "cluster", "workflow"),
)
"""Folders of tests, those first that take the least time for what they test."""
LONGEST = ("test_binas", "test_dvc", "test_image_reruns", "test_latency", "test_faults", "test_images")
"""Workflows that take the most time: they start first, so that at the end no worker waits long for another."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put tests of what is not committed yet first, then quick ones; workers take files in this order.

    (`--failed-first` goes before.)
    """
    folders, stems = ({name: place for place, name in enumerate(names)} for names in (FOLDERS, LONGEST))
    changed = changed_files()
    names = {f"test_{file.stem.removeprefix('test_')}" for file in changed}
    packages = {file.parent.name for file in changed}

    def place(item: pytest.Item) -> tuple[bool, bool, int, int]:
        folder, stem = item.path.parent.name, item.path.stem
        return stem not in names, folder not in packages, folders.get(folder, -1), stems.get(stem, len(stems))

    items.sort(key=place)


def pytest_collection_finish() -> None:
    """Keep what is imported by now out of every later collection of garbage, which would look through it in vain."""
    gc.collect()
    gc.freeze()


def changed_files() -> list[Path]:
    """Return the Python files that differ from the last commit; none outside a repository."""
    command = ["git", "-C", ROOT, "diff", "--name-only", "HEAD", "--", "*.py"]
    return [Path(name) for name in subprocess.run(command, capture_output=True, text=True).stdout.splitlines()]


@pytest.fixture(scope="session")
def space() -> OfaMcunet:
    """Return the whole OFA-MCUNet space."""
    return get_space("ofa_mcunet")


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(6)


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """Return the folder of published data that is not part of the project."""
    folder = (ROOT / os.environ.get("NASCORE_SHARED", "../shared")).resolve()
    if not folder.is_dir():
        pytest.skip(f"needs the published data: {folder} is not there; set NASCORE_SHARED to its folder")
    return folder
