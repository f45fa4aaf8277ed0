"""A small accuracy dataset."""

from pathlib import Path

import numpy as np
import pytest

from nascore.accuracy_dataset.parquet import AccuracyDataset, read_accuracy_dataset, write_accuracy_dataset

N_ROWS = 40


@pytest.fixture(scope="session")
def rows(space) -> dict:
    """Return arguments of `write_accuracy_dataset` after the path and the space."""
    genes = space.restrict({"width": [0, 1]}).sample(N_ROWS, np.random.default_rng(4))
    return {
        "genes": genes,
        "accuracy": (3500 + np.arange(N_ROWS)) / 4029,
        "n_images": np.full(N_ROWS, 4029),
        "source": [f"table{i % 3}.json" for i in range(N_ROWS)],
    }


@pytest.fixture
def path(tmp_path, space, rows) -> Path:
    """Return a written accuracy dataset, which a test may spoil."""
    write_accuracy_dataset(tmp_path / "dataset.parquet", space, **rows)
    return tmp_path / "dataset.parquet"


@pytest.fixture
def dataset(path, space) -> AccuracyDataset:
    return read_accuracy_dataset(path, space)
