"""A tiny image store, a calibrated subnet, and its bundle. No test changes them."""

import pytest
import torch
from deterministic_weights import fill
from result_examples import bound, contender, search_result, validation

pytest.importorskip("onnxruntime", reason="needs the extra onnx")

from nascore.data.options import SyntheticOptions
from nascore.data.store import ImageStore
from nascore.data.store_writer import write_store
from nascore.data.synthetic import Synthetic
from nascore.deploy.bundle import write_bundle
from nascore.evaluation.measure import calibrate_on_store
from nascore.results.outcome import Outcome
from nascore.spaces import get_space
from nascore.supernet import Subnet, build_supernet
from nascore.supernet.checkpoint import save_subnet

ARCH = {"wid": 0, "ks": 3, "e": 3, "d": 0, "image_size": 40}


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def store(tmp_path_factory) -> ImageStore:
    source = Synthetic(SyntheticOptions(train=2, calibration=24, search=2, test=35), seed=1)
    return write_store(tmp_path_factory.mktemp("data") / "store", source, resolutions=[40])


@pytest.fixture(scope="session")
def subnet(store) -> Subnet:
    network = build_supernet(get_space("ofa_mcunet", resolutions=(40,)))
    fill(network)
    subnet = network.subnet(ARCH)
    calibrate_on_store(subnet, store, n_images=24, device=torch.device("cpu"))
    return subnet


@pytest.fixture(scope="session")
def weights(subnet, tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "winner.safetensors"
    save_subnet(path, subnet, {"target": "easy", "checkpoint_sha256": "ab" * 32})
    return path


@pytest.fixture(scope="session")
def outcome(subnet):
    """Return what the target came to: the subnet is its winner, and not its optimum."""
    search = search_result(constraints=[bound("macs", 5e6), bound("latency_ms@board", 7.5)])
    figures = {"test_accuracy": 0.8, "test_lower": 0.7, "test_upper": 0.9, "test_loss": 0.5}
    found = [contender("found", "0" * 16), contender("found", subnet.arch_id, predicted_accuracy=0.875, **figures)]
    return Outcome((search,), validation(found, subnet.arch_id, n_measurements=2))


@pytest.fixture(scope="session")
def bundle(weights, store, outcome, tmp_path_factory):
    """Return the folder of a bundle and the content of its `checks.json`."""
    folder = tmp_path_factory.mktemp("bundle")
    return folder, write_bundle(folder, weights, store.folder, calibration_images=20, outcome=outcome)
