import pytest
import torch
from torch import nn

from nascore.evaluation.latency import network_units
from nascore.evaluation.latency_modules import example_input, plain_network
from nascore.evaluation.measure import fold
from nascore.spaces import get_space


def convolutions(network, x):
    """Return the layers with weights in the order in which they run."""
    ran = []
    layers = [module for module in network.modules() if isinstance(module, nn.Conv2d | nn.Linear)]
    handles = [layer.register_forward_hook(lambda layer, *_: ran.append(layer)) for layer in layers]
    network(x)
    for handle in handles:
        handle.remove()
    assert len(ran) == len(layers)
    return ran


@pytest.mark.slow
@torch.inference_mode()
def test_what_is_timed_is_the_deployed_subnet(supernet, small_space, rng):
    for genes in small_space.sample(3, rng):
        deployed = fold(supernet.subnet(genes))
        plain = plain_network(network_units(small_space, genes))
        x = torch.randn(2, 3, deployed.resolution, deployed.resolution)
        for ours, theirs in zip(convolutions(plain, x), convolutions(deployed, x), strict=True):
            ours.weight.copy_(theirs.weight.reshape(ours.weight.shape))
            ours.bias.copy_(theirs.bias)
        torch.testing.assert_close(plain(x).flatten(1), deployed(x))


def test_binas_networks_run_from_the_image_to_the_classes(rng):
    space = get_space("binas", resolutions=(32,), n_classes=7)
    units = network_units(space, space.sample(1, rng)[0])
    assert plain_network(units)(example_input(units[0], 2)).shape == (2, 7, 1, 1)
    assert plain_network(units)[0].layers[0].conv.weight.equal(plain_network(units)[0].layers[0].conv.weight)
