"""Supernets that tests share. None of these tests may change them: `deepcopy` first."""

import pytest
import torch
from deterministic_weights import fill

from nascore.spaces import OfaMcunet, get_space
from nascore.supernet import Supernet, build_supernet


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def small_space() -> OfaMcunet:
    """Return the whole space, but for images that are quick to compute with."""
    return get_space("ofa_mcunet", resolutions=(32, 48))


@pytest.fixture(scope="session")
def supernet(small_space) -> Supernet:
    """Return a supernet whose kernel maps, biases and statistics are none of the neutral ones."""
    network = build_supernet(small_space)
    fill(network)
    return network.eval()
