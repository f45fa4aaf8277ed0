"""A tiny image store, and phases of a training on it. No test changes the store."""

from pathlib import Path

import pytest
import torch

from nascore.data.options import SyntheticOptions
from nascore.data.store import ImageStore
from nascore.data.store_writer import write_store
from nascore.data.synthetic import Synthetic
from nascore.spaces import OfaMcunet, get_space
from nascore.training.job import PhaseJob
from nascore.training.options import TrainingOptions

SPACE = {"name": "ofa_mcunet", "resolutions": [32, 40], "n_classes": 2}
QUICK = {"epochs": 2, "batch_size": 8, "random_subnets": 0, "monitor_images": 0, "threads": 1}


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def small_space() -> OfaMcunet:
    return get_space(**SPACE)


@pytest.fixture(scope="session")
def store(tmp_path_factory) -> ImageStore:
    source = Synthetic(SyntheticOptions(train=19, calibration=6, search=6, test=5), seed=1)
    return write_store(tmp_path_factory.mktemp("data") / "store", source, resolutions=[32, 40])


@pytest.fixture(scope="session")
def make_job(store):
    """Return a function that makes a job whose results go to a folder."""

    def make(folder: Path, phase: str = "sandwich", seed: int = 3, start: Path | None = None, **options) -> PhaseJob:
        return PhaseJob(
            space=SPACE,
            options=TrainingOptions(**{**QUICK, **options}),
            phase=phase,
            seed=seed,
            images=store.folder,
            calibration_images=4,
            checkpoint=folder / "supernet.safetensors",
            curve=folder / "curve.parquet",
            start=start,
            device="cpu",
            code="code",
        )

    return make
