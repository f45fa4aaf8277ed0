"""Fixtures that several folders of tests share."""

import os
from pathlib import Path

import numpy as np
import pytest

from nascore.spaces import OfaMcunet, get_space

ROOT = Path(__file__).parents[1]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the long tests first, those of whole workflows, so that no worker waits for another at the end."""
    items.sort(key=lambda item: "workflow" not in item.path.parts)


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
