from copy import deepcopy

import numpy as np
import pytest
import torch
from deterministic_weights import fill, images
from messages import facts

from nascore.errors import DataError, SpaceError
from nascore.spaces import get_space
from nascore.supernet.checkpoint import load_subnet, load_supernet, save_subnet, save_supernet
from nascore.supernet.multi_path_supernet import MultiPathSupernet

SPACE = get_space("binas", resolutions=(64,), n_classes=3)


@pytest.fixture(scope="module")
def network() -> MultiPathSupernet:
    """Return a network with weights and statistics that are none of the neutral ones; no test changes it."""
    made = MultiPathSupernet(SPACE)
    fill(made)
    return made.eval()


@pytest.fixture(scope="module")
def paths() -> np.ndarray:
    return np.stack([SPACE.largest(), SPACE.smallest(), *SPACE.sample(6, np.random.default_rng(1))])


@torch.no_grad()
def test_every_image_goes_its_own_way(network, paths):
    batch = images(len(paths), 64)
    alone = torch.cat([network(image[None], genes) for image, genes in zip(batch, paths, strict=True)])
    torch.testing.assert_close(network(batch, paths), alone, rtol=1e-5, atol=1e-5)
    assert len(np.unique(SPACE.depths(paths)[:, 2])) > 1
    assert not torch.allclose(network(batch, paths[1]), alone, atol=1e-2)


@pytest.mark.slow
def test_gradients_are_those_of_the_images_alone(network, paths):
    batch = images(len(paths), 64).double()
    together, alone = deepcopy(network).double(), deepcopy(network).double()
    together(batch, paths).square().sum().backward()
    for image, genes in zip(batch, paths, strict=True):
        alone(image[None], genes).square().sum().backward()
    others = dict(alone.named_parameters())
    for name, parameter in together.named_parameters():
        torch.testing.assert_close(parameter.grad, others[name].grad, rtol=1e-6, atol=1e-6, msg=name)


@pytest.mark.slow
@torch.no_grad()
def test_an_extracted_network_is_its_path(network, paths):
    batch = images(2, 64)
    for genes in paths:
        subnet = network.subnet(genes)
        assert (subnet.genes == genes).all() and not subnet.training
        torch.testing.assert_close(subnet(batch), network(batch, genes), rtol=1e-5, atol=1e-5)
        for found, expected in zip(subnet.maps(batch), network.maps(batch, genes), strict=True):
            torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)


@torch.no_grad()
def test_they_agree_in_training_mode_too(network, paths):
    trained = deepcopy(network).train()
    subnet, batch = trained.subnet(paths[3]), images(4, 64)
    assert subnet.training
    torch.testing.assert_close(trained(batch, paths[3]), subnet(batch), rtol=1e-4, atol=1e-4)
    after = trained.subnet(paths[3]).state_dict()
    for name, value in subnet.state_dict().items():
        if "num_batches_tracked" not in name:
            torch.testing.assert_close(after[name], value, rtol=1e-4, atol=1e-4, msg=name)


def test_blocks_that_no_image_reaches_are_left_alone(network):
    trained = deepcopy(network).train()
    trained(images(3, 64), SPACE.smallest()).sum().backward()
    # Two blocks of a stage run, of four.
    reached = [number for number, block in enumerate(trained.blocks) if block.expand.weight.grad is not None]
    assert reached == [0, 1, 4, 5, 8, 9, 12, 13, 16, 17]
    unreached, before = trained.blocks[2].state_dict(), network.blocks[2].state_dict()
    assert all(torch.equal(value, before[name]) for name, value in unreached.items())


def test_the_published_string_is_an_architecture_too(network, paths):
    (arch,) = SPACE.to_dicts(paths[2:3])
    batch = images(1, 64)
    assert torch.equal(network(batch, arch), network(batch, paths[2]))
    assert network.subnet(arch).arch == arch


def test_a_subnet_has_its_own_weights(network):
    subnet, before = network.subnet(SPACE.largest()), network.classifier.linear.weight.clone()
    with torch.no_grad():
        for parameter in subnet.parameters():
            parameter.zero_()
    assert torch.equal(network.classifier.linear.weight, before) and network.blocks[0].expand.weight.any()


@pytest.mark.slow
def test_weights_on_disk(network, paths, tmp_path):
    file = tmp_path / "weights.safetensors"
    save_supernet(file, network, {"phase": "multi_path"})
    again = load_supernet(file, SPACE).state_dict()
    assert all(torch.equal(value, again[name]) for name, value in network.state_dict().items())
    with pytest.raises(DataError, match=facts("weights.safetensors", "channels", "base", "large")):
        load_supernet(file, get_space("binas", resolutions=(64,), n_classes=3, channels="large"))
    subnet = network.subnet(paths[2])
    save_subnet(file, subnet, {})
    read = load_subnet(file, SPACE).eval()
    assert read.arch == subnet.arch and torch.equal(read(images(1, 64)), subnet(images(1, 64)))


@pytest.mark.parametrize(
    ("size", "rows", "message"),
    [
        (64, 3, ("2 images", "3 architectures")),
        (32, 2, ("(2, 3, 32, 32)", "(n, 3, 64, 64)")),
    ],
)
def test_mistakes_are_named(network, paths, size, rows, message):
    with pytest.raises(SpaceError, match=facts(*message)):
        network(images(2, size), paths[:rows])
    with pytest.raises(SpaceError, match=facts("row 0", "resolution", 9, "(64,)")):
        network(images(1, 64), np.full((1, SPACE.n_genes), 9))
