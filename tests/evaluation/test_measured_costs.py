import numpy as np
import pytest
import torch
from torch import nn

from nascore.efficiency import METRICS, cost
from nascore.evaluation.measured_costs import measured_costs
from nascore.supernet import Subnet


@pytest.mark.slow
def test_a_network_costs_what_the_tables_say(space):
    genes = np.concatenate([space.sample(6, np.random.default_rng(2)), [space.smallest()], [space.largest()]])
    expected = cost(space, genes).to_dict("records")
    assert [measured_costs(Subnet(space, row)) for row in genes] == expected
    assert list(expected[0]) == list(METRICS)


def test_published_costs(space):
    genes = space.from_dicts([{"wid": 0, "ks": 3, "e": 3, "d": 0, "image_size": 96}])[0]
    assert measured_costs(Subnet(space, genes)) == {
        "macs": 7_237_104,
        "thop_macs": 8_302_128,
        "peak_memory_bytes": 73_728,
        "params": 304_538,
        "flash_bytes": cost(space, genes[None])["flash_bytes"].item(),
    }


@pytest.mark.parametrize("training", [True, False])
def test_measuring_leaves_the_network_alone(small_space, training):
    subnet = Subnet(small_space, small_space.smallest()).train(training)
    before = {name: value.clone() for name, value in subnet.state_dict().items()}
    first = measured_costs(subnet)
    assert measured_costs(subnet) == first
    assert all(torch.equal(value, before[name]) for name, value in subnet.state_dict().items())
    assert all(module.training == training for module in subnet.modules())
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in subnet.modules())


def test_hooks_are_removed_after_an_error(small_space):
    subnet = Subnet(small_space, small_space.smallest())
    subnet.classifier = nn.Identity()
    subnet.feature_mix_layer.conv = nn.Conv2d(1, 1, 1)
    with pytest.raises(RuntimeError):
        measured_costs(subnet)
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in subnet.modules())
