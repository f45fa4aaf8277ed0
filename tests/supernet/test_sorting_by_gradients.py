from copy import deepcopy

import pytest
import torch
from deterministic_weights import fill, images
from torch.nn import functional

from nascore.spaces import get_space
from nascore.supernet.multi_path_supernet import MultiPathSupernet
from nascore.supernet.sorting import sort_by_gradients

SPACE = get_space("binas", resolutions=(32,), n_classes=3)
KERNELS = [name for name in SPACE.gene_names if name.endswith(".kernel")]
WIDEST = SPACE.restrict({name: [6] for name in SPACE.gene_names if name.endswith(".expand")})


def add_gradients(network, genes, seed: int) -> None:
    loss = functional.cross_entropy(network(images(4, 32, seed=seed), genes), torch.arange(4) % 3)
    loss.backward()


@pytest.fixture(scope="module")
def unsorted() -> MultiPathSupernet:
    """Return a network with the gradients of two batches, for both kernel sizes."""
    network = MultiPathSupernet(SPACE)
    fill(network)
    network.eval()
    add_gradients(network, SPACE.largest(), seed=1)
    add_gradients(network, SPACE.restrict({name: [3] for name in KERNELS}).largest(), seed=2)
    return network


@pytest.fixture(scope="module")
def in_order(unsorted) -> MultiPathSupernet:
    network = deepcopy(unsorted)
    for own, other in zip(network.parameters(), unsorted.parameters(), strict=True):
        own.grad = None if other.grad is None else other.grad.clone()
    sort_by_gradients(network)
    return network


@torch.no_grad()
def test_full_width_stays_what_it_is_and_narrower_does_not(unsorted, in_order, rng):
    batch, paths = images(6, 32), WIDEST.sample(6, rng)
    torch.testing.assert_close(in_order(batch, paths), unsorted(batch, paths), rtol=1e-4, atol=1e-5)
    narrow = SPACE.smallest()
    assert (in_order(batch, narrow) - unsorted(batch, narrow)).abs().max() > 1e-3


def test_the_most_important_come_first(unsorted, in_order):
    for before, after in zip(unsorted.blocks, in_order.blocks, strict=True):
        convs = [before.expand, before.depthwise["3"], before.depthwise["5"], before.gate.expand]
        parts = [(conv.weight * conv.weight.grad).abs().flatten(1).sum(1) for conv in convs]
        assert all(part.any() for part in parts)
        order = sum(parts).argsort(descending=True, stable=True)
        assert order.tolist() != list(range(len(order)))
        for name in ("expand.weight", "depthwise.3.weight", "bn1.bn.running_var", "bn2.5.bn.bias", "gate.expand.bias"):
            assert torch.equal(after.state_dict()[name], before.state_dict()[name][order]), name
        reduce = before.gate.reduce
        bottleneck = (reduce.weight * reduce.weight.grad).abs().flatten(1).sum(1).argsort(descending=True, stable=True)
        assert torch.equal(after.gate.reduce.bias, reduce.bias[bottleneck])


def test_gradients_are_of_no_use_any_more(in_order):
    assert {parameter.grad for parameter in in_order.parameters()} == {None}


@pytest.mark.slow
def test_a_weight_without_a_gradient_counts_nothing():
    network = MultiPathSupernet(SPACE).eval()
    before = deepcopy(network.state_dict())
    sort_by_gradients(network)
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
