"""A tiny image store and a supernet's checkpoint. No test changes them: `deepcopy` first."""

import pytest
import torch
from deterministic_weights import fill

from nascore.data.options import SyntheticOptions
from nascore.data.store import ImageStore
from nascore.data.store_writer import write_store
from nascore.data.synthetic import Synthetic
from nascore.evaluation.architectures import Measurer
from nascore.evaluation.options import EvaluationOptions
from nascore.spaces import OfaMcunet, get_space
from nascore.supernet import Supernet, build_supernet
from nascore.supernet.checkpoint import save_supernet


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def small_space() -> OfaMcunet:
    return get_space("ofa_mcunet", resolutions=(32, 40))


@pytest.fixture(scope="session")
def supernet(small_space) -> Supernet:
    network = build_supernet(small_space)
    fill(network)
    return network.eval()


@pytest.fixture(scope="session")
def store(tmp_path_factory) -> ImageStore:
    source = Synthetic(SyntheticOptions(train=2, calibration=12, search=13, test=11), seed=1)
    return write_store(tmp_path_factory.mktemp("data") / "store", source, resolutions=[32, 40])


@pytest.fixture(scope="session")
def checkpoint(supernet, tmp_path_factory):
    path = tmp_path_factory.mktemp("checkpoint") / "supernet.safetensors"
    save_supernet(path, supernet, {"phase": "sandwich"})
    return path


@pytest.fixture(scope="session")
def new_measurer(checkpoint, small_space, store):
    """Return a function that makes a measurer, as another run would."""

    def make(**options) -> Measurer:
        told = EvaluationOptions(**{"calibration_images": 8, "batch_size": 5, **options})
        return Measurer(checkpoint, small_space, store.folder, told, torch.device("cpu"))

    return make


@pytest.fixture(scope="session")
def measurer(new_measurer) -> Measurer:
    return new_measurer()
