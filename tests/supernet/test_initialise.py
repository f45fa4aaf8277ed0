import math
from copy import deepcopy

import pytest
import torch
from deterministic_weights import images

from nascore.supernet.initialise import initialise


@pytest.fixture(scope="module")
def initialised(supernet):
    network = deepcopy(supernet)
    initialise(network, 1)
    return network


RESIDUAL = {str(block) for block in range(1, 21)} - {"1", "4", "8", "12", "16", "20"}
"""Every block that is not the first of its stage."""


@pytest.mark.slow
def test_weights_depend_on_the_seed_alone(supernet, initialised):
    torch.randn(7)
    state = torch.get_rng_state()
    again = deepcopy(supernet).to(memory_format=torch.channels_last)
    initialise(again, 1)
    assert torch.equal(torch.get_rng_state(), state)
    for name, value in initialised.state_dict().items():
        assert torch.equal(again.state_dict()[name], value), name
    initialise(again, 2)
    assert not torch.equal(again.first_conv.conv.conv.weight, initialised.first_conv.conv.conv.weight)


def test_distributions_are_those_of_once_for_all(initialised):
    state = initialised.state_dict()
    depthwise = "blocks.16.mobile_inverted_conv.depth_conv."
    for name, kernel in ((f"{depthwise}conv.conv.weight", 7), ("feature_mix_layer.conv.conv.weight", 1)):
        spread = math.sqrt(2 / (kernel**2 * len(state[name])))
        assert state[name].std() == pytest.approx(spread, rel=0.03)
        assert abs(state[name].mean()) < 0.03 * spread
    bound = 1 / math.sqrt(384)
    classifier = state["classifier.linear.linear.weight"].abs()
    assert 0.95 * bound < classifier.max() <= bound
    assert classifier.mean() == pytest.approx(bound / 2, rel=0.1)
    assert torch.equal(state[f"{depthwise}conv.7to5_matrix"], torch.eye(25))
    for name, value in state.items():
        residual_end = name.split(".")[1] in RESIDUAL and name.endswith("point_linear.bn.bn.weight")
        if name.endswith("bn.weight") or name.endswith("running_var"):
            assert (value == (0 if residual_end else 1)).all()
        elif name.endswith("bias") or name.endswith("running_mean"):
            assert (value == 0).all()


@torch.no_grad()
def test_initial_activations_neither_vanish_nor_explode(initialised):
    network = deepcopy(initialised).train()
    for arch in (network.space.smallest(), network.space.largest()):
        resolution = network.subnet(arch).resolution
        assert 0.05 < network(images(8, resolution), arch).std() < 5
